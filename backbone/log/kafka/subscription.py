"""One member of a consumer group on Kafka."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from types import TracebackType
from typing import Any, Protocol, Self

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, ConsumerStoppedError, IllegalStateError
from aiokafka.partitioner import DefaultPartitioner

from backbone.errors import LogClosed, LogUnavailable
from backbone.log.dead_letters import dead_letter
from backbone.log.kafka import records
from backbone.log.kafka.faults import BROKER_FAULTS, client_calls, unavailable
from backbone.log.port import ConsumedRecord, Record
from backbone.log.topics import TopicPatterns
from backbone.log.unsettled import Partition, Unsettled

_POLL_SECONDS = 1.0
_COMMIT_SECONDS = 10.0
_HAND_OVER_SECONDS = 5.0
_STOP_SECONDS = 5.0

_PARTITIONER = DefaultPartitioner()

_log = logging.getLogger(__name__)


class Source(Protocol):
    """What a subscription needs of the log it reads."""

    @property
    def closed(self) -> bool: ...

    def consumer(self, group: str) -> AIOKafkaConsumer: ...

    async def ensure(self, topics: Sequence[str]) -> None: ...

    async def append(self, records: Sequence[Record]) -> None: ...


class KafkaSubscription(ConsumerRebalanceListener):  # type: ignore[misc]
    """See ``backbone.log.port.Subscription``. Raises LogClosed outside its ``async with`` block.

    A partition that goes to another member is given up once what was fetched of it is committed, or
    after five seconds, or when more is fetched before that.
    """

    def __init__(self, source: Source, group: str, topics: Sequence[str]) -> None:
        self._source = source
        self._name = group
        self._topics = TopicPatterns(topics)
        self._consumer: AIOKafkaConsumer | None = None
        self._entered = False
        self._unsettled = Unsettled()
        self._due: dict[Partition, int] = {}
        self._fetching = False
        self._moved = asyncio.Event()
        self._iterated: deque[ConsumedRecord] = deque()
        self._generation = 0

    @property
    def generation(self) -> int:
        """See the port."""
        return self._generation

    def owns(self, topic: str, key: str) -> bool:
        """See the port. Nothing while the broker is away."""
        if self._consumer is None:
            return False
        own = {p.partition for p in self._consumer.assignment() if p.topic == topic}
        return bool(own) and self._partition(topic, key) in own

    def _partition(self, topic: str, key: str) -> int:
        """Where the producer puts this key."""
        assert self._consumer is not None  # noqa: S101 - asked by owns
        every = sorted(self._consumer.partitions_for_topic(topic) or ())
        return int(_PARTITIONER(key.encode(), every, every)) if every else -1

    async def __aenter__(self) -> Self:
        self._entered = True
        await self._joined()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entered = False
        self._moved.set()
        self._iterated.clear()
        await self._abandon()

    async def fetch(self, limit: int = 100, wait: float | None = None) -> list[ConsumedRecord]:
        if self._iterated:
            return [self._iterated.popleft() for _ in range(min(limit, len(self._iterated)))]
        self._fetching = True
        self._moved.set()
        try:
            with client_calls():
                return await self._poll(limit, wait)
        except ConsumerStoppedError as error:
            raise LogClosed("the subscription was closed") from error
        except BROKER_FAULTS as error:
            await self._abandon()
            raise unavailable("fetching", error) from error
        except LogUnavailable:  # a record could not be buried: it comes again
            await self._abandon()
            raise
        finally:
            self._fetching = False

    async def _poll(self, limit: int, wait: float | None) -> list[ConsumedRecord]:
        clock = asyncio.get_running_loop().time
        until = None if wait is None else clock() + wait
        while True:
            consumer = await self._joined()
            left = _POLL_SECONDS if until is None else min(_POLL_SECONDS, max(0.0, until - clock()))
            answer = await consumer.getmany(timeout_ms=int(left * 1000), max_records=limit)
            found = await self._readable(message for part in answer.values() for message in part)
            self._unsettled.add(found)
            if found or (until is not None and clock() >= until):
                return found

    async def _readable(self, messages: Any) -> list[ConsumedRecord]:
        """What can be read; what cannot goes to the dead-letter topic."""
        found: list[ConsumedRecord] = []
        for message in messages:
            try:
                found.append(records.consumed(message))
            except ValueError as error:
                _log.error("unreadable record at %s: %s", records.position(message), error)
                await self._source.append([dead_letter(self._name, records.salvaged(message), str(error))])
        return found

    async def commit(self, through: Sequence[ConsumedRecord]) -> None:
        consumer = await self._joined()
        self._due |= self._unsettled.settle(through)
        due = {TopicPartition(*p): offset + 1 for p, offset in self._due.items()}
        due = {p: offset for p, offset in due.items() if p in consumer.assignment()}
        try:
            with client_calls():
                async with asyncio.timeout(_COMMIT_SECONDS):
                    await self._commit(consumer, due)
        except BROKER_FAULTS as error:
            raise unavailable("committing a position", error) from error
        self._due.clear()
        self._moved.set()

    async def _commit(self, consumer: AIOKafkaConsumer, due: dict[TopicPartition, int]) -> None:
        """A partition that went to another member meanwhile is that member's to commit."""
        if not due:
            return
        try:
            await consumer.commit(due)
        except (CommitFailedError, IllegalStateError) as error:
            _log.info("group %s: handed over before the commit: %s", self._name, error)

    async def __aiter__(self) -> AsyncIterator[ConsumedRecord]:
        while True:
            if not self._iterated:
                self._iterated.extend(await self.fetch())
            yield self._iterated.popleft()

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Called before partitions go elsewhere: let what is being handled be committed first."""
        gone = {(p.topic, p.partition) for p in revoked}
        try:
            async with asyncio.timeout(_HAND_OVER_SECONDS):
                await self._settled(lambda: bool(gone & (self._unsettled.partitions() | self._due.keys())))
        except TimeoutError:
            _log.info("group %s: handing over with records under way", self._name)
        self._unsettled.drop(gone.__contains__)

    async def _settled(self, busy: Callable[[], bool]) -> None:
        while self._entered and not self._fetching and busy():
            self._moved.clear()
            await self._moved.wait()

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Reading resumes at the committed positions."""
        self._generation += 1

    async def _joined(self) -> AIOKafkaConsumer:
        if self._source.closed:
            raise LogClosed("the message log was closed")
        if not self._entered:
            raise LogClosed("a subscription is used inside its 'async with' block")
        if self._consumer is None:
            await self._join()
        return self._consumer

    async def _join(self) -> None:
        await self._source.ensure(self._topics.names)
        self._consumer = self._source.consumer(self._name)
        if self._topics.prefixes:
            self._consumer.subscribe(pattern=self._topics.as_regex(), listener=self)
        else:
            self._consumer.subscribe(topics=self._topics.names, listener=self)
        try:
            with client_calls():
                await self._consumer.start()
        except BROKER_FAULTS as error:
            await self._abandon()
            raise unavailable(f"joining the group {self._name}", error) from error

    async def _abandon(self) -> None:
        consumer, self._consumer = self._consumer, None
        self._unsettled = Unsettled()
        self._due.clear()
        if consumer is None:
            return
        try:
            with client_calls():
                async with asyncio.timeout(_STOP_SECONDS):
                    await consumer.stop()
        except BROKER_FAULTS as error:
            _log.info("group %s: left without a word to the broker: %r", self._name, error)
