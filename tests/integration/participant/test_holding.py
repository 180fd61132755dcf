"""Messages that wait until a tester lets them go, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from participant import holding
from participant.holding import LET_GO, Hold
from participant.outbox import outbox_table
from participant.wire import command_record
from tests.databases import BOTH, fresh_database
from tests.integration.participant.rig import (
    MPAN,
    OTHER_MPAN,
    REGS,
    Identities,
    Rig,
    open_rig,
    publication,
)
from tests.integration.participant.role import registry

ANSWER = Hold(MPAN, 7, REGS, "IF-032", "[MSAppInitialResp]")
LATER_ANSWER = Hold(MPAN, 9, REGS, "IF-032", "[MSAppInitialResp]")


@pytest.fixture(params=BOTH)
async def url(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    async with fresh_database(request.param, tmp_path) as fresh:
        yield fresh


async def hold(rig: Rig, *holds: Hold) -> None:
    async with rig.context.database.begin() as connection:
        await holding.set_holds(connection, MPAN, holds)


async def let_go(rig: Rig, step: int | None = None) -> set[str]:
    async with rig.context.database.begin() as connection:
        services = await holding.let_go(connection, MPAN, step)
    fields: dict[str, Any] = {"to": "", "mpan": MPAN, "run": "run", "id": f"let go {step}", "arguments": {}}
    for service in services:
        await rig.command(command_record(service, LET_GO, **fields))
    return services


async def held(rig: Rig) -> int:
    columns = outbox_table.c
    query = select(func.count()).select_from(outbox_table).where(columns.held.is_not(None))
    async with rig.context.database.read() as connection:
        return int(await connection.scalar(query) or 0)


async def ask(rig: Rig, transaction: str, mpan: str = MPAN) -> None:
    """A request to the register, which answers it."""
    assert (await rig.deliver([publication(transaction=transaction, mpan=mpan)])).status_code == 201


async def answered_elsewhere(rig: Rig, count: int = 1) -> None:
    """Return when the register has handled all that came before: it answers for an MPAN without a hold."""
    await ask(rig, f"T-elsewhere-{count}", OTHER_MPAN)
    await rig.outside.received(count)


async def test_a_held_message_waits_until_its_step_is_let_go_and_holds_up_no_other_mpan(
    tmp_path: Path, identities: Identities, url: str
) -> None:
    async with open_rig(tmp_path, identities, registry(), database_url=url) as rig:
        await hold(rig, ANSWER)
        await ask(rig, "T-1")
        await answered_elsewhere(rig)
        assert await held(rig) == 1
        assert await let_go(rig, 7) == {"registration"}
        requests = await rig.outside.received(2)
        assert requests[1].message["payload"]["CommonBlock"]["M0"]["MPANCore"] == MPAN


async def test_a_step_let_go_before_its_message_is_made_goes_at_once_and_the_next_one_is_held(
    tmp_path: Path, identities: Identities, url: str
) -> None:
    async with open_rig(tmp_path, identities, registry(), database_url=url) as rig:
        await hold(rig, ANSWER, LATER_ANSWER)
        assert await let_go(rig, 7) == set()
        await ask(rig, "T-1")
        await rig.outside.received(1)
        await ask(rig, "T-2")
        await answered_elsewhere(rig, 2)
        assert await held(rig) == 1
        await let_go(rig, 9)
        await rig.outside.received(3)


async def test_letting_go_twice_lets_one_message_go(tmp_path: Path, identities: Identities, url: str) -> None:
    async with open_rig(tmp_path, identities, registry(), database_url=url) as rig:
        await hold(rig, ANSWER, LATER_ANSWER)
        await ask(rig, "T-1")
        await answered_elsewhere(rig)
        assert await let_go(rig, 7) == {"registration"}
        assert await let_go(rig, 7) == set()
        await ask(rig, "T-2")
        await answered_elsewhere(rig, 3)
        assert await held(rig) == 1


async def test_a_held_message_survives_a_restart(tmp_path: Path, identities: Identities, url: str) -> None:
    async with open_rig(tmp_path, identities, registry(), database_url=url) as rig:
        await hold(rig, ANSWER)
        await ask(rig, "T-1")
        await answered_elsewhere(rig)
    async with open_rig(tmp_path, identities, registry(), database_url=url) as rig:
        await answered_elsewhere(rig)
        assert await held(rig) == 1
        await let_go(rig, 7)
        assert len(await rig.outside.received(2)) == 2


async def test_letting_all_go_sends_what_is_held_and_holds_nothing_more(
    tmp_path: Path, identities: Identities, url: str
) -> None:
    async with open_rig(tmp_path, identities, registry(), database_url=url) as rig:
        await hold(rig, ANSWER, LATER_ANSWER)
        await ask(rig, "T-1")
        await answered_elsewhere(rig)
        await let_go(rig)
        await rig.outside.received(2)
        await ask(rig, "T-2")
        await rig.outside.received(3)


async def test_what_is_dropped_is_never_sent(tmp_path: Path, identities: Identities, url: str) -> None:
    async with open_rig(tmp_path, identities, registry(), database_url=url) as rig:
        await hold(rig, ANSWER)
        await ask(rig, "T-1")
        await answered_elsewhere(rig)
        async with rig.context.database.begin() as connection:
            await holding.drop(connection, MPAN)
        assert await held(rig) == 0
        assert await let_go(rig, 7) == set()
        await ask(rig, "T-2")
        await rig.outside.received(2)
