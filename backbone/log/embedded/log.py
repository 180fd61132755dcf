"""The embedded adapter of the message log: durable, grouped, in order, without a server."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from backbone.clock import Clock
from backbone.errors import BackboneError, LogClosed, LogUnavailable, RecordTooLarge
from backbone.log.budget import Budget
from backbone.log.embedded import storage
from backbone.log.embedded.group import Group
from backbone.log.embedded.lock import DirectoryLock
from backbone.log.embedded.subscription import EmbeddedSubscription
from backbone.log.embedded.writer import GroupCommitWriter, Work
from backbone.log.port import ConsumedRecord, Record
from backbone.log.topics import require_legal
from backbone.log.unsettled import Partition

FILE = "log.sqlite3"
MAX_RECORD_BYTES = 16 * 1024 * 1024
_MAX_WAITING_BYTES = 64 * 1024 * 1024
_MAX_FETCH_BYTES = 32 * 1024 * 1024
_ROW_OVERHEAD = 200

T = TypeVar("T")


class EmbeddedLog:
    """See ``backbone.log.port.MessageLog``. Open it with ``open``; use it from one event loop."""

    def __init__(
        self, path: Path, lock: DirectoryLock, max_record_bytes: int, clock: Clock | None = None
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._lock = lock
        self._max_record_bytes = max_record_bytes
        writing = storage.connect(path)
        storage.create(writing)
        self._connections = [writing, storage.connect(path)]
        self._ends = storage.ends(writing)
        self._reader = ThreadPoolExecutor(1, "log-reader")
        self._writer = GroupCommitWriter(writing, self._settle, clock)
        self._budget = Budget(_MAX_WAITING_BYTES)
        self._groups: dict[str, Group] = {}
        self._subscriptions: set[EmbeddedSubscription] = set()
        self._known: set[str] = set()
        self.closed = False

    @classmethod
    async def open(
        cls, path: Path, max_record_bytes: int = MAX_RECORD_BYTES, clock: Clock | None = None
    ) -> EmbeddedLog:
        """Open the log kept in the directory ``path``, creating it. ``clock``: dates the records.

        Raises LogInUse when another process has it open, LogUnavailable when it cannot be read.
        """
        lock = DirectoryLock(path)
        try:
            return cls(path / FILE, lock, max_record_bytes, clock)
        except sqlite3.Error as error:
            lock.release()
            raise LogUnavailable(f"the message log in {path} cannot be opened: {error}") from error

    async def append(self, records: Sequence[Record]) -> None:
        """See the port. Waits while more than 64 MiB are on their way to the disk.

        Raises ValueError for a topic name that is not legal on every log.
        """
        self._require_open()
        rows = [self._checked(record) for record in records]
        if rows:
            size = sum(len(row[4]) + _ROW_OVERHEAD for row in rows)
            await self._write(Work(self._loop.create_future(), rows, size=size))

    def _checked(self, record: Record) -> storage.Row:
        if record.topic not in self._known:
            require_legal(record.topic)
            self._known.add(record.topic)
        if len(record.value) > self._max_record_bytes:
            raise RecordTooLarge(
                f"a record of {len(record.value)} bytes for topic {record.topic}: "
                f"the log takes {self._max_record_bytes}"
            )
        return storage.to_row(record)

    async def _write(self, work: Work) -> None:
        await self._budget.take(work.size)
        if self.closed:
            self._budget.give(work.size)
            raise LogClosed("the message log was closed")
        self._writer.submit(work)
        await work.done

    def _settle(self, batch: Sequence[Work], fault: BackboneError | None) -> None:
        """Tell everyone who waits for this batch how it went, and the consumers what is new."""
        grown: dict[Partition, int] = {}
        for work in batch:
            self._budget.give(work.size)
            grown.update(work.ends)
            if not work.done.done():
                work.done.set_exception(fault) if fault else work.done.set_result(None)
        if fault is None:
            self._grow(grown)
            self._settle_positions(batch)

    def _grow(self, grown: Mapping[Partition, int]) -> None:
        self._ends.update(grown)
        for group in self._groups.values():
            group.grown(grown)

    def _settle_positions(self, batch: Sequence[Work]) -> None:
        for work in batch:
            for name, topic, partition, number in work.positions:
                self._groups[name].settled({(topic, partition): number})

    def consume(self, group: str, topics: Sequence[str]) -> EmbeddedSubscription:
        self._require_open()
        return EmbeddedSubscription(self, group, topics)

    async def group(self, name: str, topics: Sequence[str], subscription: EmbeddedSubscription) -> Group:
        """The consumer group of this name, with the positions it committed; it is kept what it reads."""
        self._require_open()
        self._subscriptions.add(subscription)
        await self._in_reader(lambda c: storage.note_reader(c, name, topics))
        if name not in self._groups:
            committed = await self._in_reader(lambda c: storage.committed(c, name))
            self._groups.setdefault(name, Group(committed, self._ends))
        return self._groups[name]

    async def read(self, after: Mapping[Partition, int], limit: int) -> list[ConsumedRecord]:
        """The oldest records after these positions; at most 32 MiB, but always at least one."""
        return await self._in_reader(lambda c: storage.read(c, after, limit, _MAX_FETCH_BYTES))

    async def commit(self, group: str, positions: Mapping[Partition, int]) -> None:
        """Make these positions of the group durable."""
        rows = [(group, topic, partition, number) for (topic, partition), number in positions.items()]
        await self._write(Work(self._loop.create_future(), positions=rows))

    async def lags(self, most: int) -> dict[str, int]:
        """How many records each group has still to handle, counted up to about ``most``."""
        behind = {name: group.behind() for name, group in self._groups.items()}
        return await self._in_reader(
            lambda c: {name: storage.count_after(c, found, most) for name, found in behind.items()}
        )

    def left(self, subscription: EmbeddedSubscription) -> None:
        """A member has left its group."""
        self._subscriptions.discard(subscription)

    async def _in_reader(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return await self._loop.run_in_executor(self._reader, work, self._connections[1])
        except sqlite3.Error as error:
            raise LogUnavailable(f"the embedded log could not be read: {error}") from error

    async def close(self) -> None:
        """Finish what was handed in, wake the consumers with LogClosed, release the directory."""
        if self.closed:
            return
        self.closed = True
        for subscription in self._subscriptions:
            subscription.interrupt()
        await self._writer.stop()
        await asyncio.to_thread(self._reader.shutdown)
        for connection in self._connections:
            connection.close()
        self._lock.release()

    def _require_open(self) -> None:
        if self.closed:
            raise LogClosed("the message log was closed")
