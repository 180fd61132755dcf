"""A real `dipemu up` in a process of its own, and the command line beside it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

SCENARIO = "SITFTS0020-Smart-Single"
START_SECONDS = 120.0  # on a machine that has much else to do
DIPEMU = [sys.executable, "-m", "dipemu"]


def dipemu(
    *arguments: str | Path, check: int | None = 0, timeout: float = 180
) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end; ``check`` is the exit code that it must give, None for any."""
    environment = os.environ | {"COLUMNS": "200", "NO_COLOR": "1"}
    done = subprocess.run(
        [*DIPEMU, *map(str, arguments)], capture_output=True, text=True, timeout=timeout, env=environment
    )
    if check is not None:
        assert done.returncode == check, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


class Emulator:
    """`dipemu up` on a free port and a data directory that outlives a kill."""

    def __init__(self, data: Path, **environment: str) -> None:
        self.data = data
        self.url = ""
        self._port = 0
        self._environment = os.environ | {"NO_COLOR": "1"} | environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Emulator:
        """Start and wait until it is ready; the port stays the same over restarts."""
        command = [*DIPEMU, "up", "--port", str(self._port), "--data", str(self.data)]
        (self.data / "gateway.url").unlink(missing_ok=True)
        with (self.data.parent / f"{self.data.name}.log").open("a") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=self._environment)
        with ExitStack() as otherwise:
            otherwise.callback(self.kill)
            self._await_ready(self._process)
            otherwise.pop_all()
        return self

    def _await_ready(self, process: subprocess.Popen[bytes]) -> None:
        wait_until((self.data / "gateway.url").exists, process, START_SECONDS)
        self.url = (self.data / "gateway.url").read_text().strip()
        self._port = httpx.URL(self.url).port or 0
        wait_until(lambda: httpx.get(f"{self.url}/health/ready").status_code == 200, process, START_SECONDS)

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        assert self._process
        return self._process.pid

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """End it as Ctrl-C would."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=20)

    def add_participant(
        self, out: Path, *, role: str = "SUP", mpid: str = "ABCD", dip_id: str | None = None
    ) -> dict[str, Any]:
        """Register a participant; its identity.json is returned."""
        chosen = ["--dip-id", dip_id] if dip_id else []
        dipemu(
            "participants", "add", "--role", role, "--mpid", mpid, "--out", out, "--data", self.data, *chosen
        )
        identity: dict[str, Any] = json.loads((out / "identity.json").read_text())
        return identity

    def run(
        self, *arguments: str | Path, check: int | None = 0, timeout: float = 180
    ) -> tuple[str, dict[str, Any]]:
        """Run the headline scenario here; what was printed and the run as JSON."""
        place = self.data.parent / f"run-{time.monotonic_ns()}"
        written: list[str | Path] = ["--json", place / "run.json", "--evidence", place / "evidence"]
        fixed = ["--server", self.url, *written]
        done = dipemu("run", SCENARIO, *fixed, *arguments, check=check, timeout=timeout)
        document: dict[str, Any] = json.loads((place / "run.json").read_text())
        document["evidence"] = str(place / "evidence")
        return done.stdout, document

    def journal(self, text: str, since: datetime) -> list[dict[str, Any]]:
        """The events since then whose message holds this text, once there are any (the index lags)."""
        events: list[dict[str, Any]] = []

        def found() -> bool:
            query = {"since": since.isoformat(), "limit": "1000"}
            answer = httpx.get(f"{self.url}/api/journal", params=query).raise_for_status()
            events[:] = [event for event in answer.json() if text in event.get("body", "")]
            return bool(events)

        wait_until(found)
        return events


def wait_until(condition: Any, process: subprocess.Popen[Any] | None = None, seconds: float = 30) -> None:
    """Wait for a condition outside this process, which offers nothing to wait on but a look at it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        assert process is None or process.poll() is None, f"the process ended with {process.poll()}"
        try:
            if condition():
                return
        except httpx.TransportError:
            pass
        time.sleep(0.02)
    raise AssertionError(f"not so within {seconds} s: {condition}")
