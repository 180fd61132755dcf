"""Keeps the workers of the services running: a worker that dies is reported and started again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from backbone.clock import Clock
from backbone.journal import Journal, JournalEvent, Kind
from backbone.service import Service

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
        self._down: set[str] = set()

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

    async def _keep(self, name: str, service: str, worker: Callable[[], Awaitable[None]]) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                await worker()
                return
            except Exception as fault:
                self._down.add(name)
                logger.exception("worker %s failed, starting it again in %.1f s", name, pause)
                await self._report(service, fault)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            self._down.discard(name)

    async def _report(self, service: str, fault: Exception) -> None:
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
