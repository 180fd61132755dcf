"""Group commit: one thread writes what all appenders hand in, one transaction for everything that waits."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from queue import SimpleQueue

from backbone.clock import Clock, SystemClock
from backbone.errors import BackboneError, LogUnavailable
from backbone.log.embedded import storage
from backbone.log.unsettled import Partition

_MAX_BATCH_ROWS = 2_000
_MAX_BATCH_BYTES = 32 * 1024 * 1024
_MARK_EVERY = timedelta(hours=1)


@dataclass(slots=True)
class Work:
    """One call to the log: the rows it appends or the group positions it commits, and who waits for it."""

    done: asyncio.Future[None]
    rows: Sequence[storage.Row] = ()
    positions: Sequence[tuple[str, str, int, int]] = ()
    size: int = 0
    ends: dict[Partition, int] = field(default_factory=dict)  # filled in by the writer


class GroupCommitWriter:
    """Owns the only writing connection. ``settle`` is called on the event loop after each transaction.

    The event loop gathers: what comes while it works through one turn, or while the thread writes, is handed
    over as one. So the thread wakes once per transaction and the two seldom wait for each other's turn.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        settle: Callable[[Sequence[Work], BackboneError | None], None],
        clock: Clock | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._connection = connection
        self._settle = settle
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[Work] = deque()
        self._idle = asyncio.Event()
        self._idle.set()
        self._queue: SimpleQueue[list[Work] | None] = SimpleQueue()
        self._next = storage.last_number(connection) + 1
        self._last_write = self._clock.now()
        self._mark()
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Work) -> None:
        self._waiting.append(work)
        if self._idle.is_set():
            self._idle.clear()
            self._loop.call_soon(self._hand_over)

    def _hand_over(self) -> None:
        batch = self._gathered()
        if batch:
            self._queue.put(batch)
        else:
            self._idle.set()

    def _gathered(self) -> list[Work]:
        """Everything that waits, up to a bound."""
        batch: list[Work] = []
        rows = size = 0
        while self._waiting and rows < _MAX_BATCH_ROWS and size < _MAX_BATCH_BYTES:
            work = self._waiting.popleft()
            batch.append(work)
            rows, size = rows + len(work.rows), size + work.size
        return batch

    def _written(self, batch: Sequence[Work], fault: BackboneError | None) -> None:
        self._hand_over()
        self._settle(batch, fault)

    async def stop(self) -> None:
        """Write what was handed in and end the thread."""
        await self._idle.wait()
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        while (batch := self._queue.get()) is not None:
            outcome = self._attempt(batch)
            try:
                self._loop.call_soon_threadsafe(self._written, batch, outcome)
            except RuntimeError:  # the event loop is gone, and with it everyone who waits
                return
        with suppress(sqlite3.Error):  # it was full or away; the next opening marks the same records
            self._last_write = self._clock.now()
            self._mark()

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
        now = self._clock.now()
        if now - self._marked >= _MARK_EVERY:
            self._mark()
        rows = [row for work in batch for row in work.rows]
        positions = [row for work in batch for row in work.positions]
        storage.write(self._connection, self._next, rows, positions)
        for work in batch:
            for topic, partition, *_ in work.rows:
                work.ends[topic, partition] = self._next
                self._next += 1
        self._last_write = now

    def _mark(self) -> None:
        """Keep when the newest record was there: what was written last was there when it was written."""
        storage.mark(self._connection, self._next - 1, self._last_write.astimezone(UTC).isoformat())
        self._marked = self._last_write
