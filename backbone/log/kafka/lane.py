"""One transactional producer and the task that feeds it.

A call may append to several topics, all or nothing; Kafka promises that inside a transaction only. A
transaction takes a few milliseconds, so a lane puts everything that waits into one, and there are
several lanes that take turns.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaProducer

from backbone.errors import BackboneError, LogUnavailable
from backbone.log.kafka.faults import BROKER_FAULTS, client_calls, unavailable

_MAX_BATCH_RECORDS = 1_000
_MAX_BATCH_BYTES = 16 * 1024 * 1024
_STOP_SECONDS = 5.0

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Call:
    """One call of ``append``: what it sends and who waits for it."""

    records: Sequence[dict[str, Any]]
    size: int
    done: asyncio.Future[None]


class Lane:
    """Takes calls from the queue, as many as wait; a new producer replaces one that failed."""

    def __init__(
        self, queue: asyncio.Queue[Call], producer: Callable[[], AIOKafkaProducer], timeout: float
    ) -> None:
        self._queue = queue
        self._make = producer
        self._timeout = timeout
        self._producer: AIOKafkaProducer | None = None
        self._stopping: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            batch = await self._collect()
            fault = await self._attempt(batch)
            for call in batch:
                if not call.done.done():
                    call.done.set_exception(fault) if fault else call.done.set_result(None)

    async def _collect(self) -> list[Call]:
        batch = [await self._queue.get()]
        while (
            not self._queue.empty()
            and sum(len(call.records) for call in batch) < _MAX_BATCH_RECORDS
            and sum(call.size for call in batch) < _MAX_BATCH_BYTES
        ):
            batch.append(self._queue.get_nowait())
        return batch

    async def _attempt(self, batch: Sequence[Call]) -> BackboneError | None:
        """Send the batch in one transaction; the fault that kept it from being committed, if any.

        The producer is not used again after a fault: the one that follows fences it and aborts what it
        left open. When the connection breaks in the very moment of the commit, the batch may have been
        appended all the same.
        """
        try:
            with client_calls():
                async with asyncio.timeout(self._timeout):
                    await self._transact(await self._started(), batch)
        except BROKER_FAULTS as error:
            self._abandon()
            return unavailable("appending", error)
        except Exception as error:  # noqa: BLE001 - a lane's outermost loop: it must outlive any fault
            _log.exception("appending failed unexpectedly")
            self._abandon()
            fault = LogUnavailable(f"Apache Kafka's client failed while appending: {error!r}")
            fault.__cause__ = error
            return fault
        return None

    async def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            self._producer = self._make()
            await self._producer.start()
        return self._producer

    @staticmethod
    async def _transact(producer: AIOKafkaProducer, batch: Sequence[Call]) -> None:
        await producer.begin_transaction()
        sent = [await producer.send(**record) for call in batch for record in call.records]
        for outcome in await asyncio.gather(*sent, return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome
        await producer.commit_transaction()

    def _abandon(self) -> None:
        """Let go of the producer. It stops by itself, at the latest when its successor fences it."""
        producer, self._producer = self._producer, None
        if producer is not None:
            task = asyncio.create_task(self._stop(producer))
            self._stopping.add(task)
            task.add_done_callback(self._stopping.discard)

    @staticmethod
    async def _stop(producer: AIOKafkaProducer) -> None:
        try:
            with client_calls():
                await producer.stop()
        except BROKER_FAULTS as error:
            _log.debug("a producer did not stop in order: %r", error)
        finally:
            await producer.client.close()

    async def close(self) -> None:
        """End the producers, those in use and those given up."""
        self._abandon()
        if not self._stopping:
            return
        _, late = await asyncio.wait(self._stopping, timeout=_STOP_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
