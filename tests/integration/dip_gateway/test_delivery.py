"""Delivery to webhooks: the retry table, order, signature, holding back, restarts."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from backbone.journal import Kind
from backbone.log import Record
from contracts import envelope
from participant.directory import Webhook
from participant.signing import Verifier
from tests.integration.dip_gateway.environment import (
    DISTRIBUTOR,
    MPAN,
    OTHER_SUPPLIER,
    REGISTRATION,
    SUPPLIER,
    Receiver,
    open_gateway,
    serving,
)

OTHER_MPAN = "2000000000015"


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_these_answers_are_tried_again_until_201(tmp_path: Path, status: int) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        receiver = gateway.receivers[REGISTRATION]
        receiver.answer(status, b"not now")
        receiver.answer(status)
        await gateway.send(gateway.message())
        [delivered] = await gateway.events(Kind.DELIVERED)
        assert delivered.details["attempts"] == 3
        attempted = await gateway.events(Kind.DELIVERY_ATTEMPTED)
        assert [event.details["attempt"] for event in attempted] == [1, 2]
        assert [event.details["status"] for event in attempted] == [status, status]
        assert attempted[0].details["answer"] == "not now"
        assert attempted[0].details["nextAttemptInSeconds"] > 0
        bodies = {body for _, _, body in receiver.requests}
        assert len(receiver.requests) == 3
        assert len(bodies) == 1


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 405, 406, 413, 505])
async def test_these_answers_are_final_and_the_sender_is_told(tmp_path: Path, status: int) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION, SUPPLIER]) as gateway:
        receiver = gateway.receivers[REGISTRATION]
        receiver.answer(status, b"never", location=gateway.url)
        sent = gateway.message()
        await gateway.send(sent)
        [abandoned] = await gateway.events(Kind.DELIVERY_ABANDONED)
        assert abandoned.details["status"] == status
        assert len(receiver.requests) == 1
        [entry] = await gateway.receivers[SUPPLIER].until(1)
        assert entry["senderUniqueReference"] == envelope.header(sent).reference
        assert entry["message"].startswith("MSG1000")
        assert str(status) in entry["help"]


async def test_a_201_with_a_standard_response_is_recorded_per_message(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        gateway.receivers[REGISTRATION].answer(
            207, orjson.dumps({"messageArray": [{"message": "RCP1061 - MPAN Invalid or Unknown"}]})
        )
        await gateway.send(gateway.message())
        [delivered] = await gateway.events(Kind.DELIVERED)
        assert delivered.codes == ("RCP1061",)
        assert delivered.details["status"] == 207
        assert delivered.details["answered"]["message"].startswith("RCP1061")


async def test_what_is_sent_is_signed_over_the_bytes_sent(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        await gateway.send(gateway.message())
        receiver = gateway.receivers[REGISTRATION]
        await receiver.until(1)
        _, headers, body = receiver.requests[0]
        verifier = Verifier([gateway.context.authority.certificate_pem], None)
        signed = verifier.verify("POST", receiver.url, headers, body, gateway.context.clock.now())
        assert "1000000000" in signed.subject
        assert headers["x-dip-mpo"] == f"{REGISTRATION};REGS;ABCD"
        assert headers["content-type"] == "application/json"
        [delivered] = await gateway.events(Kind.DELIVERED)
        assert delivered.body == body.decode()
        assert delivered.headers["X-DIP-Signature"] == headers["x-dip-signature"]


async def test_no_answer_at_all_is_tried_again(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        receiver = Receiver()
        async with serving(receiver) as url:
            port = url.rpartition(":")[2]
        await gateway.context.directory.set_webhook(REGISTRATION, "*", Webhook(f"http://127.0.0.1:{port}/x"))
        await gateway.send(gateway.message())
        first, *_ = await gateway.events(Kind.DELIVERY_ATTEMPTED)
        assert first.details["status"] is None
        assert "Connect" in first.details["error"]


async def test_an_answer_that_takes_too_long_is_no_answer(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION], delivery_timeout_seconds=0.2) as gateway:
        receiver = gateway.receivers[REGISTRATION]
        receiver.release = asyncio.Event()
        await gateway.send(gateway.message())
        [first, *_] = await gateway.events(Kind.DELIVERY_ATTEMPTED)
        assert first.details["error"] == "no answer within 0.2 s"
        receiver.release.set()
        await gateway.events(Kind.DELIVERED)


async def test_after_the_last_attempt_the_message_is_abandoned(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION], retry_attempts=3) as gateway:
        receiver = gateway.receivers[REGISTRATION]
        for _ in range(3):
            receiver.answer(503)
        await gateway.send(gateway.message())
        [abandoned] = await gateway.events(Kind.DELIVERY_ABANDONED)
        assert abandoned.details["attempts"] == 3
        assert "last of the allowed attempts" in abandoned.details["reason"]


async def test_retry_after_is_honoured(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        gateway.receivers[REGISTRATION].answer(429, retry_after="1")
        await gateway.send(gateway.message())
        [attempted] = await gateway.events(Kind.DELIVERY_ATTEMPTED)
        assert attempted.details["nextAttemptInSeconds"] == 1.0
        await gateway.events(Kind.DELIVERED)


async def test_without_a_webhook_held_and_delivered_as_soon_as_one_is_set(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        await gateway.send(gateway.message(unique="aa"))
        await gateway.send(gateway.message(unique="bb"))
        held = await gateway.events(Kind.HELD, count=2)
        assert held[0].recipient == REGISTRATION
        receiver = Receiver()
        async with serving(receiver) as url:
            path = f"/dip-channel/IF-031/pubconfig/{REGISTRATION}"
            answer = await gateway.request(path, {"callbackURL": f"{url}/hook"}, by=REGISTRATION)
            assert answer.status_code == 201
            messages = await receiver.until(2)
            references = [envelope.header(message).reference or "" for message in messages]
            assert [reference[-2:] for reference in references] == ["aa", "bb"]
            await gateway.events(Kind.DELIVERED, count=2)


async def test_messages_of_one_mpan_arrive_in_order_though_one_is_tried_again(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        receiver = gateway.receivers[REGISTRATION]
        receiver.answer(503)
        for number in range(12):
            await gateway.send(gateway.message(unique=f"{number:04x}"))
        await gateway.events(Kind.DELIVERED, count=12)
        order = []
        for message in receiver.messages():
            reference = (envelope.header(message).reference or "")[-4:]
            if reference not in order:
                order.append(reference)
        assert order == [f"{number:04x}" for number in range(12)]


async def test_a_recipient_that_hangs_costs_nobody_else(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[DISTRIBUTOR, SUPPLIER]) as gateway:
        hanging = gateway.receivers[DISTRIBUTOR]
        hanging.release = asyncio.Event()
        block = envelope.MpanBlock(MPAN, DISTRIBUTOR, "_H")
        message = gateway.message(
            REGISTRATION,
            "IF-037",
            "[MSDeAppUpdate]",
            mpan=block,
            primary=[SUPPLIER],
            custom={
                "B010": {
                    "incomingMeteringServiceDIPID": "1200000012",
                    "incomingMeteringServiceMPID": "ABCD",
                    "incomingMeteringServiceEffectiveFromDate": "2026-12-01T00:00:00+00:00",
                }
            },
        )
        answer = await gateway.send(message, by=REGISTRATION, channel="IF-037")
        assert answer.status_code == 201, answer.text
        await gateway.receivers[SUPPLIER].until(1)
        hanging.release.set()
        await hanging.until(1)


async def test_given_killed_before_delivery_when_started_again_then_delivered_once(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, workers=False) as gateway:
        assert (await gateway.send(gateway.message(unique="aa"))).status_code == 201
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        await gateway.events(Kind.DELIVERED)
        assert len(gateway.receivers[REGISTRATION].messages()) == 1
        answer = await gateway.send(gateway.message(unique="aa"))
        assert answer.json()["messageArray"][0]["message"].startswith("MSG1006")


async def test_a_record_that_is_no_message_holds_nobody_up(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        for value, headers in ((b"nonsense", {}), (b"{}", {"transaction-id": "T"}), (b"[]", {})):
            await gateway.context.log.append([Record("dip.if.IF-031", MPAN, value, headers)])
        await gateway.send(gateway.message())
        await gateway.events(Kind.DELIVERED)
        async with gateway.context.log.consume("test", ["dead-letter.gateway-router"]) as subscription:
            assert len(await subscription.fetch()) == 3


async def test_what_waits_long_is_read_again_when_it_is_sent(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        await gateway.send(gateway.message(unique="aa"))
        await gateway.events(Kind.HELD)
    async with open_gateway(tmp_path) as gateway:
        await gateway.send(gateway.message(unique="bb"))
        await gateway.events(Kind.HELD, count=2)
        receiver = Receiver()
        async with serving(receiver) as url:
            await gateway.context.directory.set_webhook(REGISTRATION, "*", Webhook(f"{url}/late"))
            messages = await receiver.until(2)
            assert [(envelope.header(m).reference or "")[-2:] for m in messages] == ["aa", "bb"]


async def test_the_count_of_attempts_outlives_a_restart(tmp_path: Path) -> None:
    slow: dict[str, Any] = {"retry_first_seconds": 60.0, "retry_max_seconds": 60.0}
    async with open_gateway(tmp_path, listening=[REGISTRATION], **slow) as gateway:
        gateway.receivers[REGISTRATION].answer(503)
        await gateway.send(gateway.message())
        await gateway.events(Kind.DELIVERY_ATTEMPTED)
    async with open_gateway(tmp_path, listening=[REGISTRATION], **slow) as gateway:
        gateway.context.clock.advance(by=timedelta(minutes=2))
        [delivered] = await gateway.events(Kind.DELIVERED)
        assert delivered.details["attempt"] == 2


async def test_a_webhook_gets_no_more_messages_at_once_than_it_asked_for(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        for number in range(5):
            await gateway.send(gateway.message(unique=f"{number:04x}"))
        await gateway.events(Kind.HELD, count=5)
        receiver = Receiver()
        async with serving(receiver) as url:
            wanted = {"callbackURL": f"{url}/hook", "maxMessageCount": 2}
            path = f"/dip-channel/if-031/PubConfig/{REGISTRATION}"
            assert (await gateway.request(path, wanted, by=REGISTRATION)).status_code == 201
            await receiver.until(5)
            assert [len(orjson.loads(body)) for _, _, body in receiver.requests] == [2, 2, 1]
            batched = (await gateway.events(Kind.DELIVERED, count=5))[0]
            assert batched.details["batch"]["of"] == 2


async def test_pubconfig_is_for_the_own_dip_id(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        path = f"/dip-channel/IF-031/pubconfig/{OTHER_SUPPLIER}"
        answer = await gateway.request(path, {"callbackURL": "https://a.example"}, by=SUPPLIER)
        assert answer.status_code == 403


async def test_a_removed_webhook_is_not_called_any_more(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        receiver = Receiver()
        async with serving(receiver) as url:
            path = f"/dip-channel/IF-031/pubconfig/{REGISTRATION}"
            await gateway.request(path, {"callbackURL": url}, by=REGISTRATION)
            answer = await gateway.request(path, by=REGISTRATION, method="DELETE")
            assert (answer.status_code, answer.content) == (204, b"")
            await gateway.send(gateway.message())
            await gateway.events(Kind.HELD)
            assert receiver.requests == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"callbackURL":"ftp://a.example"}', b"nonsense"])
async def test_a_webhook_configuration_that_cannot_be_used(tmp_path: Path, body: bytes) -> None:
    async with open_gateway(tmp_path) as gateway:
        answer = await gateway.request(f"/dip-channel/IF-031/pubconfig/{SUPPLIER}", body)
        assert answer.status_code == 400
        assert answer.json()["messageArray"][0]["help"]
