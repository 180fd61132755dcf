"""What time does by itself: on a real log and a real database, by a business clock that tests move."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import AwareDatetime, BaseModel, ConfigDict

from backbone.clock import SystemClock
from backbone.journal import JournalEvent, Kind
from participant import timekeeper
from participant.handlers import HandlerRegistry, Incoming, JournalNote, Outgoing, World
from participant.wire import command_record
from tests.databases import BOTH, fresh_database
from tests.integration.participant.rig import MPAN, OTHER_MPAN, REGS, Identities, Rig, open_rig

FAR = timedelta(days=14)


class Alarms(BaseModel):
    """Moments to come, ``stuck`` when the handler is to leave them where they are."""

    model_config = ConfigDict(frozen=True)

    moments: tuple[AwareDatetime, ...] = ()
    fault: str = ""

    def next(self) -> datetime | None:
        return min(self.moments, default=None)


def alarms() -> HandlerRegistry[Alarms]:
    registry: HandlerRegistry[Alarms] = HandlerRegistry(Alarms)

    @registry.command("load_mpan")
    def set_alarms(
        state: Alarms | None, incoming: Incoming, now: datetime, world: World
    ) -> tuple[Alarms, list[Outgoing]]:
        after = Alarms.model_validate(incoming.message)
        return after, [JournalNote(Kind.HARNESS_PREPARED, {"command": incoming.name})]

    @registry.timer(Alarms.next)
    def rings(
        state: Alarms | None, incoming: Incoming, now: datetime, world: World
    ) -> tuple[Alarms | None, list[Outgoing]]:
        assert state is not None
        if state.fault == "broken":
            raise ZeroDivisionError("a fault of ours")
        passed = [moment for moment in state.moments if moment <= now]
        left = state.moments if state.fault == "stuck" else tuple(m for m in state.moments if m > now)
        note = JournalNote(Kind.CLOCK_ADVANCED, {"rang": [moment.isoformat() for moment in passed]})
        return state.model_copy(update={"moments": left}), [note]

    return registry


@pytest.fixture(params=BOTH)
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    async with fresh_database(request.param, tmp_path) as fresh:
        yield fresh


async def set_alarms(rig: Rig, *moments: datetime, mpan: str = MPAN, **more: Any) -> None:
    arguments = {"moments": [moment.isoformat() for moment in moments], **more}
    name = f"{mpan} {arguments}"
    await rig.command(
        command_record(
            "registration", "load_mpan", to=REGS, mpan=mpan, run=None, id=name, arguments=arguments
        )
    )


async def journal(rig: Rig, count: int) -> list[tuple[str | None, list[str]]]:
    """What rang, by MPAN, once the journal has ``count`` events."""
    events: list[JournalEvent] = await rig.journal(count)
    return [(event.mpan, event.details["rang"]) for event in events if event.kind is Kind.CLOCK_ADVANCED]


async def first_to_ring(rig: Rig) -> list[str]:
    """What rang first, however often the journal was told of other things."""
    for count in range(1, 100):
        for event in await rig.journal(count):
            if event.kind is Kind.CLOCK_ADVANCED:
                return list(event.details["rang"])
    raise AssertionError("nothing rang")


def in_the_future(rig: Rig, days: int = 14) -> datetime:
    return rig.context.clock.now() + timedelta(days=days)


async def test_a_moment_that_is_near_comes_by_itself(
    tmp_path: Path, identities: Identities, url: str
) -> None:
    async with open_rig(tmp_path, identities, alarms(), database_url=url) as rig:
        soon = SystemClock().now() + timedelta(seconds=0.3)
        await set_alarms(rig, soon)
        assert await journal(rig, 2) == [(MPAN, [soon.isoformat()])]
        assert SystemClock().now() >= soon


async def test_a_clock_that_is_moved_brings_what_lay_in_between(
    tmp_path: Path, identities: Identities, url: str
) -> None:
    async with open_rig(tmp_path, identities, alarms(), database_url=url) as rig:
        moment = in_the_future(rig)
        await set_alarms(rig, moment)
        await set_alarms(rig, moment, mpan=OTHER_MPAN)
        await rig.journal(2)
        rig.context.clock.advance(FAR, MPAN)
        assert await journal(rig, 3) == [(MPAN, [moment.isoformat()])]
        rig.context.clock.advance(FAR)
        assert await journal(rig, 4) == [(MPAN, [moment.isoformat()]), (OTHER_MPAN, [moment.isoformat()])]


async def test_each_of_several_moments_comes_in_its_turn(tmp_path: Path, identities: Identities) -> None:
    async with open_rig(tmp_path, identities, alarms()) as rig:
        first, second = in_the_future(rig, 1), in_the_future(rig, 2)
        await set_alarms(rig, second, first)
        for number in (2, 3):
            await rig.journal(number - 1)
            rig.context.clock.advance(timedelta(days=1), MPAN)
        assert await journal(rig, 3) == [(MPAN, [first.isoformat()]), (MPAN, [second.isoformat()])]


async def test_a_moment_that_passed_while_nobody_ran_comes_at_the_next_start(
    tmp_path: Path, identities: Identities, url: str
) -> None:
    async with open_rig(tmp_path, identities, alarms(), database_url=url) as rig:
        moment = SystemClock().now() + timedelta(seconds=0.5)
        await set_alarms(rig, moment)
        await rig.journal(1)
    async with open_rig(tmp_path, identities, alarms(), database_url=url) as rig:
        assert await first_to_ring(rig) == [moment.isoformat()]


async def test_given_several_processes_each_moment_is_handled_once(
    tmp_path: Path, identities: Identities, url: str
) -> None:
    mpans = [f"12000000001{number:02d}" for number in range(20)]
    async with open_rig(tmp_path, identities, alarms(), database_url=url, copies=3) as rig:
        moment = in_the_future(rig)
        for mpan in mpans:
            await set_alarms(rig, moment, mpan=mpan)
        await rig.journal(len(mpans))
        rig.context.clock.advance(FAR)
        await rig.journal(2 * len(mpans))
        marker = in_the_future(rig, 1)
        await set_alarms(rig, marker)
        rig.context.clock.advance(timedelta(days=1))
        rang = await journal(rig, 2 * len(mpans) + 2)
    assert sorted(rang) == sorted(
        [*((mpan, [moment.isoformat()]) for mpan in mpans), (MPAN, [marker.isoformat()])]
    )


async def test_a_state_without_a_moment_to_come_is_left_alone(tmp_path: Path, identities: Identities) -> None:
    async with open_rig(tmp_path, identities, alarms()) as rig:
        await set_alarms(rig, in_the_future(rig))
        await set_alarms(rig)
        other = in_the_future(rig, 15)
        await set_alarms(rig, other, mpan=OTHER_MPAN)
        await rig.journal(3)
        rig.context.clock.advance(timedelta(days=15))
        assert await journal(rig, 4) == [(OTHER_MPAN, [other.isoformat()])]


@pytest.mark.parametrize(("fault", "words"), [("broken", "ZeroDivisionError"), ("stuck", "TimeStandsStill")])
async def test_a_handler_that_fails_is_reported_once_and_holds_up_nobody(
    tmp_path: Path, identities: Identities, fault: str, words: str
) -> None:
    async with open_rig(tmp_path, identities, alarms()) as rig:
        moment, later = in_the_future(rig, 1), in_the_future(rig, 2)
        await set_alarms(rig, moment, fault=fault)
        await set_alarms(rig, later, mpan=OTHER_MPAN)
        await rig.journal(2)
        rig.context.clock.advance(timedelta(days=1))
        await rig.journal(3)
        rig.context.clock.advance(timedelta(days=1))
        *_, reported, rang = await rig.journal(4)
    assert (reported.kind, reported.mpan) == (Kind.SERVICE_FAULT, MPAN)
    assert words in reported.details["fault"]
    assert (rang.kind, rang.mpan) == (Kind.CLOCK_ADVANCED, OTHER_MPAN)


async def test_nobody_looks_at_the_database_while_nothing_is_due(
    tmp_path: Path, identities: Identities, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0
    look = timekeeper.Timekeeper._look

    async def counted(keeper: timekeeper.Timekeeper) -> Any:
        nonlocal looks
        looks += 1
        return await look(keeper)

    monkeypatch.setattr(timekeeper.Timekeeper, "_look", counted)
    async with open_rig(tmp_path, identities, alarms()) as rig:
        await set_alarms(rig, in_the_future(rig))
        await rig.journal(1)
        before = looks
        for number in range(20):
            await set_alarms(rig, in_the_future(rig, 20), mpan=f"12000000002{number:02d}")
        await rig.journal(21)
        await asyncio.sleep(0.2)
    assert looks == before <= 3


async def test_what_another_process_set_and_left_is_found_in_time(
    tmp_path: Path, identities: Identities, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timekeeper, "LOOK_AGAIN_SECONDS", 0.05)
    async with open_rig(tmp_path, identities, alarms(), database_url=url) as rig:
        moment = SystemClock().now() + timedelta(seconds=0.3)
        monkeypatch.setattr(timekeeper.Timekeeper, "offer", lambda keeper, set_now: None)
        await set_alarms(rig, moment)
        assert await journal(rig, 2) == [(MPAN, [moment.isoformat()])]
