"""The Kafka adapter of the message log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from backbone.errors import LogClosed, RecordTooLarge
from backbone.log.budget import Budget
from backbone.log.kafka.lane import Call, Lane
from backbone.log.kafka.records import sent_form
from backbone.log.kafka.subscription import KafkaSubscription
from backbone.log.kafka.topics import Topics, TopicSettings
from backbone.log.port import Record
from backbone.log.topics import require_legal

# The client repeats every failed attempt to reach a broker as an error, many times a second. What matters
# of it reaches the caller as LogUnavailable.
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)

LANES = 4
_APPEND_SECONDS = 8.0
_TRANSACTION_SECONDS = 10  # the broker aborts what a killed process left open after so long
_MAX_WAITING_BYTES = 64 * 1024 * 1024
_RECORD_OVERHEAD = 200
_ENVELOPE_BYTES = 512 * 1024


class KafkaLog:
    """See ``backbone.log.port.MessageLog``. Open it with ``open``; use it from one event loop."""

    def __init__(self, bootstrap: str, settings: TopicSettings, instance: str) -> None:
        self._bootstrap = bootstrap
        self._settings = settings
        self._topics = Topics(bootstrap, settings)
        self._budget = Budget(_MAX_WAITING_BYTES)
        self._queue: asyncio.Queue[Call] = asyncio.Queue()
        names = [f"dipemu-{instance}-{number}" for number in range(LANES)]
        self._lanes = [Lane(self._queue, partial(self._producer, n), _APPEND_SECONDS) for n in names]
        self._tasks = [asyncio.create_task(lane.run()) for lane in self._lanes]
        self._under_way: set[asyncio.Future[None]] = set()
        self.closed = False

    @classmethod
    async def open(
        cls, bootstrap: str, settings: TopicSettings | None = None, instance: str | None = None
    ) -> KafkaLog:
        """Connect to the brokers ``host:port,host:port``. Raises LogUnavailable when none answers.

        ``instance``: a name of this process that no other running one has and that it keeps when it is
        restarted; what it left open when it was killed is then cleared at once, not after ten seconds.
        """
        log = cls(bootstrap, settings or TopicSettings(), instance or uuid4().hex)
        await log.ensure(["journal"])
        return log

    async def ensure(self, topics: Sequence[str]) -> None:
        """Create these topics where they are missing; spares the first record of each the wait."""
        await self._topics.ensure(topics)

    async def append(self, records: Sequence[Record]) -> None:
        """See the port. Waits while more than 64 MiB are on their way to the broker.

        Raises ValueError for a topic name that Kafka does not take.
        """
        self._require_open()
        sent = [sent_form(self._checked(record)) for record in records]
        if not sent:
            return
        await self._topics.ensure({record.topic for record in records})
        size = sum(len(record.value) + _RECORD_OVERHEAD for record in records)
        await self._budget.take(size)
        try:
            await self._send(Call(sent, size, asyncio.get_running_loop().create_future()))
        finally:
            self._budget.give(size)

    async def _send(self, call: Call) -> None:
        self._require_open()
        self._under_way.add(call.done)
        call.done.add_done_callback(self._under_way.discard)
        self._queue.put_nowait(call)
        await call.done

    def _checked(self, record: Record) -> Record:
        require_legal(record.topic)
        if len(record.value) > self._settings.max_record_bytes:
            raise RecordTooLarge(
                f"a record of {len(record.value)} bytes for topic {record.topic}: "
                f"the log takes {self._settings.max_record_bytes}"
            )
        return record

    def consume(self, group: str, topics: Sequence[str]) -> KafkaSubscription:
        self._require_open()
        return KafkaSubscription(self, group, topics)

    def consumer(self, group: str) -> AIOKafkaConsumer:
        """A consumer that is not started yet."""
        return AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            session_timeout_ms=6_000,
            heartbeat_interval_ms=500,
            metadata_max_age_ms=1_000,
            retry_backoff_ms=100,
        )

    def _producer(self, transactional_id: str) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            transactional_id=transactional_id,  # which implies an idempotent producer
            acks="all",
            transaction_timeout_ms=_TRANSACTION_SECONDS * 1_000,
            max_request_size=self._settings.max_record_bytes + _ENVELOPE_BYTES,
            max_batch_size=256 * 1024,
            retry_backoff_ms=100,
        )

    async def close(self) -> None:
        """Wait for what was handed in, then end the connections."""
        if self.closed:
            return
        self.closed = True
        await asyncio.gather(*self._under_way, return_exceptions=True)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(lane.close() for lane in self._lanes))

    def _require_open(self) -> None:
        if self.closed:
            raise LogClosed("the message log was closed")
