"""Group commit: one thread writes what all appenders hand in, one transaction for everything that waits."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from backbone.errors import BackboneError, LogUnavailable
from backbone.log.embedded import storage
from backbone.log.unsettled import Partition

_MAX_BATCH_ROWS = 2_000
_MAX_BATCH_BYTES = 32 * 1024 * 1024


@dataclass(slots=True)
class Work:
    """One call to the log: the rows it appends or the group positions it commits, and who waits for it."""

    done: asyncio.Future[None]
    rows: Sequence[storage.Row] = ()
    positions: Sequence[tuple[str, str, int, int]] = ()
    size: int = 0
    ends: dict[Partition, int] = field(default_factory=dict)  # filled in by the writer


class GroupCommitWriter:
    """Owns the only writing connection. ``settle`` is called on the event loop after each transaction."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        settle: Callable[[Sequence[Work], BackboneError | None], None],
    ) -> None:
        self._connection = connection
        self._settle = settle
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[Work | None] = SimpleQueue()
        self._next = storage.last_number(connection) + 1
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Work) -> None:
        self._queue.put(work)

    async def stop(self) -> None:
        """Write what was handed in and end the thread."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        running = True
        while running:
            batch, running = self._collect()
            if not batch:
                continue
            outcome = self._attempt(batch)
            try:
                self._loop.call_soon_threadsafe(self._settle, batch, outcome)
            except RuntimeError:  # the event loop is gone, and with it everyone who waits
                return

    def _collect(self) -> tuple[list[Work], bool]:
        """Everything that waits, up to a bound; False when it is time to stop."""
        work = self._queue.get()
        batch: list[Work] = []
        rows = size = 0
        while work is not None:
            batch.append(work)
            rows, size = rows + len(work.rows), size + work.size
            if rows >= _MAX_BATCH_ROWS or size >= _MAX_BATCH_BYTES:
                return batch, True
            try:
                work = self._queue.get_nowait()
            except Empty:
                return batch, True
        return batch, False

    def _attempt(self, batch: Sequence[Work]) -> BackboneError | None:
        """Write the batch; the fault that kept it from being written, if any."""
        try:
            self._write(batch)
        except Exception as error:  # noqa: BLE001 - a thread's outermost loop: it must outlive any fault
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            fault = LogUnavailable(f"the embedded log could not write: {error}")
            fault.__cause__ = error
            return fault
        return None

    def _write(self, batch: Sequence[Work]) -> None:
        rows = [row for work in batch for row in work.rows]
        positions = [row for work in batch for row in work.positions]
        storage.write(self._connection, self._next, rows, positions)
        for work in batch:
            for topic, partition, *_ in work.rows:
                work.ends[topic, partition] = self._next
                self._next += 1
