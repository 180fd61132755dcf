"""How fast the gateway takes messages in and brings them on; with its yardsticks in the same run.

``python -m tests.bench.bench_gateway``: bare ASGI, our gateway and WireMock in turn, same generator, same
messages, warm; then the latency from accepted to delivered at fixed rates; then what a recipient that hangs
and one that is dead cost a third.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import Pool
from pathlib import Path
from secrets import token_hex

import orjson

from contracts import envelope
from participant import signing
from participant.authority import CertificateAuthority
from participant.identity import Identity
from tests.bench.latency import Arrivals, closed_port, latencies, listening, percentile, send_paced
from tests.bench.load import Result, load
from tests.bench.wiremock import find_jar, if031_schema, wiremock
from tests.integration.dip_gateway.environment import (
    DISTRIBUTOR,
    MSAPP,
    OTHER_SUPPLIER,
    REGISTRATION,
    SUPPLIER,
)

PARTIES = {
    SUPPLIER: "SUP",
    OTHER_SUPPLIER: "SUP",
    REGISTRATION: "REGS",
    DISTRIBUTOR: "LDSO",
    "1000000000": "DIP",
}
CACHE = Path(tempfile.gettempdir()) / "dipemu-bench"


@dataclass(frozen=True)
class Plan:
    """What is asked for on the command line. ``seconds``: at most, per measurement."""

    requests: int
    seconds: float
    connections: int


def prepare(folder: Path) -> None:
    """Mint the identities."""
    authority = CertificateAuthority.open(folder / "authority")
    for dip_id, role in PARTIES.items():
        certificate, key = authority.issue(dip_id)
        identity = Identity(dip_id, role, "ABCD", token_hex(16), "", certificate, key)
        identity.save(folder / "identities" / dip_id)


def _build(task: tuple[str, int, int, int, Sequence[str]]) -> list[bytes]:
    folder, port, count, size, primary = task
    identity = Identity.load(Path(folder) / "identities" / SUPPLIER)
    sender, now = envelope.Sender(SUPPLIER, "SUP"), datetime.now(UTC)
    url = f"http://127.0.0.1:{port}/dip-channel/IF-031"
    requests = []
    for number in range(count):
        block = envelope.MpanBlock(f"20000{number % 500:08d}", DISTRIBUTOR, "_H")
        batch = [
            envelope.build(
                "IF-031", "[MSApp]", sender=sender, now=now, custom=MSAPP, mpan=block, primary=primary
            )
            for _ in range(size)
        ]
        body = orjson.dumps(batch)
        headers = signing.sign(identity, "POST", url, body, now) | {
            "Host": f"127.0.0.1:{port}",
            "X-API-Key": identity.api_key,
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        requests.append(b"POST /dip-channel/IF-031 HTTP/1.1\r\n" + head.encode() + b"\r\n" + body)
    return requests


def prepared(folder: Path, port: int, count: int, size: int = 1, primary: Sequence[str] = ()) -> list[bytes]:
    """Signed requests, each with references of its own; RSA keeps both cores busy."""
    with Pool(2) as pool:
        parts = pool.map(_build, [(str(folder), port, count // 2, size, primary)] * 2)
    return [request for part in parts for request in part]


@contextmanager
def server(kind: str, folder: Path, *webhooks: str) -> Iterator[int]:
    """A server process; the port it listens on. ``webhooks``: ``<DIP ID>=<URL>``."""
    command = [sys.executable, "-m", "tests.bench.serve_gateway", kind, str(folder), *webhooks]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def measured(port: int, folder: Path, plan: Plan, size: int = 1) -> Result:
    """Warm up with a tenth, then measure the rest."""
    count = plan.requests if size == 1 else max(200, plan.requests // 10)
    requests = prepared(folder, port, count, size)
    tenth = count // 10
    arguments = {"connections": plan.connections, "seconds": plan.seconds}
    load("127.0.0.1", port, requests[:tenth], **arguments)  # type: ignore[arg-type]
    result = load("127.0.0.1", port, requests[tenth:], **arguments)  # type: ignore[arg-type]
    wrong = {status: number for status, number in result.statuses.items() if status != 201}
    assert not wrong, f"answers other than 201: {wrong}"
    return result


def told(label: str, result: Result, size: int = 1) -> None:
    """One line of the report."""
    print(
        f"{label:34} {result.per_second:8.0f} requests/s {result.per_second * size:8.0f} messages/s   "
        f"p50 {result.percentile(0.5) * 1e3:6.1f} ms   p99 {result.percentile(0.99) * 1e3:6.1f} ms"
    )


def throughput(plan: Plan) -> None:
    """Bare ASGI, the gateway, WireMock."""
    results: dict[str, Result] = {}
    runs = {"bare ASGI": ("bare", 1), "gateway": ("intake", 1), "gateway, batches of 20": ("intake", 20)}
    runs["gateway with its workers beside it"] = ("all", 1)
    for label, (kind, size) in runs.items():
        with tempfile.TemporaryDirectory() as name:
            prepare(Path(name))
            with server(kind, Path(name)) as port:
                results[label] = measured(port, Path(name), plan, size)
                told(label, results[label], size)
    jar, schema = find_jar(CACHE), if031_schema()
    if jar and schema:
        with tempfile.TemporaryDirectory() as name, wiremock(jar, schema, closed_port()) as port:
            prepare(Path(name))
            results["WireMock"] = measured(port, Path(name), plan)
            told("WireMock, schema alone", results["WireMock"])
    else:
        print("WireMock left out: no jar (Maven) or no published schema (DIP_SPEC_DIR)")
    ours = results["gateway"].per_second
    for yardstick in ("bare ASGI", "WireMock"):
        if yardstick in results:
            print(f"gateway / {yardstick}: {ours / results[yardstick].per_second:.2f}")


async def delivery(rates: Sequence[int], seconds: float) -> None:
    """Latency from accepted to delivered."""
    for rate in rates:
        values = await _latency(rate, seconds, [])
        _told_latency(f"accepted to delivered at {rate}/s", values)


async def isolation(rate: int, seconds: float) -> None:
    """The same with another recipient that hangs and one that is dead."""
    alone = await _latency(rate, seconds, [])
    async with AsyncExitStack() as stack:
        hanging = await listening(stack, Arrivals(hang=60.0))
        dead = f"http://127.0.0.1:{closed_port()}/webhook"
        beside = await _latency(rate, seconds, [f"{DISTRIBUTOR}={hanging}", f"{OTHER_SUPPLIER}={dead}"])
    ratio = percentile(beside, 0.99) / percentile(alone, 0.99)
    _told_latency("alone", alone)
    _told_latency("beside one that hangs, one dead", beside)
    print(f"p99 beside them / alone: {ratio:.2f}")


async def _latency(rate: int, seconds: float, others: Sequence[str]) -> list[float]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        prepare(folder)
        arrivals = Arrivals()
        url = await listening(stack, arrivals)
        port = stack.enter_context(server("all", folder, f"{REGISTRATION}={url}", *others))
        primary = [other.partition("=")[0] for other in others]
        requests = await asyncio.to_thread(prepared, folder, port, int(rate * (seconds + 1)), 1, primary)
        return await latencies(await send_paced(port, requests, rate), arrivals)


def _told_latency(label: str, values: Sequence[float]) -> None:
    median, tail = (percentile(values, share) * 1e3 for share in (0.5, 0.99))
    print(f"{label:34} p50 {median:8.1f} ms   p99 {tail:8.1f} ms")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=12_000)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--rates", type=int, nargs="*", default=[100, 350, 1_000])
    chosen = parser.parse_args(arguments)
    throughput(Plan(chosen.requests, chosen.seconds, chosen.connections))
    asyncio.run(delivery(chosen.rates, chosen.seconds))
    asyncio.run(isolation(chosen.rates[0] if chosen.rates else 100, chosen.seconds))


if __name__ == "__main__":
    main()
