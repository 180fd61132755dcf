"""What a service keeps, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from backbone.database import Database
from participant import outbox, sender
from participant.outbox import ToSend
from tests.databases import BOTH, fresh_database
from tests.integration.participant.rig import MPAN, OTHER_MPAN, REGS, Identities, open_rig
from tests.integration.participant.role import registry

SERVICE = "registration"
THING = ToSend(MPAN, "dip", REGS, "IF-032", b"[{}]", MPAN, "run 1")


@pytest.fixture(params=BOTH)
async def database(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    async with fresh_database(request.param, tmp_path) as url:
        opened = await Database.open(url)
        await opened.create_tables()
        yield opened
        await opened.close()


async def put(database: Database, *things: ToSend, service: str = SERVICE) -> list[int]:
    async with database.begin() as connection:
        rows = await outbox.save(connection, service, changed={}, ids=[], to_send=things)
    return [row.id for row in rows]


async def waiting(database: Database, after: int = 0, limit: int = 1000, service: str = SERVICE):
    async with database.read() as connection:
        return await outbox.pending(connection, service, after, limit)


async def test_what_is_put_in_comes_out_the_same_and_in_order(database: Database) -> None:
    things = [replace(THING, payload=b"%d" % number) for number in range(30)]
    numbers = await put(database, *things)
    assert numbers == sorted(numbers)
    rows = await waiting(database)
    assert [row.what for row in rows] == things
    assert [row.id for row in rows] == numbers


async def test_it_is_read_in_pages(database: Database) -> None:
    numbers = await put(database, *[THING] * 5)
    first = await waiting(database, limit=2)
    rest = await waiting(database, after=first[-1].id)
    assert [row.id for row in (*first, *rest)] == numbers


async def test_services_do_not_see_each_others(database: Database) -> None:
    await put(database, THING)
    assert await waiting(database, service="supplier_stub") == []


async def test_numbers_are_never_used_again(database: Database) -> None:
    numbers = await put(database, THING, THING)
    async with database.begin() as connection:
        await outbox.remove(connection, numbers)
    assert await waiting(database) == []
    assert min(await put(database, THING)) > max(numbers)


async def test_missing_values_stay_missing(database: Database) -> None:
    thing = ToSend(REGS, "note", REGS, "", b"{}")
    await put(database, thing)
    ((_, found),) = [(row.id, row.what) for row in await waiting(database)]
    assert found == thing


async def test_states_are_replaced_and_kept_apart(database: Database) -> None:
    async with database.begin() as connection:
        await outbox.save(connection, SERVICE, changed={MPAN: b"1", OTHER_MPAN: b"2"}, ids=[], to_send=[])
        await outbox.save(connection, SERVICE, changed={MPAN: b"3"}, ids=[], to_send=[])
        await outbox.save(connection, "supplier_stub", changed={MPAN: b"4"}, ids=[], to_send=[])
    async with database.read() as connection:
        assert await outbox.states(connection, SERVICE, {MPAN, OTHER_MPAN, "none"}) == {
            MPAN: b"3",
            OTHER_MPAN: b"2",
        }
        assert await outbox.state(connection, "supplier_stub", MPAN) == b"4"
        assert await outbox.state(connection, SERVICE, "none") is None
        assert await outbox.states(connection, SERVICE, set()) == {}


async def test_any_number_of_ids_and_keys_can_be_asked_for(database: Database) -> None:
    ids = [f"T-{number}" for number in range(1203)]
    async with database.begin() as connection:
        await outbox.save(connection, SERVICE, changed=dict.fromkeys(ids, b"s"), ids=ids[:1000], to_send=[])
    async with database.read() as connection:
        assert await outbox.handled(connection, SERVICE, ids) == set(ids[:1000])
        assert await outbox.handled(connection, "supplier_stub", ids) == set()
        assert len(await outbox.states(connection, SERVICE, ids)) == 1203


async def test_nothing_is_kept_of_a_transaction_that_fails(database: Database) -> None:
    async def interrupted() -> None:
        async with database.begin() as connection:
            await outbox.save(connection, SERVICE, changed={MPAN: b"1"}, ids=["T-1"], to_send=[THING])
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        await interrupted()
    async with database.read() as connection:
        assert await outbox.handled(connection, SERVICE, ["T-1"]) == set()
        assert await outbox.state(connection, SERVICE, MPAN) is None
    assert await waiting(database) == []


async def test_what_another_process_put_in_and_left_is_sent_in_time(
    tmp_path: Path, identities: Identities, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "LOOK_AGAIN_SECONDS", 0.05)
    async with open_rig(tmp_path, identities, registry()) as rig:
        await asyncio.sleep(0)
        await put(rig.context.database, replace(THING, payload=b'[{"a":1}]'))
        (request,) = await rig.outside.received(1)
        await put(rig.context.database, replace(THING, payload=b'[{"a":2}]'))
        await rig.outside.received(2)
    assert request.body == b'[{"a":1}]'
    assert [r.body for r in rig.outside.requests] == [b'[{"a":1}]', b'[{"a":2}]']
