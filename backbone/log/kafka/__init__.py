"""The message log on Apache Kafka: several processes, several machines."""

from backbone.log.kafka.log import KafkaLog
from backbone.log.kafka.topics import TopicSettings

__all__ = ["KafkaLog", "TopicSettings"]
