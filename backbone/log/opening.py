"""The message log that the settings ask for."""

from __future__ import annotations

from backbone.log.embedded import EmbeddedLog
from backbone.log.port import MessageLog
from backbone.settings import Settings


async def open_log(settings: Settings, instance: str | None = None) -> MessageLog:
    """Kafka when bootstrap servers are set, else the embedded log in the data directory.

    ``instance``: see ``KafkaLog.open``. Raises LogUnavailable, LogInUse.
    """
    if not settings.kafka:
        return await EmbeddedLog.open(settings.log_directory)
    from backbone.log.kafka import KafkaLog, TopicSettings  # costs a tenth of a second that few need

    topics = TopicSettings(
        partitions=settings.kafka_partitions,
        replication=settings.kafka_replication,
        retention_hours=settings.kafka_retention_hours,
    )
    return await KafkaLog.open(settings.kafka, topics, instance)
