"""How fast the gateway takes messages in: bare ASGI, our gateway and WireMock in one run, same generator.

``python -m tests.bench.bench_gateway [--seconds 5] [--connections 32] [--wiremock FILE.jar]``
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing import Pool
from pathlib import Path
from secrets import token_hex

import orjson

from contracts import envelope
from participant import signing
from participant.authority import CertificateAuthority
from participant.identity import Identity
from tests.bench.load import Result, load
from tests.integration.dip_gateway.environment import DISTRIBUTOR, MSAPP, REGISTRATION, SUPPLIER

PARTIES = {SUPPLIER: "SUP", REGISTRATION: "REGS", DISTRIBUTOR: "LDSO", "1000000000": "DIP"}


def prepare(folder: Path) -> None:
    """Mint the identities."""
    authority = CertificateAuthority.open(folder / "authority")
    for dip_id, role in PARTIES.items():
        certificate, key = authority.issue(dip_id)
        identity = Identity(dip_id, role, "ABCD", token_hex(16), "", certificate, key)
        identity.save(folder / "identities" / dip_id)


def _build(task: tuple[str, int, int, int]) -> list[bytes]:
    folder, port, count, size = task
    identity = Identity.load(Path(folder) / "identities" / SUPPLIER)
    sender, now = envelope.Sender(SUPPLIER, "SUP"), datetime.now(UTC)
    url = f"http://127.0.0.1:{port}/dip-channel/IF-031"
    requests = []
    for number in range(count):
        block = envelope.MpanBlock(f"20000{number % 500:08d}", DISTRIBUTOR, "_K")
        batch = [
            envelope.build("IF-031", "[MSApp]", sender=sender, now=now, custom=MSAPP, mpan=block)
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


def prepared(folder: Path, port: int, count: int, size: int = 1) -> list[bytes]:
    """Signed requests, each with references of its own; RSA keeps both cores busy."""
    with Pool(2) as pool:
        parts = pool.map(_build, [(str(folder), port, count // 2, size)] * 2)
    return [request for part in parts for request in part]


@contextmanager
def server(kind: str, folder: Path) -> Iterator[int]:
    """A server process; the port it listens on."""
    command = [sys.executable, "-m", "tests.bench.serve_gateway", kind, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.terminate()


def measure(kind: str, folder: Path, count: int, seconds: float, connections: int, size: int = 1) -> Result:
    """Warm up with a tenth, then measure the rest."""
    with server(kind, folder) as port:
        requests = prepared(folder, port, count, size)
        tenth = count // 10
        load("127.0.0.1", port, requests[:tenth], connections=connections, seconds=seconds)
        result = load("127.0.0.1", port, requests[tenth:], connections=connections, seconds=seconds)
    wrong = {status: n for status, n in result.statuses.items() if status != 201}
    assert not wrong, f"{kind}: answers other than 201: {wrong}"
    return result


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--requests", type=int, default=12_000)
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        runs = {"bare": 1, "intake": 1, "intake x20": 20, "all": 1}
        for label, size in runs.items():
            count = chosen.requests if size == 1 else max(200, chosen.requests // 10)
            result = measure(label.split()[0], folder, count, chosen.seconds, chosen.connections, size)
            print(
                f"{label:12} {result.per_second:8.0f} requests/s {result.per_second * size:8.0f} messages/s "
                f"p50 {result.percentile(0.5) * 1e3:6.1f} ms p99 {result.percentile(0.99) * 1e3:6.1f} ms"
            )


if __name__ == "__main__":
    main()
