"""A worker that dies is journalled, makes its service unready, and is started again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from backbone.clock import SystemClock
from backbone.errors import DatabaseUnavailable, LogUnavailable
from backbone.journal import JOURNAL_TOPIC, Journal, JournalEvent, Kind
from backbone.log.embedded import EmbeddedLog
from backbone.service import Service
from dipemu.supervisor import Supervisor


class Frail:
    """A worker that fails the first times and then works until it is cancelled."""

    def __init__(self, failures: int, fault: BaseException | None = None) -> None:
        self.failures = failures
        self.fault = fault or RuntimeError("the disk is full")
        self.failed = asyncio.Event()
        self.working = asyncio.Event()

    async def __call__(self) -> None:
        if self.failures:
            self.failures -= 1
            self.failed.set()
            raise self.fault
        self.working.set()
        await asyncio.Event().wait()


async def test_a_worker_that_fails_is_reported_and_started_again(tmp_path: Path) -> None:
    log = await EmbeddedLog.open(tmp_path / "log")
    worker = Frail(failures=1)
    supervisor = Supervisor([Service("registration", None, "", [worker])], Journal(log), SystemClock())
    supervisor.start()
    await worker.failed.wait()
    async with log.consume("test", [JOURNAL_TOPIC]) as subscription:
        (consumed,) = await subscription.fetch(wait=5)
    assert supervisor.health() == {"registration": False}
    assert "after RuntimeError" in supervisor.reasons()["registration"]
    assert "full" not in supervisor.reasons()["registration"], "a stranger's words are for the log alone"
    event = JournalEvent.from_bytes(consumed.record.value)
    assert event.kind is Kind.SERVICE_FAULT
    assert event.details == {"fault": "RuntimeError: the disk is full"}
    async with asyncio.timeout(5):
        await worker.working.wait()
    assert supervisor.health() == {"registration": True}
    assert supervisor.reasons() == {}
    await supervisor.stop()
    await log.close()


async def test_a_service_that_says_no_is_not_ready(tmp_path: Path) -> None:
    log = await EmbeddedLog.open(tmp_path / "log")
    waits = Service("css_stub", ready=lambda: False, waits_for=lambda: "It reads its rules.")
    services = [waits, Service("registration")]
    supervisor = Supervisor(services, Journal(log), SystemClock())
    assert supervisor.health() == {"css_stub": False, "registration": True}
    assert supervisor.reasons() == {"css_stub": "It reads its rules."}
    await log.close()


async def test_stop_ends_every_worker(tmp_path: Path) -> None:
    log = await EmbeddedLog.open(tmp_path / "log")
    workers = [Frail(0), Frail(0)]
    supervisor = Supervisor([Service("registration", None, "", workers)], Journal(log), SystemClock())
    supervisor.start()
    for worker in workers:
        await worker.working.wait()
    await supervisor.stop()
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("registration#")]
    await log.close()


async def test_a_cancellation_that_nobody_asked_for_does_not_end_a_worker(tmp_path: Path) -> None:
    log = await EmbeddedLog.open(tmp_path / "log")
    worker = Frail(1, asyncio.CancelledError())
    supervisor = Supervisor([Service("registration", None, "", [worker])], Journal(log), SystemClock())
    supervisor.start()
    async with asyncio.timeout(5):
        await worker.working.wait()
    await supervisor.stop()
    await log.close()


@pytest.mark.parametrize(
    "away",
    [
        LogUnavailable("no broker"),
        DatabaseUnavailable("no server"),
        ExceptionGroup("tasks", [DatabaseUnavailable("no server"), LogUnavailable("no broker")]),
    ],
)
async def test_waiting_for_the_log_or_the_database_is_no_fault_of_the_service(
    tmp_path: Path, away: Exception
) -> None:
    log = await EmbeddedLog.open(tmp_path / "log")
    worker = Frail(1, away)
    supervisor = Supervisor([Service("registration", None, "", [worker])], Journal(log), SystemClock())
    supervisor.start()
    await worker.failed.wait()
    async with asyncio.timeout(5):
        await worker.working.wait()
    await supervisor.stop()
    async with log.consume("test", [JOURNAL_TOPIC]) as subscription:
        assert await subscription.fetch(wait=0.1) == []
    await log.close()
