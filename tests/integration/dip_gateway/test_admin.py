"""Finding any message and its whole life; listing and requeueing deliveries."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest

from backbone.journal import Kind
from contracts import envelope
from tests.integration.dip_gateway.environment import MPAN, REGISTRATION, SUPPLIER, open_gateway


async def test_a_message_is_found_by_each_of_its_marks(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        gateway.receivers[REGISTRATION].answer(503)
        message = gateway.message()
        [entry] = (await gateway.send(message)).json()["messageArray"]
        await gateway.events(Kind.DELIVERED)
        reference = envelope.header(message).reference
        since = quote("2020-01-01T00:00:00+00:00")
        for query in (
            f"mpan={MPAN}",
            f"reference={reference}",
            f"transaction={entry['transactionID']}",
            f"correlation={entry['correlationID']}",
            f"interface=IF-031&party={SUPPLIER}",
            f"since={since}",
        ):
            answer = await gateway.http.get(f"{gateway.url}/api/messages?{query}")
            [found] = answer.json()["messages"]
            assert found["reference"] == reference, query
            assert found["status"] == "accepted"
            assert found["recipients"] == {
                REGISTRATION: {"routing": "secondary", "status": "delivered", "attempts": 2}
            }
        empty = await gateway.http.get(f"{gateway.url}/api/messages?mpan=0000000000000")
        assert empty.json() == {"messages": []}


async def test_the_whole_life_of_a_message(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        gateway.receivers[REGISTRATION].answer(503)
        message = gateway.message()
        [entry] = (await gateway.send(message)).json()["messageArray"]
        await gateway.events(Kind.DELIVERED)
        for mark in (entry["transactionID"], envelope.header(message).reference):
            answer = await gateway.http.get(f"{gateway.url}/api/messages/{mark}")
            kinds = [event["kind"] for event in answer.json()["events"]]
            assert kinds == ["accepted", "routed", "delivery attempted", "delivered"]
            assert answer.json()["message"]["transactionId"] == entry["transactionID"]
        assert (await gateway.http.get(f"{gateway.url}/api/messages/none")).status_code == 404


async def test_a_refused_message_is_found_with_its_reason(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        await gateway.send(gateway.message(), channel="IF-032")
        await gateway.events(Kind.REFUSED)
        answer = await gateway.http.get(f"{gateway.url}/api/messages?mpan={MPAN}")
        [found] = answer.json()["messages"]
        assert found["status"] == "refused"
        assert "MSG1002" in found["codes"]
        assert "IF-031" in found["reason"]


async def test_a_message_that_found_no_recipient(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        custom = gateway.message()["payload"]["CustomBlock"]
        message = gateway.message(
            REGISTRATION, "IF-032", "[MSAppInitialResp]", custom=custom, primary=["2399999999"]
        )
        await gateway.send(message, by=REGISTRATION, channel="IF-032")
        await gateway.events(Kind.ROUTING_FAILED)
        [found] = (await gateway.http.get(f"{gateway.url}/api/messages?mpan={MPAN}")).json()["messages"]
        assert (found["status"], found["codes"]) == ("routing failed", ["MSG1031"])


async def test_the_newest_come_first_and_no_more_than_asked_for(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        for number in range(4):
            await gateway.send(gateway.message(unique=f"{number:04x}"))
        await gateway.events(Kind.HELD, count=4)
        answer = await gateway.http.get(f"{gateway.url}/api/messages?mpan={MPAN}&limit=2")
        assert [found["reference"][-4:] for found in answer.json()["messages"]] == ["0003", "0002"]


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=1001", "since=yesterday", "until=2026-03-21"])
async def test_questions_that_cannot_be_answered(tmp_path: Path, query: str) -> None:
    async with open_gateway(tmp_path) as gateway:
        assert (await gateway.http.get(f"{gateway.url}/api/messages?{query}")).status_code == 400


async def test_abandoned_deliveries_are_listed_and_requeued(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        gateway.receivers[REGISTRATION].answer(400, b"no")
        await gateway.send(gateway.message())
        await gateway.events(Kind.DELIVERY_ABANDONED)
        listed = await gateway.http.get(f"{gateway.url}/api/deliveries?state=abandoned")
        [delivery] = listed.json()["deliveries"]
        assert (delivery["recipient"], delivery["status"], delivery["answer"]) == (REGISTRATION, 400, "no")
        again = await gateway.http.post(f"{gateway.url}/api/deliveries/{delivery['id']}/requeue")
        assert again.status_code == 202
        await gateway.events(Kind.DELIVERED)
        for unknown in ("999", "x"):
            answer = await gateway.http.post(f"{gateway.url}/api/deliveries/{unknown}/requeue")
            assert answer.status_code == 404
