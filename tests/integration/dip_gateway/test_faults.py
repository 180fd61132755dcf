"""Injected faults against a running gateway: each happens, and each is in the journal."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from backbone.journal import JournalEvent, Kind
from contracts import envelope
from contracts.identifiers import make_mpan
from participant.errors import Reason, SignatureRefused
from participant.signing import Verifier
from services.dip_gateway.settings import GatewaySettings
from tests.integration.dip_gateway.environment import (
    MPAN,
    REGISTRATION,
    SUPPLIER,
    Gateway,
    Receiver,
    open_gateway,
)

OTHER_MPAN = make_mpan(20, 7)


async def inject(gateway: Gateway, **rule: Any) -> None:
    values = {"name": "one", "times": 1} | rule
    answer = await gateway.http.post(f"{gateway.url}/api/faults", json=values)
    assert answer.status_code == 201, answer.text


async def injected(gateway: Gateway) -> str:
    [event] = await gateway.events(Kind.FAULT_INJECTED)
    assert event.details["rule"] == "one"
    return str(event.details["fault"])


def references(receiver: Receiver) -> list[str]:
    return [(envelope.header(message).reference or "")[-2:] for message in receiver.messages()]


async def test_drop(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        await inject(gateway, fault="drop", party=REGISTRATION)
        await gateway.send(gateway.message(unique="aa"))
        assert await injected(gateway) == "drop"
        await gateway.send(gateway.message(unique="bb"))
        await gateway.events(Kind.DELIVERED)
        assert references(gateway.receivers[REGISTRATION]) == ["bb"]


async def test_duplicate(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        await inject(gateway, fault="duplicate", interface="IF-031")
        await gateway.send(gateway.message(unique="aa"))
        await gateway.events(Kind.DELIVERED)
        messages = gateway.receivers[REGISTRATION].messages()
        assert len({envelope.header(message).transaction_id for message in messages}) == 1
        assert [envelope.header(message).replay for message in messages] == [False, False]


async def test_reorder(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        await inject(gateway, fault="reorder", mpan=MPAN, seconds=20)
        for unique in ("aa", "bb", "cc"):
            await gateway.send(gateway.message(unique=unique))
        await gateway.events(Kind.DELIVERED, count=3)
        assert references(gateway.receivers[REGISTRATION]) == ["bb", "aa", "cc"]


async def test_reorder_with_nothing_to_come_gives_up(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        await inject(gateway, fault="reorder", seconds=0.05)
        await gateway.send(gateway.message(unique="aa"))
        await gateway.events(Kind.DELIVERED)


async def test_delay(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        await inject(gateway, fault="delay", seconds=600)
        await gateway.send(gateway.message())
        assert await injected(gateway) == "delay"
        assert gateway.receivers[REGISTRATION].requests == []
        gateway.context.clock.advance(timedelta(seconds=601))
        await gateway.events(Kind.DELIVERED)


async def test_lost_answer_leads_to_a_second_delivery(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        await inject(gateway, fault="lose answer")
        await gateway.send(gateway.message(unique="aa"))
        await gateway.events(Kind.DELIVERED)
        assert references(gateway.receivers[REGISTRATION]) == ["aa", "aa"]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("bad signature", Reason.SIGNATURE_MISMATCH),
        ("expired certificate", Reason.CERTIFICATE_EXPIRED),
    ],
)
async def test_signing_faults(tmp_path: Path, fault: str, reason: Reason) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        await inject(gateway, fault=fault)
        await gateway.send(gateway.message())
        await gateway.events(Kind.DELIVERED)
        receiver = gateway.receivers[REGISTRATION]
        _, headers, body = receiver.requests[0]
        verifier = Verifier([gateway.context.authority.certificate_pem], None)
        with pytest.raises(SignatureRefused) as refused:
            verifier.verify("POST", receiver.url, headers, body, gateway.context.clock.now())
        assert refused.value.reason is reason


async def test_wrong_environment_and_replay_flag(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        await inject(gateway, fault="wrong environment")
        await inject(gateway, name="two", fault="replay flag")
        await gateway.send(gateway.message())
        [message] = await gateway.receivers[REGISTRATION].until(1)
        header = envelope.header(message)
        assert header.environment != "UIT"
        assert header.replay
        assert len(await gateway.events(Kind.FAULT_INJECTED, count=2)) == 2


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 505])
async def test_the_sender_is_answered_a_failure_and_nothing_is_accepted(tmp_path: Path, status: int) -> None:
    async with open_gateway(tmp_path) as gateway:
        await inject(gateway, fault="answer", where="intake", party=SUPPLIER, status=status)
        message = gateway.message()
        answer = await gateway.send(message)
        assert answer.status_code == status
        assert ("Retry-After" in answer.headers) is (status in (429, 503))
        assert (await gateway.send(message)).status_code == 201


async def test_accepted_and_answered_a_failure_all_the_same(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        await inject(gateway, fault="answer after", where="intake", status=504)
        message = gateway.message()
        assert (await gateway.send(message)).status_code == 504
        second = await gateway.send(message)
        assert second.json()["messageArray"][0]["message"].startswith("MSG1006")


async def test_the_sender_is_answered_late(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        await inject(gateway, fault="delay", where="intake", seconds=0.3)
        began = asyncio.get_running_loop().time()
        assert (await gateway.send(gateway.message())).status_code == 201
        assert asyncio.get_running_loop().time() - began >= 0.3


async def test_an_outage_on_the_way_in(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        await inject(gateway, fault="outage", where="intake", hours=2)
        assert (await gateway.send(gateway.message())).status_code == 503
        gateway.context.clock.advance(timedelta(hours=2))
        assert (await gateway.send(gateway.message())).status_code == 201


async def test_a_72_hour_outage_then_everything_in_order_once(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        await inject(gateway, fault="outage", hours=72)
        for start in range(0, 1_000, 100):
            batch = [gateway.message(unique=f"{n:06x}") for n in range(start, start + 100)]
            assert (await gateway.send(*batch)).status_code == 201
        await gateway.events(Kind.ROUTED, count=1_000, seconds=60)
        assert gateway.receivers[REGISTRATION].requests == []
        gateway.context.clock.advance(timedelta(hours=72))
        receiver = gateway.receivers[REGISTRATION]
        await receiver.until(1_000, 100)
        numbers = [(envelope.header(m).reference or "")[-6:] for m in receiver.messages()]
        assert numbers == [f"{n:06x}" for n in range(1_000)]
        assert not any(envelope.header(m).replay for m in receiver.messages())


async def test_an_outage_ends_when_its_rule_is_removed(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        await inject(gateway, fault="outage", hours=72)
        await gateway.send(gateway.message())
        await gateway.events(Kind.ROUTED)
        rules = (await gateway.http.get(f"{gateway.url}/api/faults")).json()["faults"]
        assert [rule["fault"] for rule in rules] == ["outage"]
        assert (await gateway.http.delete(f"{gateway.url}/api/faults/one")).status_code == 204
        await gateway.events(Kind.DELIVERED)
        assert (await gateway.http.delete(f"{gateway.url}/api/faults/one")).status_code == 404


async def test_rules_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text("- {name: from file, fault: drop, times: 1}\n")
    settings = GatewaySettings(faults=str(path))
    async with open_gateway(tmp_path, settings, listening=[REGISTRATION]) as gateway:
        await gateway.send(gateway.message())
        [event] = await gateway.events(Kind.FAULT_INJECTED)
        assert event.details["rule"] == "from file"
        refused = await gateway.http.delete(f"{gateway.url}/api/faults/from file")
        assert refused.status_code == 409
        assert "DIPEMU_FAULTS" in refused.json()["messageArray"][0]["help"]


async def test_given_a_restart_within_an_outage_then_it_lasts_its_hours(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        await inject(gateway, fault="outage", hours=72)
        await gateway.send(gateway.message())
        await gateway.events(Kind.ROUTED)
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        await gateway.send(gateway.message(unique="bb"))
        await gateway.events(Kind.ROUTED, count=2)
        assert gateway.receivers[REGISTRATION].requests == []
        gateway.context.clock.advance(timedelta(hours=72))
        await gateway.receivers[REGISTRATION].until(2, 10)


async def test_a_rule_for_a_run_strikes_its_mpan_alone(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        now = gateway.context.clock.now()
        begun = JournalEvent(Kind.STEP_RELEASED, now, "qualification", mpan=OTHER_MPAN, run="0123456789ab")
        await gateway.context.journal.write(begun)
        await gateway.events(Kind.STEP_RELEASED)
        await inject(gateway, fault="drop", run="0123456789ab", times=None)
        of_the_run = envelope.MpanBlock(OTHER_MPAN, "2500000001", "_H")
        await gateway.send(gateway.message(unique="aa"), gateway.message(unique="bb", mpan=of_the_run))
        [event] = await gateway.events(Kind.FAULT_INJECTED)
        assert (event.run, event.mpan) == ("0123456789ab", OTHER_MPAN)
        await gateway.receivers[REGISTRATION].until(1, 10)
        assert references(gateway.receivers[REGISTRATION]) == ["aa"]


async def test_a_rule_on_the_way_in_looks_at_the_messages(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        await inject(gateway, fault="answer", where="intake", status=500, mpan=OTHER_MPAN, times=None)
        other = envelope.MpanBlock(OTHER_MPAN, "2500000001", "_H")
        first, second = gateway.message(unique="aa"), gateway.message(unique="bb", mpan=other)
        answers = [await gateway.send(*batch) for batch in ([first], [second], [first, second])]
        assert [answer.status_code for answer in answers] == [201, 500, 500]


async def test_a_rule_that_cannot_be_used(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        for body in (
            b"nonsense",
            b'{"name":"x","fault":"explode"}',
            b'{"name":"x","fault":"outage","interface":"IF-031"}',
            b'{"name":"x","fault":"drop","run":"of nobody"}',
        ):
            answer = await gateway.http.post(f"{gateway.url}/api/faults", content=body)
            assert answer.status_code == 400
