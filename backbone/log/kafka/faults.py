"""What goes wrong between us and a broker, in the words of the port."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from aiokafka.errors import KafkaConnectionError, KafkaError

from backbone.errors import LogUnavailable

BROKER_FAULTS = (KafkaError, OSError, TimeoutError)
"""Everything that says "not now": the broker, the way to it, or its answer in time."""


def unavailable(doing: str, error: BaseException) -> LogUnavailable:
    """``doing`` completes the sentence "Kafka … failed"."""
    return LogUnavailable(f"Kafka: {doing} failed: {str(error) or type(error).__name__}")


@contextmanager
def client_calls() -> Iterator[None]:
    """Around calls of the client. When a connection breaks it cancels tasks of its own, and whoever waits
    for one of them gets that as CancelledError although nobody cancelled *him*: it is a broker fault."""
    try:
        yield
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise KafkaConnectionError("the client cancelled the call") from error
