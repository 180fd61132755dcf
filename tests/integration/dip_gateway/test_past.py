"""Replay and requeue, as they answer up to 2.1 and from 2.2 on."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from backbone.clock import dip_timestamp
from backbone.journal import Kind
from contracts import envelope
from services.dip_gateway.settings import GatewaySettings
from tests.integration.dip_gateway.environment import (
    MPAN,
    OTHER_SUPPLIER,
    REGISTRATION,
    SUPPLIER,
    Gateway,
    open_gateway,
)

REPLAY = f"/dip-channel/IF-031/replay/{REGISTRATION}"
REQUEUE = f"/dip-channel/IF-031/requeue/{REGISTRATION}"
STATUS = f"/dip-channel/IF-031/requeueStatus/{REGISTRATION}"
EVERYTHING: dict[str, Any] = {
    "datetimeFrom": None,
    "datetimeTo": None,
    "eventCode": None,
    "MPAN": None,
    "version": None,
}
NEW = GatewaySettings(api_version="2.2", replay_page=2)


async def delivered(gateway: Gateway, count: int) -> list[str]:
    """Send and deliver so many messages; their transaction IDs."""
    sent = [gateway.message(unique=f"{number:04x}") for number in range(count)]
    answer = await gateway.send(*sent)
    assert answer.status_code == 201, answer.text
    await gateway.events(Kind.DELIVERED, count=count)
    return [entry["transactionID"] for entry in answer.json()["messageArray"]]


def transactions(messages: list[Any]) -> list[str | None]:
    return [envelope.header(message).transaction_id for message in messages]


async def test_replay_returns_past_messages_marked_as_replayed(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        ids = await delivered(gateway, 3)
        answer = await gateway.request(REPLAY, EVERYTHING, by=REGISTRATION)
        assert answer.status_code == 200
        assert transactions(answer.json()) == ids
        assert all(envelope.header(message).replay for message in answer.json())
        assert len(gateway.receivers[REGISTRATION].messages()) == 3


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"MPAN": MPAN}, 2),
        ({"MPAN": "2000000000015"}, 0),
        ({"eventCode": "[MSApp]"}, 2),
        ({"eventCode": "MSApp"}, 2),
        ({"eventCode": "[DSApp]"}, 0),
        ({"version": "011"}, 2),
        ({"version": "008"}, 0),
        ({"transactionIDs": ["T-unknown"]}, 0),
        ({"datetimeTo": "2020-01-01T00:00:00+00:00"}, 0),
        ({"datetimeFrom": "2020-01-01T00:00:00+00:00"}, 2),
        ({"datetimeFrom": "2200-01-01T00:00:00+00:00"}, 0),
    ],
)
async def test_replay_narrowed(tmp_path: Path, wanted: dict[str, Any], count: int) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        await delivered(gateway, 2)
        body = {name.upper(): value for name, value in (EVERYTHING | wanted).items()}
        answer = await gateway.request(REPLAY, body, by=REGISTRATION)
        assert (answer.status_code, len(answer.json())) == (200, count)


async def test_replay_by_transaction_and_period(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        ids = await delivered(gateway, 3)
        now = gateway.context.clock.now()
        wanted = EVERYTHING | {
            "transactionIDs": ids[1:],
            "datetimeFrom": dip_timestamp(now - timedelta(minutes=1)),
            "datetimeTo": dip_timestamp(now),
        }
        answer = await gateway.request(REPLAY, wanted, by=REGISTRATION)
        assert transactions(answer.json()) == ids[1:]


BAD = [
    b"",
    b"[]",
    b"{}",
    EVERYTHING | {"datetimeFrom": "yesterday"},
    EVERYTHING | {"datetimeFrom": "2026-03-21T19:05:00Z"},
    EVERYTHING | {"MPAN": 7},
    EVERYTHING | {"transactionIDs": []},
    EVERYTHING | {"transactionIDs": ["x"] * 101},
    EVERYTHING | {"transactionIDs": [7]},
    EVERYTHING | {"datetimeFrom": "2026-03-22T00:00:00+00:00", "datetimeTo": "2026-03-21T00:00:00+00:00"},
]


@pytest.mark.parametrize("path", [REPLAY, REQUEUE])
async def test_requests_that_cannot_be_used(tmp_path: Path, path: str) -> None:
    async with open_gateway(tmp_path) as gateway:
        for bad in BAD:
            answer = await gateway.request(path, bad, by=REGISTRATION)
            assert answer.status_code == 400, bad
            assert answer.json()["messageArray"][0]["message"].startswith("MSG1001")


@pytest.mark.parametrize("path", [REPLAY, REQUEUE])
async def test_only_for_the_own_dip_id(tmp_path: Path, path: str) -> None:
    async with open_gateway(tmp_path) as gateway:
        assert (await gateway.request(path, EVERYTHING, by=OTHER_SUPPLIER)).status_code == 403
        assert (await gateway.http.post(gateway.url + path, json=EVERYTHING)).status_code == 401


async def test_requeue_sends_again_to_the_webhook_marked_as_replayed(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        ids = await delivered(gateway, 3)
        answer = await gateway.request(REQUEUE, EVERYTHING | {"transactionIDs": ids[:2]}, by=REGISTRATION)
        assert (answer.status_code, answer.content) == (200, b"")
        messages = await gateway.receivers[REGISTRATION].until(5)
        assert transactions(messages[3:]) == ids[:2]
        assert [envelope.header(message).replay for message in messages] == [False] * 3 + [True] * 2
        again = (await gateway.events(Kind.DELIVERED, count=5))[3:]
        assert all(event.details["replay"] for event in again)


async def test_an_abandoned_message_can_be_requeued(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        gateway.receivers[REGISTRATION].answer(400)
        await gateway.send(gateway.message())
        await gateway.events(Kind.DELIVERY_ABANDONED)
        await gateway.request(REQUEUE, EVERYTHING, by=REGISTRATION)
        await gateway.events(Kind.DELIVERED)


async def test_a_replay_does_not_return_what_was_requeued_a_second_time(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        await delivered(gateway, 1)
        await gateway.request(REQUEUE, EVERYTHING, by=REGISTRATION)
        await gateway.events(Kind.DELIVERED, count=2)
        answer = await gateway.request(REPLAY, EVERYTHING, by=REGISTRATION)
        assert len(answer.json()) == 1


async def test_22_a_long_replay_is_continued_with_its_token(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, NEW, listening=[REGISTRATION]) as gateway:
        ids = await delivered(gateway, 5)
        found: list[str | None] = []
        headers: dict[str, str] = {}
        statuses = []
        for _ in range(3):
            answer = await gateway.request(REPLAY, EVERYTHING, by=REGISTRATION, **headers)
            statuses.append(answer.status_code)
            found += transactions(answer.json())
            if "x-continuation-token" in answer.headers:
                headers = {"X_Continuation_Token": answer.headers["x-continuation-token"]}
        assert statuses == [206, 206, 200]
        assert found == ids


async def test_22_a_token_is_good_for_its_own_request_only(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, NEW, listening=[REGISTRATION]) as gateway:
        await delivered(gateway, 3)
        first = await gateway.request(REPLAY, EVERYTHING, by=REGISTRATION)
        token = first.headers["x-continuation-token"]
        for body, text in ((EVERYTHING | {"MPAN": MPAN}, token), (EVERYTHING, "no-uuid")):
            answer = await gateway.request(REPLAY, body, by=REGISTRATION, X_Continuation_Token=text)
            assert answer.status_code == 400


async def test_22_requeue_has_an_id_and_a_status(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, NEW, listening=[REGISTRATION]) as gateway:
        assert (await gateway.request(STATUS, by=REGISTRATION, method="GET")).status_code == 204
        await delivered(gateway, 2)
        answer = await gateway.request(REQUEUE, EVERYTHING, by=REGISTRATION)
        assert answer.status_code == 202
        identifier = answer.json()["requeueId"]
        await gateway.events(Kind.DELIVERED, count=4)
        progress = await gateway.request(f"{STATUS}?requeue-id={identifier}", by=REGISTRATION, method="GET")
        assert progress.status_code == 200
        assert progress.json() == {
            "percentComplete": 100,
            "totalTransactions": 2,
            "processedTransactions": 2,
            "status": "Completed",
        }


async def test_22_one_requeue_of_a_channel_at_a_time(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, NEW, listening=[REGISTRATION]) as gateway:
        await delivered(gateway, 2)
        gateway.receivers[REGISTRATION].answer(503, retry_after="600")
        assert (await gateway.request(REQUEUE, EVERYTHING, by=REGISTRATION)).status_code == 202
        assert (await gateway.request(REQUEUE, EVERYTHING, by=REGISTRATION)).status_code == 429
        await gateway.events(Kind.DELIVERY_ATTEMPTED)
        progress = await gateway.request(STATUS, by=REGISTRATION, method="GET")
        assert progress.json()["status"] == "Processing"
        answer = await gateway.request(REQUEUE, EVERYTHING, by=REGISTRATION)
        assert answer.status_code == 429
        assert int(answer.headers["Retry-After"]) > 0


async def test_22_a_requeue_whose_messages_were_refused_has_failed(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, NEW, listening=[REGISTRATION]) as gateway:
        await delivered(gateway, 1)
        gateway.receivers[REGISTRATION].answer(400)
        await gateway.request(REQUEUE, EVERYTHING, by=REGISTRATION)
        await gateway.events(Kind.DELIVERY_ABANDONED)
        assert (await gateway.request(STATUS, by=REGISTRATION, method="GET")).json()["status"] == "Failed"


async def test_21_has_no_requeue_status(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        assert (await gateway.request(STATUS, by=REGISTRATION, method="GET")).status_code == 404
        assert SUPPLIER in gateway.identities
