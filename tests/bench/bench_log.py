"""How fast the message log is: ``python -m tests.bench.bench_log [embedded] [kafka]``.

Records of 1.5 kB, about one DIP message. "Appends" are durable when counted. The yardstick is what one
thread reaches with SQLite and one commit per record on the same disk, in the same run.
"""

from __future__ import annotations

import asyncio
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import uuid4

from backbone.log import MessageLog, Record
from backbone.log.embedded import EmbeddedLog
from backbone.log.kafka import KafkaLog
from tests.real_services import kafka_bootstrap

BODY = bytes(1500)
APPENDERS = 32
SECONDS = 3.0
SAMPLES = 300

Figures = dict[str, float]


async def appends_per_second(log: MessageLog, topics: list[str], appenders: int = APPENDERS) -> float:
    """Calls of ``append`` with one record per topic, by so many appenders at once."""
    until = time.perf_counter() + SECONDS
    done = 0

    async def appender(key: str) -> None:
        nonlocal done
        while time.perf_counter() < until:
            await log.append([Record(topic, key, BODY) for topic in topics])
            done += 1

    begun = time.perf_counter()
    await asyncio.gather(*(appender(f"key-{n}") for n in range(appenders)))
    return done / (time.perf_counter() - begun)


async def consumed_per_second(log: MessageLog, topic: str, count: int = 20_000) -> float:
    for _ in range(0, count, 1000):
        await log.append([Record(topic, f"key-{n % 100}", BODY) for n in range(1000)])
    async with log.consume(f"bench-{uuid4().hex}", [topic]) as subscription:
        await subscription.fetch(1)
        begun, got = time.perf_counter(), 0
        while got < count - 1:
            records = await subscription.fetch(500)
            got += len(records)
            await subscription.commit(records)
        return got / (time.perf_counter() - begun)


async def latencies(log: MessageLog, topic: str) -> tuple[list[float], list[float]]:
    """Milliseconds for one append alone, and from its beginning until a waiting consumer has it."""
    durable, fetched = [], []

    def came(begun: float) -> Callable[[object], None]:
        return lambda _: fetched.append(time.perf_counter() - begun)

    async with log.consume(f"bench-{uuid4().hex}", [topic]) as subscription:
        for _ in range(SAMPLES):
            waiting = asyncio.create_task(subscription.fetch())
            await asyncio.sleep(0.002)
            begun = time.perf_counter()
            waiting.add_done_callback(came(begun))
            await log.append([Record(topic, "k", BODY)])
            durable.append(time.perf_counter() - begun)
            await subscription.commit(await waiting)
    return [1000 * t for t in durable], [1000 * t for t in fetched]


async def measure(log: MessageLog) -> Figures:
    unique = uuid4().hex[:8]
    durable, fetched = await latencies(log, f"bench-latency.{unique}")
    return {
        "appends/s, one appender": await appends_per_second(log, [f"bench-one.{unique}"], 1),
        f"appends/s, {APPENDERS} appenders": await appends_per_second(log, [f"bench-many.{unique}"]),
        f"appends of two records/s, {APPENDERS} appenders": await appends_per_second(
            log, [f"bench-a.{unique}", f"bench-b.{unique}"]
        ),
        "consumed and committed/s, by 500": await consumed_per_second(log, f"bench-read.{unique}"),
        "append alone, ms, median": statistics.median(durable),
        "append alone, ms, 99 %": statistics.quantiles(durable, n=100)[98],
        "append to fetch, ms, median": statistics.median(fetched),
        "append to fetch, ms, 99 %": statistics.quantiles(fetched, n=100)[98],
    }


def yardstick(directory: Path) -> float:
    """Commits per second of one thread that writes one such record per transaction."""
    connection = sqlite3.connect(directory / "yardstick.sqlite3", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE record (number INTEGER PRIMARY KEY, value BLOB)")
    begun, count = time.perf_counter(), 0
    while time.perf_counter() < begun + SECONDS:
        connection.execute("INSERT INTO record (value) VALUES (?)", (BODY,))
        count += 1
    connection.close()
    return count / (time.perf_counter() - begun)


async def _embedded(directory: Path) -> MessageLog:
    return await EmbeddedLog.open(directory / "log")


async def _kafka(_: Path) -> MessageLog:
    return await KafkaLog.open(kafka_bootstrap())


ADAPTERS: dict[str, Callable[[Path], Awaitable[MessageLog]]] = {"embedded": _embedded, "kafka": _kafka}


async def main(names: list[str]) -> None:
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as directory:
        print(f"yardstick: {yardstick(Path(directory)):,.0f} single commits/s on SQLite")
        for name in names or list(ADAPTERS):
            log = await ADAPTERS[name](Path(directory))
            figures = await measure(log)
            await log.close()
            for what, figure in figures.items():
                print(f"{name:9} {what:45} {figure:>12,.{0 if figure >= 100 else 2}f}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
