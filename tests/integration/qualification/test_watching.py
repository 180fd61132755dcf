"""The clock decides only what the judge has read up to; nobody is late because the harness was away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest

from backbone.errors import DatabaseUnavailable, LogUnavailable
from backbone.journal import JOURNAL_TOPIC, JournalEvent
from backbone.log import Record
from services.qualification import orders, watch
from tests.integration.qualification.beginnings import begun
from tests.integration.qualification.bench import HOST, Bench

SHORT = 0.5


class Gate:
    """Lets calls through, or keeps them."""

    def __init__(self, call: Callable[..., Awaitable[Any]]) -> None:
        self._call = call
        self._open = asyncio.Event()
        self._open.set()

    async def __call__(self, *arguments: Any) -> Any:
        await self._open.wait()
        return await self._call(*arguments)

    def close(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()


class Failing:
    """Calls fail while ``fault`` is set; ``failed`` counts them."""

    def __init__(self, call: Callable[..., Awaitable[Any]]) -> None:
        self._call = call
        self.fault: Exception | None = None
        self.failed = asyncio.Semaphore(0)

    async def __call__(self, *arguments: Any) -> Any:
        if self.fault is not None:
            self.failed.release()
            raise self.fault
        return await self._call(*arguments)


async def look_in_the_log(bench: Bench, run: dict[str, Any], after: datetime) -> JournalEvent:
    """The first mark of a look for the run after a moment, read from the log itself."""
    group = f"test-{uuid4().hex}"
    async with asyncio.timeout(30), bench.context.log.consume(group, [JOURNAL_TOPIC]) as records:
        while True:
            events = [JournalEvent.from_bytes(one.record.value) for one in await records.fetch()]
            found = [e for e in events if e.run == run["id"] and orders.is_look(e) and e.at >= after]
            if found:
                return found[0]


def deadline(run: dict[str, Any]) -> datetime:
    moments = [step["deadline"] for step in run["steps"] if step["deadline"]]
    return datetime.fromisoformat(moments[0])


async def test_given_messages_in_time_that_are_read_late_then_they_count(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when another process keeps a partition of the journal from being read for a while."""
    run, story = await begun(bench, timeout=SHORT)
    reading = Gate(bench.context.index._store)
    monkeypatch.setattr(bench.context.index, "_store", reading)
    reading.close()
    before = len(story.events)
    story.whole()
    await bench.tell(story, before)
    look = await look_in_the_log(bench, run, deadline(run))
    assert look.at >= deadline(run)
    assert not (await bench.run(run["id"]))["finished"]
    reading.open()
    assert (await bench.finished(run))["verdict"] == "passed"


async def test_given_a_silent_participant_then_the_clock_decides_once_the_journal_is_read(
    bench: Bench,
) -> None:
    run, _ = await begun(bench, timeout=SHORT)
    limit = deadline(run)
    ended = await bench.finished(run)
    assert ended["verdict"] == "failed"
    assert datetime.fromisoformat(ended["evaluatedAt"]) >= limit
    evidence = await bench.http.get(f"{HOST}/ui/runs/{run['id']}/evidence/verdict.json")
    assert evidence.json()["evaluatedAt"] == ended["evaluatedAt"]


@pytest.mark.parametrize("what", ["log", "database"])
async def test_given_the_harness_away_at_the_deadline_then_the_wait_begins_anew(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    run, story = await begun(bench, timeout=8)
    failing = failing_part(bench, monkeypatch, what)
    async with asyncio.timeout(30):
        while bench.context.clock.now() < deadline(run):
            await failing.failed.acquire()
    failing.fault = None
    assert (await resumed(bench, run)).at >= deadline(run)
    assert not (await bench.run(run["id"]))["finished"]
    before = len(story.events)
    story.whole()
    await bench.tell(story, before)
    assert (await bench.finished(run))["verdict"] == "passed"


def failing_part(bench: Bench, monkeypatch: pytest.MonkeyPatch, what: str) -> Failing:
    """The log, or what the judge asks of the database, fails from now on."""
    owner: Any = bench.context.log if what == "log" else bench.context.index
    name = "append" if what == "log" else "wait"
    failing = Failing(getattr(owner, name))
    failing.fault = LogUnavailable("it is away") if what == "log" else DatabaseUnavailable("it is away")
    monkeypatch.setattr(owner, name, failing)
    return failing


async def resumed(bench: Bench, run: dict[str, Any]) -> JournalEvent:
    """The order by which waits begin anew."""
    seen = 0
    async with asyncio.timeout(20):
        while True:
            events = [event for _, event in await bench.context.index.events(run=run["id"])]
            found = [e for e in events if e.details.get("order") == orders.RESUME]
            if found:
                return found[-1]
            seen = await bench.context.index.wait(seen, 1)


async def test_given_runs_that_wait_then_the_log_is_tried_again_and_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "PULSE_SECONDS", 0.05)
    run, _ = await begun(bench, timeout=60)
    group = f"test-{uuid4().hex}"
    async with asyncio.timeout(20), bench.context.log.consume(group, [watch.PULSE_TOPIC]) as records:
        pulses = 0
        while pulses < 2:
            pulses += len(await records.fetch())
    await bench.http.post(f"{HOST}/api/runs/{run['id']}/cancel")


async def test_given_a_look_then_its_marks_are_no_part_of_the_runs_evidence(bench: Bench) -> None:
    run, _ = await begun(bench, timeout=SHORT)
    await bench.finished(run)
    in_journal = [event for _, event in await bench.context.index.events(run=run["id"])]
    assert any(orders.is_look(event) for event in in_journal)
    answer = await bench.http.get(f"{HOST}/ui/runs/{run['id']}/evidence/journal.ndjson")
    assert answer.status_code == 200, answer.text
    assert '"look"' not in answer.text


async def test_given_a_look_whose_marks_could_not_be_appended_then_they_count_for_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may be in the log all the same: the answer was lost, not the marks."""
    run, _ = await begun(bench, timeout=SHORT)
    append = bench.context.log.append
    lost = asyncio.Event()

    async def losing(records: Sequence[Record]) -> None:
        await append(records)
        if not lost.is_set() and any(b'"look"' in record.value for record in records):
            lost.set()
            raise LogUnavailable("the answer was lost")

    monkeypatch.setattr(bench.context.log, "append", losing)
    await asyncio.wait_for(lost.wait(), 20)
    assert (await resumed(bench, run)).at >= deadline(run)
