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
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from secrets import token_hex
from statistics import median

import orjson

from contracts import envelope
from participant import signing
from participant.authority import CertificateAuthority
from participant.identity import Identity
from tests.bench.cpu import cpu_seconds, until_idle
from tests.bench.latency import Arrivals, closed_port, latencies, listening, percentile, send_paced
from tests.bench.load import load
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
    with get_context("spawn").Pool(2) as pool:  # a fork beside threads may never come to run
        parts = pool.map(_build, [(str(folder), port, count // 2, size, primary)] * 2)
    return [request for part in parts for request in part]


@contextmanager
def server(kind: str, folder: Path, *webhooks: str) -> Iterator[tuple[int, int]]:
    """A server process: the port it listens on and its process ID. ``webhooks``: ``<DIP ID>=<URL>``."""
    command = [sys.executable, "-m", "tests.bench.serve_gateway", kind, str(folder), *webhooks]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline()), process.pid
        finally:
            process.terminate()


@dataclass
class Subject:
    """What is measured, round after round, against a server that stays up. ``size``: messages a request."""

    label: str
    port: int
    pid: int
    folder: Path
    size: int = 1
    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    tails: list[float] = field(default_factory=list)

    def measure(self, plan: Plan, *, kept: bool = True) -> None:
        """One round. Rate, latency and the server's processor time per request; ``kept`` not when warming."""
        count = plan.requests if self.size == 1 else max(200, plan.requests // 10)
        requests = prepared(self.folder, self.port, count, self.size)
        before = cpu_seconds(self.pid)
        result = load("127.0.0.1", self.port, requests, connections=plan.connections, seconds=plan.seconds)
        spent = cpu_seconds(self.pid) - before
        until_idle(self.pid)  # what it still works off would slow down the next one measured
        answered = sum(result.statuses.values())
        assert set(result.statuses) == {201}, f"{self.label}: {result.statuses}"
        if kept:
            self.rates.append(result.per_second)
            self.cpu.append(spent / answered)
            self.tails.append(result.percentile(0.99))

    def tell(self) -> None:
        """One line: median of the rounds, lowest and highest beside it."""
        rate, low, high = median(self.rates), min(self.rates), max(self.rates)
        spread, tail = f"({low:.0f} to {high:.0f})", median(self.tails) * 1e3
        print(f"{self.label:28} {rate:7.0f} requests/s {spread:18} {rate * self.size:7.0f} messages/s")
        print(f"{'':28} processor {median(self.cpu) * 1e6:.0f} us/request, p99 {tail:.1f} ms")


def throughput(plan: Plan, rounds: int) -> None:
    """Bare ASGI, the gateway, WireMock, in turn in every round, so that load from elsewhere meets all."""
    with ExitStack() as stack:
        subjects = list(_subjects(stack))
        for number in range(rounds + 1):
            for subject in subjects:
                subject.measure(plan, kept=number > 0)
        for subject in subjects:
            subject.tell()
    by_label = {subject.label: subject for subject in subjects}
    ours = by_label["gateway"]
    for yardstick in ("bare ASGI", "sketch", "WireMock, schema alone"):
        if yardstick in by_label:
            _tell_ratio(ours, by_label[yardstick])


def _tell_ratio(ours: Subject, other: Subject) -> None:
    """Per round, since both were measured within seconds of each other."""
    ratios = [mine / theirs for mine, theirs in zip(ours.rates, other.rates, strict=True)]
    processor = median(other.cpu) / median(ours.cpu)
    print(
        f"gateway / {other.label}: {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}); "
        f"by processor time {processor:.2f}"
    )


def _subjects(stack: ExitStack) -> Iterator[Subject]:
    def folder() -> Path:
        made = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        prepare(made)
        return made

    kinds = {
        "bare ASGI": "bare",
        "sketch": "sketch",
        "gateway": "intake",
        "gateway, workers beside it": "all",
    }
    for label, kind in kinds.items():
        place = folder()
        yield Subject(label, *stack.enter_context(server(kind, place)), place)
    place = folder()
    yield Subject("gateway, batches of 20", *stack.enter_context(server("intake", place)), place, 20)
    jar, schema = find_jar(CACHE), if031_schema()
    if jar and schema:
        place = folder()
        port, pid = stack.enter_context(wiremock(jar, schema, closed_port()))
        yield Subject("WireMock, schema alone", port, pid, place)
    else:
        print("WireMock left out: no jar (Maven) or no published schema (DIP_SPEC_DIR)")


async def delivery(rates: Sequence[int], seconds: float) -> None:
    """Latency from accepted to delivered."""
    for rate in rates:
        values = await _latency(rate, seconds, [])
        _told_latency(f"accepted to delivered at {rate}/s", values)


async def isolation(rate: int, seconds: float, rounds: int) -> None:
    """One recipient's latency beside two that are well, and beside one that hangs and one that is dead.

    Every message goes to all three; the two cases take turns, so that load from elsewhere meets both.
    """
    pairs = [
        (await _beside(rate, seconds, 0.0, dead=False), await _beside(rate, seconds, 60.0, dead=True))
        for _ in range(rounds)
    ]
    _told_latency("beside two that are well", [value for well, _ in pairs for value in well])
    _told_latency("beside one that hangs, one dead", [value for _, hurt in pairs for value in hurt])
    ratios = [percentile(hurt, 0.99) / percentile(well, 0.99) for well, hurt in pairs]
    print(f"p99, the second / the first: {median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})")


async def _beside(rate: int, seconds: float, hang: float, *, dead: bool) -> list[float]:
    async with AsyncExitStack() as stack:
        first = await listening(stack, Arrivals(hang=hang))
        second = await listening(stack, Arrivals())
        if dead:
            second = f"http://127.0.0.1:{closed_port()}/webhook"
        return await _latency(rate, seconds, [f"{DISTRIBUTOR}={first}", f"{OTHER_SUPPLIER}={second}"])


async def _latency(rate: int, seconds: float, others: Sequence[str]) -> list[float]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        prepare(folder)
        arrivals = Arrivals()
        url = await listening(stack, arrivals)
        port, _ = stack.enter_context(server("all", folder, f"{REGISTRATION}={url}", *others))
        primary = [other.partition("=")[0] for other in others]
        requests = await asyncio.to_thread(prepared, folder, port, int(rate * (seconds + 1)), 1, primary)
        return await latencies(await send_paced(port, requests, rate), arrivals)


def _told_latency(label: str, values: Sequence[float]) -> None:
    middle, tail = (percentile(sorted(values), share) * 1e3 for share in (0.5, 0.99))
    print(f"{label:34} p50 {middle:8.1f} ms   p99 {tail:8.1f} ms")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=4_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--rates", type=int, nargs="*", default=[100, 350, 1_000])
    chosen = parser.parse_args(arguments)
    throughput(Plan(chosen.requests, chosen.seconds, chosen.connections), chosen.rounds)
    asyncio.run(delivery(chosen.rates, chosen.seconds))
    asyncio.run(isolation(chosen.rates[0] if chosen.rates else 100, chosen.seconds, chosen.rounds))


if __name__ == "__main__":
    main()
