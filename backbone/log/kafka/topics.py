"""Creates topics with the partitions and the retention we were told, before anything is sent to them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from backbone.errors import LogUnavailable
from backbone.log.kafka.faults import BROKER_FAULTS, client_calls, unavailable

_CREATED = 0
_EXISTS = 36  # TOPIC_ALREADY_EXISTS in Kafka's protocol
_ENVELOPE_BYTES = 1024 * 1024  # key, headers and framing around the largest value


@dataclass(frozen=True, slots=True)
class TopicSettings:
    """How topics are created. ``retention_hours``: -1 keeps records for ever."""

    partitions: int = 12
    replication: int = 1
    retention_hours: int = 24 * 30
    max_record_bytes: int = 16 * 1024 * 1024

    def new(self, name: str) -> NewTopic:
        retention = -1 if self.retention_hours < 0 else self.retention_hours * 3_600_000
        return NewTopic(
            name,
            self.partitions,
            self.replication,
            topic_configs={
                "retention.ms": str(retention),
                "max.message.bytes": str(self.max_record_bytes + _ENVELOPE_BYTES),
                "cleanup.policy": "delete",
            },
        )


class Topics:
    """Knows which topics exist. A topic somebody else created keeps the settings it has."""

    def __init__(self, bootstrap: str, settings: TopicSettings) -> None:
        self._bootstrap = bootstrap
        self._settings = settings
        self._known: set[str] = set()
        self._one_at_a_time = asyncio.Lock()

    async def ensure(self, names: Iterable[str]) -> None:
        """Create what is missing. Raises LogUnavailable."""
        wanted = set(names)
        if wanted <= self._known:
            return
        async with self._one_at_a_time:
            missing = wanted - self._known
            if missing:
                await self._create(sorted(missing))
                self._known |= missing

    async def _create(self, names: list[str]) -> None:
        client = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap, request_timeout_ms=10_000)
        try:
            with client_calls():
                await client.start()
                answer = await client.create_topics([self._settings.new(name) for name in names])
        except BROKER_FAULTS as error:
            raise unavailable(f"creating the topics {', '.join(names)}", error) from error
        finally:
            await client.close()
        for topic, code, reason in answer.topic_errors:
            if code not in (_CREATED, _EXISTS):
                raise LogUnavailable(f"Kafka: creating the topic {topic} failed: {reason or f'error {code}'}")
