"""Business time survives a restart and reaches other processes, on both databases."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from backbone.clock import BusinessClock
from backbone.clock_offsets import ClockOffsets
from backbone.database import Database

MPAN, OTHER = "1200000000018", "1200000000027"
WEEK = timedelta(days=7)
NOON = datetime(2026, 3, 21, 12, tzinfo=UTC)


class Stopped:
    def now(self, mpan: str | None = None) -> datetime:
        return NOON


async def test_the_time_of_an_mpan_is_the_same_after_a_restart(database: Database) -> None:
    clock = BusinessClock(Stopped())
    await ClockOffsets(database, clock).keep(MPAN, WEEK)
    assert clock.now(MPAN) == NOON + WEEK
    after_restart = BusinessClock(Stopped())
    await ClockOffsets(database, after_restart).read()
    assert after_restart.now(MPAN) == NOON + WEEK
    assert after_restart.now(OTHER) == after_restart.now() == NOON


async def test_keeping_the_same_or_an_earlier_time_changes_nothing(database: Database) -> None:
    clock = BusinessClock(Stopped())
    offsets = ClockOffsets(database, clock)
    for days in (7, 7, 3):
        await offsets.keep(MPAN, timedelta(days=days))
    assert clock.now(MPAN) == NOON + WEEK
    fresh = BusinessClock(Stopped())
    await ClockOffsets(database, fresh).read()
    assert fresh.now(MPAN) == NOON + WEEK


async def test_another_process_takes_over_only_what_is_new(database: Database) -> None:
    here, there = BusinessClock(Stopped()), BusinessClock(Stopped())
    mine, theirs = ClockOffsets(database, here), ClockOffsets(database, there)
    await mine.keep(MPAN, WEEK)
    await theirs.read()
    told: list[str] = []
    with there.watched(lambda: told.append("moved")):
        await theirs.read()
        assert told == []
        await mine.keep(OTHER, WEEK)
        await theirs.read()
    assert told == ["moved"]
    assert there.now(OTHER) == NOON + WEEK


async def test_two_that_advance_at_once_lose_neither_change(database: Database) -> None:
    offsets = [ClockOffsets(database, BusinessClock(Stopped())) for _ in range(6)]
    await asyncio.gather(
        *(one.keep(f"120000000{n:04d}", timedelta(days=n + 1)) for n, one in enumerate(offsets))
    )
    clock = BusinessClock(Stopped())
    await ClockOffsets(database, clock).read()
    assert [clock.now(f"120000000{n:04d}") - NOON for n in range(6)] == [
        timedelta(days=n + 1) for n in range(6)
    ]
