"""A backup taken under load: what is restored goes on, and nothing is lost of what was accepted before it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any

import httpx
import pytest

from backbone.settings import Settings
from contracts import envelope
from contracts.identifiers import make_mpan
from dipemu.backup import back_up, restore
from examples.incoming_supplier import Supplier
from tests.e2e.emulator import SCENARIO, Emulator, wait_until
from tests.integration.dip_gateway.environment import MSAPP

RUNS = 2
PACE_SECONDS = 0.02  # the emulator and its runs need this machine, too


class Load:
    """A supplier that asks for one appointment after another, and remembers what was answered 201."""

    def __init__(self, supplier: Any) -> None:
        self._supplier = supplier
        self._ended = threading.Event()
        self.accepted: list[dict[str, Any]] = []

    def send(self, number: int) -> None:
        sender = envelope.Sender(self._supplier.me["dipId"], "SUP")
        message = envelope.build(
            "IF-031",
            "[MSApp]",
            sender=sender,
            now=datetime.now(UTC),
            custom=MSAPP,
            mpan=envelope.MpanBlock(make_mpan(20, number), "2500000001", "_H"),
            unique=token_hex(8),
        )
        if self.post(message).status_code == 201:
            self.accepted.append(message)

    def post(self, message: dict[str, Any]) -> httpx.Response:
        answer: httpx.Response = self._supplier.post("/dip-channel/IF-031", [message])
        return answer

    def _play(self) -> None:
        number = 0
        while not self._ended.wait(PACE_SECONDS):
            number += 1
            try:
                self.send(number)
            except httpx.TransportError:
                return  # the emulator was killed

    @contextmanager
    def going_on(self) -> Iterator[None]:
        thread = threading.Thread(target=self._play)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()


def reference(message: dict[str, Any]) -> str:
    sent: str = message["payload"]["CommonBlock"]["S1"]["senderUniqueReference"]
    return sent


@pytest.mark.timeout(120)
def test_a_restored_backup_goes_on_with_everything_accepted_before_it(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    emulator = Emulator(tmp_path / "data").start()
    restored = Emulator(tmp_path / "restored")
    try:
        emulator.add_participant(tmp_path / "supplier")
        supplier = Supplier(tmp_path / "supplier")
        load = Load(supplier)
        with load.going_on():
            wait_until(lambda: len(load.accepted) >= 20)
            runs = [
                httpx.post(f"{emulator.url}/api/runs", json={"scenario": SCENARIO}, timeout=30).json()["id"]
                for _ in range(RUNS)
            ]
            before = list(load.accepted)
            back_up(Settings.load(data=emulator.data), tmp_path / "backup", datetime.now(UTC))
            assert len(load.accepted) > len(before), "messages were accepted while it was made"
            emulator.kill()
        restore(tmp_path / "backup", restored.data)
        restored.start()
        _expect_all_to_end_well(restored, runs, [reference(message) for message in before])
        supplier.me["gatewayUrl"] = restored.url
        again = load.post(before[-1])
        assert (again.status_code, "MSG1006" in again.text) == (400, True), "a reference counts for ever"
        supplier.http.close()
    finally:
        emulator.stop()
        restored.stop()


def _expect_all_to_end_well(restored: Emulator, runs: list[str], references: list[str]) -> None:
    """Every run that was under way passes, and every message is with the Registration Service."""
    with httpx.Client(base_url=restored.url) as http:
        for run in runs:
            wait_until(lambda: http.get(f"/api/runs/{run}").json()["finished"], seconds=60)  # noqa: B023
            document = http.get(f"/api/runs/{run}").json()
            assert document["verdict"] == "passed", document["summary"]
        for sent in references:
            wait_until(lambda: "delivered" in _kinds(http, sent), seconds=20)  # noqa: B023


def _kinds(http: httpx.Client, sent: str) -> list[str]:
    """What has happened to a message, by the restored journal."""
    return [event["kind"] for event in http.get(f"/api/messages/{sent}").json()["events"]]
