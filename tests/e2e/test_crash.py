"""A power cut in the middle of a run: the run completes after the restart, with the right verdict."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from examples.incoming_supplier import Supplier
from tests.e2e.emulator import SCENARIO, Emulator, wait_until
from tests.e2e.supplier import play


@pytest.mark.timeout(180)
def test_kill_between_appointment_and_its_answer(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    emulator = Emulator(data, DIPEMU_RETRY_FIRST_SECONDS="0.2").start()
    killed = threading.Event()

    class KillsAfterAppointment(Supplier):
        """Its IF-031 is answered 201; in that moment the power goes."""

        def appoint_metering_service(self, site: dict[str, Any], run: dict[str, Any]) -> None:
            if killed.is_set():
                return  # PUB-002 once more: its 201 was cut off by the power cut as well
            super().appoint_metering_service(site, run)
            emulator.kill()
            killed.set()

    try:
        identity = emulator.add_participant(tmp_path / "supplier")
        supplier = play(tmp_path / "supplier", KillsAfterAppointment)
        request: dict[str, Any] = {
            "scenario": SCENARIO,
            "participants": {"SUPI": identity["dipId"]},
            "timeout": 60,
        }
        run = httpx.post(f"{emulator.url}/api/runs", json=request).json()
        assert killed.wait(30), "the supplier appointed its metering service"
        emulator.start()
        wait_until(lambda: httpx.get(f"{emulator.url}/api/runs/{run['id']}").json()["finished"], seconds=60)
        document = httpx.get(f"{emulator.url}/api/runs/{run['id']}").json()
        assert document["verdict"] == "passed", document["summary"]
        assert supplier.me["dipId"] == identity["dipId"]
    finally:
        emulator.stop()
