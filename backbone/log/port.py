"""The port through which every service speaks to every other: one append-only message log.

Two adapters keep the same promises and pass the same behaviour suite: ``backbone.log.embedded``
(SQLite) and ``backbone.log.kafka`` (Apache Kafka).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from types import MappingProxyType, TracebackType
from typing import NamedTuple, Protocol, Self


class Record(NamedTuple):
    """What is appended. ``key`` decides the order: records of one topic with one key stay in order."""

    topic: str
    key: str
    value: bytes
    headers: Mapping[str, str] = MappingProxyType({})


class Position(NamedTuple):
    """Where a consumed record stands. Opaque to everyone but the log that issued it."""

    topic: str
    partition: int
    offset: int


class ConsumedRecord(NamedTuple):
    """A record as a consumer sees it, with its position."""

    record: Record
    position: Position


class Subscription(Protocol):
    """One member of a consumer group. Use it as an async context manager.

    Delivery is at least once: what was fetched and not committed comes again after a restart or
    hand-over to another member of the group.
    """

    async def fetch(self, limit: int = 100, wait: float | None = None) -> list[ConsumedRecord]:
        """Return the next 1 to ``limit`` records, in order per key, waiting until there is one.

        ``wait`` (seconds) bounds the waiting; an empty list then means nothing came.
        """

    async def commit(self, through: Sequence[ConsumedRecord]) -> None:
        """Mark records as handled. Commit in the order fetched; everything fetched before counts too."""

    @property
    def generation(self) -> int:
        """Grows each time this member is given other partitions; 0 until it has any."""

    def owns(self, topic: str, key: str) -> bool:
        """Whether the records of this key come to this member now, and to no other of its group."""

    def __aiter__(self) -> AsyncIterator[ConsumedRecord]:
        """Iterate over records one by one; each must be committed by the consumer."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class MessageLog(Protocol):
    """A durable, ordered log of records in topics."""

    async def append(self, records: Sequence[Record]) -> None:
        """Append all the records or none; durable when it returns.

        Raises LogUnavailable when the log cannot be reached, RecordTooLarge for an oversized record.
        """

    def consume(self, group: str, topics: Sequence[str]) -> Subscription:
        """Join ``group`` on ``topics``. A topic that ends in ``*`` takes in all topics with that prefix.

        A group that never committed starts at the beginning of each topic.
        """

    async def close(self) -> None:
        """Finish what is under way and release files and connections."""
