"""What goes wrong between us and a broker, in the words of the port."""

from __future__ import annotations

from aiokafka.errors import KafkaError

from backbone.errors import LogUnavailable

BROKER_FAULTS = (KafkaError, OSError, TimeoutError)
"""Everything that says "not now": the broker, the way to it, or its answer in time."""


def unavailable(doing: str, error: BaseException) -> LogUnavailable:
    """``doing`` completes the sentence "Kafka … failed"."""
    return LogUnavailable(f"Kafka: {doing} failed: {str(error) or type(error).__name__}")
