"""The headline scenario on the distributed composition: two gateways, two delivery workers, real parts."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.databases import fresh_database
from tests.e2e.distributed import Distributed, running
from tests.e2e.emulator import SCENARIO, dipemu
from tests.real_services import kafka_bootstrap

pytestmark = [pytest.mark.kafka, pytest.mark.postgres, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def composition(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Distributed]:
    place = tmp_path_factory.mktemp("distributed")
    (place / "data").mkdir()
    loop = asyncio.new_event_loop()
    database = fresh_database("postgresql", place)
    url = loop.run_until_complete(database.__aenter__())
    try:
        with running(place, kafka_bootstrap(), url) as distributed:
            yield distributed
    finally:
        loop.run_until_complete(database.__aexit__(None, None, None))
        loop.close()


def run_to_the_end(url: str) -> dict[str, Any]:
    with httpx.Client(base_url=url, timeout=60) as http:
        run = http.post("/api/runs", json={"scenario": SCENARIO, "timeout": 120}).raise_for_status().json()
        while not run["finished"]:
            query = {"after": run["version"], "wait": 20}
            run = http.get(f"/api/runs/{run['id']}", params=query).raise_for_status().json()
    return dict(run)


def test_the_scenario_passes_through_one_address(composition: Distributed, tmp_path: Path) -> None:
    done = dipemu("run", SCENARIO, "--server", composition.url, "--evidence", tmp_path / "evidence")
    assert "PASSED" in done.stdout
    journal = (tmp_path / "evidence" / "journal.ndjson").read_text().splitlines()
    assert {"accepted", "delivered"} <= {json.loads(line)["kind"] for line in journal}


def test_runs_in_parallel_do_not_mix(composition: Distributed) -> None:
    with ThreadPoolExecutor(20) as pool:
        runs = list(pool.map(run_to_the_end, [composition.url] * 40))
    assert [run["verdict"] for run in runs] == ["passed"] * 40, {run["summary"] for run in runs}
    assert len({run["mpan"] for run in runs}) == 40


@pytest.mark.parametrize(
    "name", ["dip_gateway.0", "workers.0", "registration", "supplier_stub", "qualification"]
)
def test_a_killed_process_is_missed_by_nobody(composition: Distributed, name: str) -> None:
    outcome: list[dict[str, Any]] = []
    gateway = f"http://127.0.0.1:{composition.gateways[1]}"
    run = threading.Thread(target=lambda: outcome.append(run_to_the_end(gateway)))
    if name == "qualification":  # it starts the run, so it dies between runs
        composition.kill(name)
        composition.launch(name)
        composition.wait_ready(name)
        run.start()
    else:
        run.start()
        composition.kill(name)
        composition.launch(name)
        composition.wait_ready(name)
    run.join(timeout=200)
    assert outcome, "the run came to an end"
    assert outcome[0]["verdict"] == "passed", outcome[0]["summary"]
