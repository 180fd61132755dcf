"""What the behaviour suite needs to know of an adapter, and helpers to read a log."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from backbone.log import ConsumedRecord, MessageLog, Record, Subscription
from backbone.log.embedded import EmbeddedLog
from backbone.log.kafka import KafkaLog

PATIENCE = 20.0
"""Seconds within which whatever was appended must have come."""


@dataclass(frozen=True)
class Kit:
    """``where``: ``embedded:<directory>`` or ``kafka:<bootstrap>``."""

    where: str
    unique: str

    @classmethod
    def at(cls, where: str) -> Kit:
        return cls(where, uuid4().hex[:10])

    async def open(self) -> MessageLog:
        return await open_log(self.where)

    def name(self, stem: str) -> str:
        """A topic or group that no other test uses."""
        return f"{stem}.{self.unique}"

    def appender(self, topics: Sequence[str]) -> list[str]:
        """Command line of a process that appends until it is killed; see ``appender.py``."""
        return [sys.executable, "-m", "tests.integration.log.appender", self.where, *topics]


async def open_log(where: str) -> MessageLog:
    scheme, _, address = where.partition(":")
    if scheme == "embedded":
        return await EmbeddedLog.open(Path(address))
    return await KafkaLog.open(address)


async def fetch_exactly(subscription: Subscription, count: int, limit: int = 100) -> list[ConsumedRecord]:
    """The next ``count`` records; fails when fewer come in time or when more come."""
    found: list[ConsumedRecord] = []
    while len(found) < count:
        part = await subscription.fetch(min(limit, count - len(found)), wait=PATIENCE)
        assert part, f"{len(found)} of {count} records came"
        found += part
    return found


def numbered(topic: str, count: int, keys: int = 5) -> list[Record]:
    """Records with the values ``0``, ``1``, … spread over some keys."""
    return [Record(topic, f"key-{n % keys}", str(n).encode()) for n in range(count)]


def numbers(records: Iterable[ConsumedRecord]) -> list[int]:
    return [int(r.record.value) for r in records]


def by_key(records: Iterable[ConsumedRecord]) -> dict[str, list[int]]:
    """The numbers of each key, in the order in which they came."""
    found: dict[str, list[int]] = {}
    for consumed in records:
        found.setdefault(consumed.record.key, []).append(int(consumed.record.value))
    return found
