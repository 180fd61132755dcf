"""What the engine promises of what comes in, on a real log, a real database and HTTP in process."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from backbone.errors import LogUnavailable
from backbone.journal import Kind
from backbone.log import Record
from contracts import envelope
from participant import outbox, signing
from participant.wire import command_record
from tests.integration.participant.rig import (
    HOST,
    MPAN,
    OTHER_MPAN,
    REGS,
    Identities,
    Rig,
    open_rig,
    publication,
)
from tests.integration.participant.role import Heard, registry

IF_032 = "/dip-channel/IF-032"


async def heard(rig: Rig, mpan: str = MPAN) -> tuple[str, ...]:
    async with rig.context.database.read() as connection:
        saved = await outbox.state(connection, "registration", mpan)
    return Heard.model_validate_json(saved).ids if saved else ()


async def test_a_publication_is_handled_and_the_answer_sent_signed(
    tmp_path: Path, identities: Identities
) -> None:
    async with open_rig(tmp_path, identities, registry()) as rig:
        assert (await rig.deliver([publication()])).status_code == 201
        (request,) = await rig.outside.received(1)
        assert await heard(rig) == (f"T-1:{REGS}",)
    common = envelope.header(request.message)
    assert (common.interface, common.event, common.sender) == ("IF-032", "[MSAppInitialResp]", REGS)
    assert (common.role, common.mpan, common.schema_version) == ("REGS", MPAN, "011")
    assert common.correlation_id == "CI-20261124-ab"
    assert request.path == IF_032
    assert request.headers["x-api-key"] == identities.regs.api_key
    signed = signing.Verifier([identities.authority.certificate_pem], timedelta(minutes=1)).verify(
        "POST", HOST + IF_032, request.headers, request.body, rig.context.clock.now()
    )
    assert signed.subject == f"CN={REGS}"


async def test_a_publication_delivered_twice_is_handled_once(tmp_path: Path, identities: Identities) -> None:
    async with open_rig(tmp_path, identities, registry()) as rig:
        for _ in range(3):
            assert (await rig.deliver([publication(transaction="T-1")])).status_code == 201
        await rig.deliver([publication(transaction="T-2")])
        await rig.outside.received(2)
        assert await heard(rig) == (f"T-1:{REGS}", f"T-2:{REGS}")
    assert len(rig.outside.requests) == 2


async def test_the_same_transaction_for_two_parties_of_one_service_is_handled_for_each(
    tmp_path: Path, identities: Identities
) -> None:
    played = (identities.regs, identities.supplier)
    async with open_rig(tmp_path, identities, registry(), played=played) as rig:
        for identity in played:
            await rig.deliver([publication()], to=identity.dip_id)
        sent = await rig.outside.received(2)
    assert {envelope.header(r.message).sender for r in sent} == {i.dip_id for i in played}


async def test_messages_of_one_mpan_are_handled_and_sent_in_order(
    tmp_path: Path, identities: Identities
) -> None:
    messages = [
        publication(transaction=f"T-{mpan}-{number}", mpan=mpan)
        for number in range(20)
        for mpan in (MPAN, OTHER_MPAN)
    ]
    async with open_rig(tmp_path, identities, registry()) as rig:
        for start in range(0, len(messages), 5):
            await rig.deliver(messages[start : start + 5])
        sent = await rig.outside.received(len(messages))
    for mpan in (MPAN, OTHER_MPAN):
        order = [
            r.message["payload"]["CustomBlock"]["heard"]
            for r in sent
            if envelope.header(r.message).mpan == mpan
        ]
        assert order == [f"T-{mpan}-{number}:{REGS}" for number in range(20)]


async def test_notes_wait_until_the_journal_can_be_written(
    tmp_path: Path, identities: Identities, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_rig(tmp_path, identities, registry()) as rig:
        append = rig.context.log.append
        failures: list[Sequence[Record]] = []

        async def fail_twice(records: Sequence[Record]) -> None:
            if records[0].topic == "journal" and len(failures) < 2:
                failures.append(records)
                raise LogUnavailable("away")
            await append(records)

        monkeypatch.setattr(rig.context.log, "append", fail_twice)
        await rig.command(
            command_record("registration", "load_mpan", to=REGS, mpan=MPAN, run="r", id="c", arguments={})
        )
        (event,) = await rig.journal(1)
    assert len(failures) == 2
    assert event.kind is Kind.HARNESS_PREPARED
    assert {r[0].value for r in failures} == {event.to_bytes()}


async def test_a_saved_state_that_no_longer_fits_is_a_fault_of_ours_and_stays(
    tmp_path: Path, identities: Identities
) -> None:
    async with (
        open_rig(tmp_path, identities, registry(), start=False) as rig,
        rig.context.database.begin() as connection,
    ):
        await outbox.save(connection, "registration", changed={MPAN: b'{"ids": 5}'}, ids=[], to_send=[])
    async with open_rig(tmp_path, identities, registry()) as rig:
        await rig.deliver([publication(), publication(transaction="T-2", mpan=OTHER_MPAN)])
        await rig.outside.received(1)
        (event,) = await rig.journal(1)
        async with rig.context.database.read() as connection:
            assert await outbox.state(connection, "registration", MPAN) == b'{"ids": 5}'
    assert event.kind is Kind.SERVICE_FAULT
    assert "ValidationError" in event.details["fault"]


async def test_a_handler_that_fails_changes_nothing_and_stops_nobody(
    tmp_path: Path, identities: Identities
) -> None:
    async with open_rig(tmp_path, identities, registry()) as rig:
        await rig.deliver(
            [
                publication("IF-036", "[MSAppActive]", transaction="T-1"),
                publication("IF-037", "[DSAppActive]", transaction="T-2"),
                publication(transaction="T-3"),
            ]
        )
        broken, impostor = await rig.journal(2)
        await rig.outside.received(1)
        assert await heard(rig) == (f"T-3:{REGS}",)
    assert broken.kind is impostor.kind is Kind.SERVICE_FAULT
    assert broken.details["fault"] == "ZeroDivisionError: a fault of ours"
    assert "does not play 2399999999" in impostor.details["fault"]
    assert broken.mpan == MPAN


async def test_a_publication_nobody_takes_is_accepted_and_ignored(
    tmp_path: Path, identities: Identities
) -> None:
    async with open_rig(tmp_path, identities, registry()) as rig:
        assert (await rig.deliver([publication("IF-021", "[X]", transaction="T-1")])).status_code == 201
        await rig.deliver([publication(transaction="T-2")])
        await rig.outside.received(1)
        assert await heard(rig) == (f"T-2:{REGS}",)


async def test_what_was_accepted_before_a_stop_is_handled_after_it(
    tmp_path: Path, identities: Identities
) -> None:
    async with open_rig(tmp_path, identities, registry(), start=False) as rig:
        assert (await rig.deliver([publication()])).status_code == 201
    async with open_rig(tmp_path, identities, registry()) as rig:
        await rig.outside.received(1)


async def test_a_command_is_handled_once_and_noted_with_its_run(
    tmp_path: Path, identities: Identities
) -> None:
    record = command_record(
        "registration", "load_mpan", to=REGS, mpan=MPAN, run="run 7", id="c-1", arguments={"a": 1}
    )
    other = command_record(
        "registration", "load_mpan", to=REGS, mpan=MPAN, run="run 8", id="c-2", arguments={}
    )
    async with open_rig(tmp_path, identities, registry()) as rig:
        for each in (record, record, other):
            await rig.command(each)
        first, second = await rig.journal(2)
    assert first.kind is Kind.HARNESS_PREPARED
    assert (first.run, first.mpan, first.details) == ("run 7", MPAN, {"command": "load_mpan", "a": 1})
    assert second.run == "run 8"


async def test_a_record_that_is_no_message_is_passed_over(tmp_path: Path, identities: Identities) -> None:
    async with open_rig(tmp_path, identities, registry()) as rig:
        for value in (b"not json", b"[]", b'{"name": "load_mpan"}', b'{"name": 1, "to": 2, "id": 3}'):
            await rig.command(Record("harness.registration", MPAN, value))
        await rig.deliver([publication()])
        await rig.outside.received(1)
