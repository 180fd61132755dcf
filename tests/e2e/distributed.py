"""The distributed composition as real processes: one per service, on real Kafka and PostgreSQL."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from dipemu.composition import PREFIXES
from participant.identity import Identity
from tests.e2e.emulator import wait_until

STUBS = [name for name in PREFIXES if name != "dip_gateway"]


class Distributed:
    """Gateways, delivery workers and every other service; ``url`` is the first gateway's address."""

    def __init__(self, place: Path, kafka: str, database: str, gateways: int, workers: int) -> None:
        self.place = place
        self.ports = {name: free_port() for name in STUBS}
        self.gateways = [free_port() for _ in range(gateways)]
        self._workers = [free_port() for _ in range(workers)]
        self.url = f"http://127.0.0.1:{self.gateways[0]}"
        self._environment = os.environ | {
            "DIPEMU_KAFKA": kafka,
            "DIPEMU_DATABASE_URL": database,
            "DIPEMU_DATA": str(place / "data"),
            "DIPEMU_RETRY_FIRST_SECONDS": "0.2",
            "NO_COLOR": "1",
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Prepare once, start every process, wait until all are ready."""
        prepared = subprocess.run(
            [sys.executable, "-m", "dipemu", "prepare"],
            env=self._environment_for(self.gateways[0]),
            capture_output=True,
            text=True,
            timeout=180,
        )
        assert prepared.returncode == 0, prepared.stdout + prepared.stderr
        for name in self.names():
            self.launch(name)
        for name in self.names():
            self.wait_ready(name)

    def names(self) -> Sequence[str]:
        """One name per process: services, ``dip_gateway.0``, ``workers.0`` and so on."""
        gateways = [f"dip_gateway.{number}" for number in range(len(self.gateways))]
        return [*gateways, *(f"workers.{number}" for number in range(len(self._workers))), *STUBS]

    def launch(self, name: str) -> None:
        """Start one process; the stubs speak to the gateways in turn."""
        kind = name.partition(".")[0]
        gateway = self.gateways[sum(map(ord, name)) % len(self.gateways)]
        environment = self._environment_for(gateway)
        service = kind
        if kind in ("dip_gateway", "workers"):
            service = "dip_gateway"
            environment["DIPEMU_GATEWAY_PARTS"] = "workers" if kind == "workers" else "intake"
        command = [sys.executable, "-m", "dipemu", "serve", service, "--port", str(self._port(name))]
        with (self.place / f"{name}.log").open("a") as log:
            self.processes[name] = subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    def add_participant(self, out: Path, *, role: str = "SUP", mpid: str = "ABCD") -> Identity:
        """Register a participant with the command line, as a tester does."""
        named = ["--role", role, "--mpid", mpid, "--out", str(out), "--gateway-url", self.url]
        command = [sys.executable, "-m", "dipemu", "participants", "add", *named]
        environment = self._environment_for(self.gateways[0])
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180)
        assert done.returncode == 0, done.stdout + done.stderr
        return Identity.load(out)

    def kill(self, name: str) -> None:
        """End one process as a power cut would."""
        self.processes[name].send_signal(signal.SIGKILL)
        self.processes[name].wait()

    def wait_ready(self, name: str) -> None:
        """Wait until a process says that it is ready."""
        url = f"http://127.0.0.1:{self._port(name)}/health/ready"
        process = self.processes[name]
        wait_until(lambda: httpx.get(url).status_code == 200, process, seconds=180)

    def stop(self) -> None:
        """End all processes in an orderly way."""
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _port(self, name: str) -> int:
        kind, _, number = name.partition(".")
        if kind == "dip_gateway":
            return self.gateways[int(number)]
        return self._workers[int(number)] if kind == "workers" else self.ports[name]

    def _environment_for(self, gateway: int) -> dict[str, str]:
        urls = {name: f"http://127.0.0.1:{port}" for name, port in self.ports.items()}
        urls["dip_gateway"] = f"http://127.0.0.1:{gateway}"
        return self._environment | {"DIPEMU_SERVICE_URLS": json.dumps(urls), "DIPEMU_PUBLIC_URL": ""}


def free_port() -> int:
    """A port that nothing listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    place: Path, kafka: str, database: str, *, gateways: int = 2, workers: int = 2
) -> Iterator[Distributed]:
    """A distributed composition that ends with the block."""
    composition = Distributed(place, kafka, database, gateways, workers)
    try:
        composition.start()
        yield composition
    finally:
        composition.stop()
