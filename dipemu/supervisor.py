"""Keeps the workers of the services running: a worker that dies is reported and started again."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence

from backbone.clock import Clock
from backbone.errors import BackboneError, DatabaseUnavailable, LogUnavailable
from backbone.journal import Journal, JournalEvent, Kind
from backbone.service import Service, Worker

logger = logging.getLogger("dipemu")

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 10.0


class Supervisor:
    """Runs every worker of the given services as a task until ``stop``."""

    def __init__(self, services: Sequence[Service], journal: Journal, clock: Clock) -> None:
        self._services = services
        self._journal = journal
        self._clock = clock
        self._tasks: dict[asyncio.Task[None], str] = {}
        self._down: dict[str, str] = {}  # workers that wait to be started again, and why

    def start(self) -> None:
        """Start all workers."""
        for service in self._services:
            for number, worker in enumerate(service.workers):
                name = f"{service.name}#{number}"
                self._tasks[asyncio.create_task(self._keep(name, service.name, worker), name=name)] = name

    async def stop(self) -> None:
        """Cancel all workers and wait until they have ended."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    def health(self) -> dict[str, bool]:
        """Which service is ready: its own word, and none of its workers waits to be started again."""
        return {
            service.name: service.ready() and not any(n.split("#")[0] == service.name for n in self._down)
            for service in self._services
        }

    def reasons(self) -> dict[str, str]:
        """Of the services that are not ready, why not."""
        found: dict[str, str] = {}
        for service in self._services:
            why = [text for name, text in self._down.items() if name.split("#")[0] == service.name]
            if not service.ready():
                why.append(service.waits_for())
            if why:
                found[service.name] = " ".join(dict.fromkeys(why))
        return found

    async def _keep(self, name: str, service: str, worker: Worker) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            began = time.monotonic()
            fault = await _fault_of(worker)
            if fault is None:
                return
            self._down[name] = _said(fault)
            if time.monotonic() - began > LONGEST_PAUSE_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            await self._tell(name, service, fault, pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            self._down.pop(name, None)

    async def _tell(self, name: str, service: str, fault: BaseException, pause: float) -> None:
        """A log or a database that is away is no fault of the service: it waits, unready, and says so."""
        if _is_away(fault):
            logger.warning("worker %s waits %.1f s: %s", name, pause, fault)
            return
        logger.error("worker %s failed, starting it again in %.1f s", name, pause, exc_info=fault)
        await self._report(service, fault)

    async def _report(self, service: str, fault: BaseException) -> None:
        event = JournalEvent(
            Kind.SERVICE_FAULT,
            self._clock.now(),
            service,
            details={"fault": f"{type(fault).__name__}: {fault}"},
        )
        try:
            await self._journal.write(event)
        except Exception:  # noqa: BLE001 - the journal itself may be what failed; the log line above stands
            logger.warning("the journal could not take the fault of %s", service)


def _said(fault: BaseException) -> str:
    """For whoever asks, and anybody may: our own sentences, of any other fault its name alone."""
    if isinstance(fault, BackboneError):
        return f"It waits to go on: {fault}."
    return f"It is started again after {type(fault).__name__}; the process's log tells more."


async def _fault_of(worker: Worker) -> BaseException | None:
    """Run the worker; what ended it, None when it ended by itself."""
    try:
        await worker()
    except asyncio.CancelledError as cancelled:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        return cancelled  # a library cancelled a task of its own and let that out: nobody stopped us
    except Exception as fault:  # noqa: BLE001 - whatever it is, it is told and the worker started again
        return fault
    return None


def _is_away(fault: BaseException) -> bool:
    if isinstance(fault, BaseExceptionGroup):
        return all(map(_is_away, fault.exceptions))
    return isinstance(fault, (LogUnavailable, DatabaseUnavailable))
