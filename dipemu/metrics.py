"""``/metrics``: what a process does, for Prometheus. Cheap enough for every few seconds.

Nothing is counted by walking a table: messages are counted as the journal is indexed, since the process
began; deliveries that wait are in memory; of the runs only those are read that are new or had not ended; a
group's lag is counted in an index and only so far (``MOST``); sizes are the file system's.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from backbone.disk import free_bytes
from backbone.errors import DatabaseUnavailable, LogClosed, LogUnavailable
from backbone.journal import Kind
from backbone.log.embedded import FILE, EmbeddedLog
from backbone.measures import Measure, exposition
from backbone.service import Service
from backbone.snapshot import size_of
from dipemu.backup import DATABASE
from participant.context import Context

MOST: Final = 10_000
_OUTCOMES: Final = {
    Kind.ACCEPTED: "accepted",
    Kind.REFUSED: "refused",
    Kind.DELIVERED: "delivered",
    Kind.DELIVERY_ABANDONED: "abandoned",
}


class Metrics:
    """The figures of one process. ``parts``: which of them are ready."""

    def __init__(
        self, context: Context, services: Sequence[Service], parts: Callable[[], Mapping[str, bool]]
    ) -> None:
        self._context = context
        self._services = services
        self._parts = parts

    async def __call__(self) -> str:
        """The whole text. What cannot be asked now is left out: ``dipemu_part_ready`` tells."""
        found = [*self._process(), *self._messages(), *self._files()]
        for service in self._services:
            try:
                found += await service.measures()
            except (DatabaseUnavailable, LogUnavailable):
                continue
        return exposition([*found, *await self._lags()])

    def _process(self) -> Iterator[Measure]:
        ready = "Whether a part is ready: 1 or 0."
        for part, value in self._parts().items():
            yield Measure("dipemu_part_ready", ready, "gauge", value, {"part": part})
        yield Measure("process_resident_memory_bytes", "Memory in use.", "gauge", resident_bytes())
        seconds = "Processor time used since the start."
        yield Measure("process_cpu_seconds_total", seconds, "counter", time.process_time())

    def _messages(self) -> Iterator[Measure]:
        meaning = "Messages by what became of them, counted since the process began."
        counted = self._context.index.counted
        for kind, outcome in _OUTCOMES.items():
            labels = {"outcome": outcome}
            yield Measure("dipemu_messages_total", meaning, "counter", counted[kind.value], labels)

    def _files(self) -> Iterator[Measure]:
        settings = self._context.settings
        yield Measure("dipemu_disk_free_bytes", "Free disk.", "gauge", free_bytes(settings.data))
        if not settings.kafka:
            size = size_of(settings.log_directory / FILE)
            yield Measure("dipemu_log_bytes", "Size of the message log.", "gauge", size)
        if not settings.database_url:
            size = size_of(settings.data / DATABASE)
            yield Measure("dipemu_database_bytes", "Size of the database.", "gauge", size)

    async def _lags(self) -> list[Measure]:
        """Apache Kafka tells the lag of its groups itself."""
        log = self._context.log
        if not isinstance(log, EmbeddedLog):
            return []
        meaning = f"Records that a consumer group has still to handle; {MOST} stands for that many or more."
        try:
            lags = await log.lags(MOST)
        except (LogUnavailable, LogClosed):
            return []
        return [Measure("dipemu_log_lag_records", meaning, "gauge", n, {"group": g}) for g, n in lags.items()]


def resident_bytes() -> int:
    """The memory that the process has in use; where the system does not say, the most it ever had."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    if sys.platform == "win32":
        return 0
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
