"""Both compositions in one run: from accepted to delivered at fixed rates, then how much each takes in.

``python -m tests.bench.bench_compositions [embedded] [distributed] [--seconds 4] [--rates 100 350 1000]``

Embedded: ``dipemu up``, everything in one process on SQLite. Distributed: one gateway that takes in, one
that routes and delivers, and every other service in a process of its own, on Apache Kafka and PostgreSQL.
The message is an IF-041 to one recipient, so that no counterparty answers it.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from os import getloadavg
from pathlib import Path
from time import perf_counter

import httpx
import orjson

from backbone.clock import SystemClock
from contracts import envelope, load_catalogue
from contracts.identifiers import make_mpan
from contracts.samples import sample
from participant import signing
from participant.client import DipClient
from participant.identity import Identity
from tests.bench.latency import Arrivals, latencies, listening, percentile, send_paced
from tests.bench.load import load
from tests.chaos.rig import DISTRIBUTOR, SUPPLIER, add_participants
from tests.chaos.services import fresh_database_on, own_kafka, own_postgres
from tests.e2e.distributed import running
from tests.e2e.emulator import Emulator

WARMING_RATE, WARMING_SECONDS = 100, 10.0  # not counted: ten processes and a broker that have just begun
CONNECTIONS = 32
CHANNEL, EVENT = "IF-041", "[ReadingRemote]"


@dataclass(frozen=True)
class Place:
    """A composition that runs: where it takes messages, our parties, and its processes by name."""

    url: str
    identities: dict[str, Identity]
    pids: dict[str, int]


@contextmanager
def embedded() -> Iterator[Place]:
    with tempfile.TemporaryDirectory() as name:
        data = Path(name) / "data"
        data.mkdir()
        emulator = Emulator(data).start()
        try:
            identities = add_participants(data, Path(name), emulator.url)
            yield Place(emulator.url, identities, {"dipemu up": emulator.pid})
        finally:
            emulator.stop()


@contextmanager
def distributed() -> Iterator[Place]:
    folder = Path(tempfile.mkdtemp())
    (folder / "data").mkdir()
    try:
        with (
            own_kafka() as (_, bootstrap),
            own_postgres() as (_, server),
            fresh_database_on(server) as database,
            running(folder, bootstrap, database, gateways=1, workers=1) as composition,
        ):
            url = composition.url
            identities = add_participants(folder / "data", folder, url, DIPEMU_DATABASE_URL=database)
            pids = {name: process.pid for name, process in composition.processes.items()}
            yield Place(url, identities, pids)
    finally:
        shutil.rmtree(folder)


COMPOSITIONS: dict[str, Callable[[], AbstractContextManager[Place]]] = {
    "embedded": embedded,
    "distributed": distributed,
}


def _build(task: tuple[Path, str, int, int]) -> list[bytes]:
    folder, url, first, count = task
    identity = Identity.load(folder)
    sender, custom = envelope.Sender(identity.dip_id, identity.role), _custom()
    target, host = f"{url}/dip-channel/{CHANNEL}", url.removeprefix("http://")
    requests = []
    for number in range(first, first + count):
        now = datetime.now(UTC)
        block = envelope.MpanBlock(make_mpan(20, number % 500), DISTRIBUTOR, "_H")
        message = envelope.build(CHANNEL, EVENT, sender=sender, now=now, custom=custom, mpan=block)
        body = orjson.dumps([message])
        headers = signing.sign(identity, "POST", target, body, now) | {
            "Host": host,
            "X-API-Key": identity.api_key,
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        requests.append(f"POST /dip-channel/{CHANNEL} HTTP/1.1\r\n{head}\r\n".encode() + body)
    return requests


def _custom() -> dict[str, object]:
    return dict(envelope.custom(sample(load_catalogue("2.1.0"), CHANNEL, EVENT)))


def prepared(place: Place, folder: Path, count: int) -> list[bytes]:
    """Signed requests, each with a reference of its own."""
    place.identities[SUPPLIER].save(folder)
    half = count // 2
    with get_context("spawn").Pool(2) as pool:  # forked beside threads and event loops they may hang
        parts = pool.map(_build, [(folder, place.url, 0, half), (folder, place.url, half, half)])
    return [request for part in parts for request in part]


async def at_rate(place: Place, folder: Path, rate: int, seconds: float) -> tuple[float, list[float]]:
    """Messages/s in truth, and the latencies; none when not all had arrived a minute later."""
    port = httpx.URL(place.url).port or 0
    async with AsyncExitStack() as stack:
        arrivals = Arrivals()
        await set_webhook(place, await listening(stack, arrivals))
        requests = await asyncio.to_thread(prepared, place, folder, int(rate * seconds))
        began = perf_counter()
        accepted = await send_paced(port, requests, rate)
        true_rate = len(accepted) / (perf_counter() - began)
        try:
            return true_rate, await latencies(accepted, arrivals)
        except TimeoutError:
            return true_rate, []


async def set_webhook(place: Place, url: str) -> None:
    async with httpx.AsyncClient() as http:
        answer = await DipClient(place.identities[DISTRIBUTOR], http, SystemClock()).set_webhook(CHANNEL, url)
        assert answer.status == 201, answer
    await asyncio.sleep(1.5)  # every process reads the directory anew within a second


def measure(name: str, rates: Sequence[int], seconds: float) -> dict[str, float]:
    """Print the figures of one composition; by name of the figure."""
    figures: dict[str, float] = {}
    with COMPOSITIONS[name]() as place, tempfile.TemporaryDirectory() as folder:
        asyncio.run(at_rate(place, Path(folder), WARMING_RATE, WARMING_SECONDS))
        for rate in rates:
            true_rate, values = asyncio.run(at_rate(place, Path(folder), rate, seconds))
            label = f"{name}, accepted to delivered at {rate}/s (in truth {true_rate:.0f}/s)"
            if not values:
                print(f"{label:70} not all had arrived a minute later", flush=True)
                continue
            figures[f"p50 at {rate}/s"], figures[f"p99 at {rate}/s"] = (
                percentile(values, share) * 1000 for share in (0.5, 0.99)
            )
            p50, p99 = figures[f"p50 at {rate}/s"], figures[f"p99 at {rate}/s"]
            print(f"{label:70} p50 {p50:8.1f} ms   p99 {p99:8.1f} ms", flush=True)
        requests = prepared(place, Path(folder), int(1_500 * seconds))
        result = load(
            "127.0.0.1",
            httpx.URL(place.url).port or 0,
            requests,
            connections=CONNECTIONS,
            seconds=seconds,
        )
        assert set(result.statuses) == {201}, result.statuses
        figures["accepted/s"] = result.per_second
        print(f"{name + ', accepted, 32 connections':70} {result.per_second:8.0f} messages/s", flush=True)
    return figures


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=list(COMPOSITIONS))
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rates", type=int, nargs="*", default=[100, 350, 1_000])
    chosen = parser.parse_args(arguments)
    print(f"load average of the machine before: {getloadavg()[0]:.1f}")
    figures = {name: measure(name, chosen.rates, chosen.seconds) for name in chosen.names}
    if len(figures) == 2:
        for what, figure in figures["embedded"].items():
            if what in figures["distributed"]:
                print(f"distributed / embedded, {what:14} {figures['distributed'][what] / figure:6.2f}")


if __name__ == "__main__":
    main()
