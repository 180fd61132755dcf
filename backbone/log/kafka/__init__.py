"""The message log on Apache Kafka: several processes, several machines."""

from backbone.log.kafka.log import KafkaLog

__all__ = ["KafkaLog"]
