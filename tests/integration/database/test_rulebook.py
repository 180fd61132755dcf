"""Fault rules as they are kept: shared by the processes of a gateway, counted once, not lost by a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backbone.database import Database
from services.dip_gateway import rulebook
from services.dip_gateway.faults import Fault, FaultRule, FaultSubject
from services.dip_gateway.rulebook import RuleBook
from tests.all_tables import import_all_tables

import_all_tables()
NOW = datetime(2026, 3, 21, 9, 0, tzinfo=UTC)
SUBJECT = FaultSubject(party="2300000001", interface="IF-031")


def rule(**values: Any) -> FaultRule:
    return FaultRule.model_validate({"name": "one", "fault": "drop"} | values)


async def book(database: Database, *given: FaultRule) -> RuleBook:
    """One process's book, just started."""
    opened = RuleBook(database, 0, given)
    await opened.run()
    return opened


@asynccontextmanager
async def following(database: Database) -> AsyncIterator[RuleBook]:
    """The book of a process that others share the rules with."""
    opened = RuleBook(database, shared=True)
    task = asyncio.create_task(opened.run())
    await opened.loaded.wait()
    try:
        yield opened
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rulebook, "LOOK_SECONDS", 0.01)


async def changed(opened: RuleBook) -> None:
    news = asyncio.Event()
    opened.watch(news.set)
    await asyncio.wait_for(news.wait(), 10)


async def test_given_a_restart_then_the_rules_are_there_with_what_is_left_of_them(database: Database) -> None:
    before = await book(database)
    await before.put([rule(times=3), rule(name="two", fault="outage", hours=2)], NOW)
    assert len(await before.struck("delivery", [SUBJECT])) == 1
    after = await book(database)
    assert after.plan.outage("delivery", "2300000001", NOW + timedelta(hours=1)) is not None
    assert after.plan.outage("delivery", "2300000001", NOW + timedelta(hours=3)) is None
    assert [len(await after.struck("delivery", [SUBJECT])) for _ in range(3)] == [1, 1, 0]


async def test_given_a_rule_put_in_at_one_process_then_it_strikes_at_another(database: Database) -> None:
    async with following(database) as other:
        assert not other.plan
        here = await book(database)
        news = asyncio.create_task(changed(other))
        await here.put([rule()], NOW)
        await news
        assert [one.fault for one in await other.struck("delivery", [SUBJECT])] == [Fault.DROP]


async def test_given_a_rule_taken_out_at_one_process_then_it_ends_at_another(database: Database) -> None:
    here = await book(database)
    await here.put([rule(), rule(name="two")], NOW)
    async with following(database) as other:
        news = asyncio.create_task(changed(other))
        assert await here.remove("one")
        await news
        assert [one.name for one in other.plan.rules()] == ["two"]


async def test_given_two_processes_then_a_rule_strikes_as_often_as_it_may_altogether(
    database: Database,
) -> None:
    first = await book(database)
    await first.put([rule(times=3)], NOW)
    second = await book(database)
    drawn = [await one.struck("delivery", [SUBJECT]) for _ in range(4) for one in (first, second)]
    assert sum(map(len, drawn)) == 3


async def test_a_rule_put_in_anew_strikes_as_often_as_it_says_again(database: Database) -> None:
    opened = await book(database)
    for _ in range(2):
        await opened.put([rule(times=1)], NOW)
        assert [len(await opened.struck("delivery", [SUBJECT])) for _ in range(2)] == [1, 0]


async def test_a_rule_of_the_file_counts_in_its_process_and_is_not_kept(database: Database) -> None:
    opened = await book(database, rule(times=1))
    assert opened.given("one")
    assert [len(await opened.struck("delivery", [SUBJECT])) for _ in range(2)] == [1, 0]
    assert not (await book(database)).plan
    assert not await opened.remove("one")


async def test_a_rule_put_in_takes_the_place_of_the_files_until_it_is_taken_out(database: Database) -> None:
    opened = await book(database, rule())
    await opened.put([rule(fault="delay")], NOW)
    assert not opened.given("one")
    assert [one.fault for one in opened.plan.rules()] == [Fault.DELAY]
    assert await opened.remove("one")
    assert [one.fault for one in opened.plan.rules()] == [Fault.DROP]


async def test_an_outage_keeps_the_end_it_was_given(database: Database) -> None:
    [kept] = await (await book(database)).put([rule(fault="outage", hours=72)], NOW)
    assert kept.until == NOW + timedelta(hours=72)


async def test_taking_out_what_is_not_there_says_so_and_tells_nobody(database: Database) -> None:
    opened = await book(database)
    told: list[None] = []
    opened.watch(lambda: told.append(None))
    assert not await opened.remove("nothing")
    assert told == []
