"""The searchable journal, on both databases, fed by the real embedded log."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from backbone.database import Database
from backbone.errors import DatabaseUnavailable
from backbone.journal import Journal, JournalEvent, JournalIndex, Kind
from backbone.journal.index import GROUP, _row
from backbone.journal.table import journal_event
from backbone.log import Record
from backbone.log.dead_letters import topic_of
from backbone.log.embedded import EmbeddedLog
from tests.real_services import POSTGRES_SCRIPT, run

NOON = datetime(2026, 3, 21, 12, tzinfo=UTC)
MPAN = "1200000000001"


def event(kind: Kind = Kind.ACCEPTED, at: datetime = NOON, **more: Any) -> JournalEvent:
    return JournalEvent(kind, at, "dip_gateway", **more)


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[EmbeddedLog]:
    opened = await EmbeddedLog.open(tmp_path / "log")
    yield opened
    await opened.close()


@pytest.fixture
async def index(database: Database, log: EmbeddedLog) -> AsyncIterator[JournalIndex]:
    """An index at work."""
    projecting = JournalIndex(database, log)
    task = asyncio.create_task(projecting.run())
    yield projecting
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def indexed(index: JournalIndex, count: int) -> list[tuple[int, JournalEvent]]:
    """All events, once there are ``count``."""
    newest = 0
    while len(found := await index.events()) < count:
        newest = await index.wait(newest, 10)
    return found


async def test_an_event_comes_back_exactly_as_it_was_written(index: JournalIndex, log: EmbeddedLog) -> None:
    written = event(
        Kind.REFUSED,
        mpan=MPAN,
        interface="IF-031",
        event_code="[MSApp]",
        sender="2300000001",
        recipient="1000000000",
        reference="S-1",
        transaction_id="T-1",
        correlation_id="CI-1",
        run="run-1",
        codes=("MSG1001",),
        headers={"X-Trace": "1"},
        body='{"payload": "\u00e9"}',
        details={"status": 400, "violations": [{"pointer": "/payload"}]},
    )
    await Journal(log).write(written)
    ((sequence, found),) = await indexed(index, 1)
    assert found == written
    assert sequence == 1


async def test_events_are_found_by_everything_that_identifies_them(
    index: JournalIndex, log: EmbeddedLog
) -> None:
    one = event(
        mpan=MPAN,
        sender="A",
        recipient="B",
        reference="S-1",
        transaction_id="T-1",
        correlation_id="C-1",
        interface="IF-031",
        run="run-1",
    )
    two = event(sender="B", recipient="C", at=NOON + timedelta(hours=1))
    await Journal(log).write(one, two)
    await indexed(index, 2)
    for search in (
        {"mpan": MPAN},
        {"party": "A"},
        {"reference": "S-1"},
        {"transaction": "T-1"},
        {"correlation": "C-1"},
        {"interface": "IF-031"},
        {"run": "run-1"},
        {"until": NOON + timedelta(minutes=1)},
        {"limit": 1},
        {"mpan": MPAN, "party": "B", "run": "run-1"},
    ):
        assert [e for _, e in await index.events(**search)] == [one], search
    assert [e for _, e in await index.events(party="B")] == [one, two]
    assert [e for _, e in await index.events(since=NOON + timedelta(hours=1))] == [two]
    assert [e for _, e in await index.events(after=1)] == [two]
    assert await index.events(mpan=MPAN, party="C") == []
    assert await index.events(reference="S-2") == []


async def test_times_are_compared_as_instants(index: JournalIndex, log: EmbeddedLog) -> None:
    summer = datetime.fromisoformat("2026-07-01T00:00:00+01:00")
    await Journal(log).write(event(at=summer))
    await indexed(index, 1)
    assert await index.events(since=datetime(2026, 6, 30, 23, tzinfo=UTC))
    assert not await index.events(until=datetime(2026, 6, 30, 23, tzinfo=UTC))


async def test_events_of_one_mpan_keep_their_order(index: JournalIndex, log: EmbeddedLog) -> None:
    for start in range(0, 300, 30):
        await Journal(log).write(
            *(event(mpan=f"mpan-{n % 3}", reference=f"S-{n}") for n in range(start, start + 30))
        )
    await indexed(index, 300)
    for mpan in range(3):
        references = [e.reference for _, e in await index.events(mpan=f"mpan-{mpan}")]
        assert references == [f"S-{n}" for n in range(mpan, 300, 3)]


async def test_the_same_event_twice_is_indexed_once(index: JournalIndex, log: EmbeddedLog) -> None:
    twice = event(mpan=MPAN)
    await Journal(log).write(twice, twice)
    await Journal(log).write(twice, event(mpan=MPAN))
    assert len(await indexed(index, 2)) == 2


async def test_given_a_kill_before_the_commit_indexing_again_changes_nothing(
    database: Database, log: EmbeddedLog
) -> None:
    """The events are in the table, but the position in the log was not committed."""
    await Journal(log).write(*(event(reference=f"S-{n}") for n in range(20)))
    first = JournalIndex(database, log)
    async with log.consume(GROUP, ["journal"]) as subscription:
        await first._store([_row(consumed.record.value) for consumed in await subscription.fetch()])
    second = JournalIndex(database, log)
    task = asyncio.create_task(second.run())
    await Journal(log).write(event(reference="S-20"))
    found = await indexed(second, 21)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert sorted(e.reference or "" for _, e in found) == sorted(f"S-{n}" for n in range(21))


async def test_what_is_not_an_event_is_buried_and_holds_nobody_up(
    index: JournalIndex, log: EmbeddedLog
) -> None:
    await log.append([Record("journal", "k", b"nonsense"), Record("journal", "k", b'{"kind": "unheard of"}')])
    await Journal(log).write(event(mpan=MPAN))
    assert len(await indexed(index, 1)) == 1
    async with log.consume("undertaker", [topic_of(GROUP)]) as subscription:
        dead = await subscription.fetch(wait=10)
    assert [consumed.record.value for consumed in dead][:1] == [b"nonsense"]


async def test_texts_of_strangers_are_indexed_as_far_as_they_go(
    index: JournalIndex, log: EmbeddedLog
) -> None:
    strange = "S-\0" + "x" * 5000
    await Journal(log).write(event(reference=strange, mpan="not an mpan", sender="\0"))
    await indexed(index, 1)
    ((_, found),) = await index.events(reference=strange)
    assert found.reference == strange


class TestWait:
    async def test_returns_at_once_when_there_is_something_newer(
        self, index: JournalIndex, log: EmbeddedLog
    ) -> None:
        await Journal(log).write(event(), event())
        await indexed(index, 2)
        assert await index.wait(0, 10) == 2
        assert await index.wait(1, 10) == 2

    async def test_is_woken_promptly(self, index: JournalIndex, log: EmbeddedLog) -> None:
        waiting = asyncio.create_task(index.wait(0, 10))
        await asyncio.sleep(0.05)
        begun = time.monotonic()
        await Journal(log).write(event())
        assert await waiting == 1
        assert time.monotonic() - begun < 1

    async def test_gives_up_after_the_time_given(self, index: JournalIndex) -> None:
        assert await index.wait(0, 0.1) == 0

    async def test_sees_what_another_process_indexes(
        self, index: JournalIndex, database: Database, log: EmbeddedLog
    ) -> None:
        elsewhere = JournalIndex(database, log)
        waiting = asyncio.create_task(elsewhere.wait(0, 10))
        await Journal(log).write(event())
        assert await waiting == 1

    async def test_many_may_wait(self, index: JournalIndex, log: EmbeddedLog) -> None:
        waiting = [asyncio.create_task(index.wait(0, 10)) for _ in range(50)]
        await asyncio.sleep(0)
        await Journal(log).write(event())
        assert await asyncio.gather(*waiting) == [1] * 50


async def test_several_indexers_share_the_work_and_numbers_become_visible_in_order(
    database: Database, log: EmbeddedLog
) -> None:
    """A reader that goes on from the last number it saw misses nothing."""
    indexers = [JournalIndex(database, log) for _ in range(3)]
    tasks = [asyncio.create_task(index.run()) for index in indexers]
    reader = JournalIndex(database, log)
    for burst in range(10):
        await Journal(log).write(*(event(mpan=f"{n}", reference=f"S-{burst}-{n}") for n in range(40)))
    seen: list[str] = []
    newest = 0
    while len(seen) < 400:
        await reader.wait(newest, 10)
        found = await reader.events(after=newest)
        newest = found[-1][0]
        seen += [e.reference or "" for _, e in found]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert len(set(seen)) == 400
    async with database.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(journal_event)) == 400


_OWN = {"POSTGRES_PORT": "15498"}


@pytest.mark.postgres
@pytest.mark.slow
async def test_given_the_database_is_killed_and_comes_back_nothing_is_missing(log: EmbeddedLog) -> None:
    await asyncio.to_thread(run, POSTGRES_SCRIPT, "start", **_OWN)
    url = await asyncio.to_thread(run, POSTGRES_SCRIPT, "url", **_OWN)
    database = await Database.open(url.strip())
    await database.create_tables()
    index = JournalIndex(database, log)
    task = asyncio.create_task(index.run())
    test = f"run-{uuid4().hex}"
    await Journal(log).write(event(run=test, reference="before"))
    assert await _of_run(index, test, 1)
    await asyncio.to_thread(run, POSTGRES_SCRIPT, "kill", **_OWN)
    await Journal(log).write(*(event(run=test, reference=f"S-{n}", mpan=f"{n}") for n in range(50)))
    with pytest.raises(DatabaseUnavailable):
        await index.events(run=test)
    await asyncio.to_thread(run, POSTGRES_SCRIPT, "start", **_OWN)
    found = await _of_run(index, test, 51)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await database.close()
    await asyncio.to_thread(run, POSTGRES_SCRIPT, "stop", **_OWN)
    assert {e.reference for e in found} == {"before", *(f"S-{n}" for n in range(50))}


async def _of_run(index: JournalIndex, test: str, count: int) -> list[JournalEvent]:
    newest = 0
    while len(found := await index.events(run=test)) < count:
        newest = await index.wait(newest, 10)
    return [e for _, e in found]
