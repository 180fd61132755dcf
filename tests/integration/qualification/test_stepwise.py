"""A tester lets the harness act one message at a time: the whole harness over HTTP, on both databases."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from services.qualification.recompute import recompute
from tests.databases import BOTH, fresh_database
from tests.integration.qualification.steered import Desk, Document, open_harness

SENT_BY_THE_HARNESS = {1: "CSS01700", 2: "CSS02800", 3: "IF-002", 5: "IF-031", 7: "IF-032"}


@pytest.fixture(params=BOTH)
async def database(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    async with fresh_database(request.param, tmp_path) as url:
        yield url


async def run_to(desk: Desk, run: Document, last: int) -> Document:
    """Press Run on every held step before this one; the run, held at this one."""
    for step in SENT_BY_THE_HARNESS:
        run = await desk.held_at(run, step)
        if step == last:
            return run
        await desk.release(run, step)
    return run


async def test_each_message_of_the_harness_waits_for_run_and_the_run_passes(
    tmp_path: Path, database: str
) -> None:
    async with open_harness(tmp_path, database) as desk:
        run = await desk.start(mode="stepwise", timeout=2)
        for step, message in SENT_BY_THE_HARNESS.items():
            run = await desk.held_at(run, step)
            row = run["steps"][step - 1]
            assert (row["action"], row["deadline"]) == ("Run", None)
            if step in (2, 3, 7):  # what a service sends by itself, without an order
                await desk.message_held(step)
            assert await desk.journal(run, message) == []
            run = await desk.release(run, step)
        run = await desk.until(run, finished=True)
        assert (run["verdict"], run["summary"]) == ("passed", "All 8 steps passed.")
        archive = (await desk.http.get(f"/api/runs/{run['id']}/evidence")).content
    zipfile.ZipFile(io.BytesIO(archive)).extractall(tmp_path / "evidence")
    assert recompute(tmp_path / "evidence").agrees


async def test_a_restart_in_the_middle_loses_neither_the_hold_nor_the_held_message(
    tmp_path: Path, database: str
) -> None:
    async with open_harness(tmp_path, database) as desk:
        run = await run_to(desk, await desk.start(mode="stepwise", label="nightly 7"), 3)
        await desk.message_held(3)
    async with open_harness(tmp_path, database) as desk:
        run = await desk.held_at(await desk.run(run["id"]), 3)
        assert await desk.journal(run, "IF-002") == []
        run = await desk.held_at(await desk.release(run, 3), 5)
        run = await desk.post(f"/{run['id']}/flow")
        assert run["mode"] == "automatic"
        run = await desk.until(run, finished=True)
    assert (run["verdict"], run["label"]) == ("passed", "nightly 7")


async def test_a_run_that_ends_sends_nothing_of_what_it_held(tmp_path: Path, database: str) -> None:
    async with open_harness(tmp_path, database) as desk:
        run = await run_to(desk, await desk.start(mode="stepwise"), 2)
        await desk.message_held(2)
        run = await desk.post(f"/{run['id']}/cancel")
        assert run["verdict"] == "unknown"
        again = await desk.start(mode="stepwise", mpan=run["mpan"])
        again = await desk.held_at(again, 1)
        assert await desk.journal(again, "CSS02800") == []


async def test_the_supply_start_date_comes_for_the_run_whose_clock_is_advanced_and_stays_after_a_restart(
    tmp_path: Path, database: str
) -> None:
    async with open_harness(tmp_path, database) as desk:
        other = await desk.start(mode="stepwise")
        run = await run_to(desk, await desk.start(mode="stepwise"), 3)
        starts = run["supplyStartDate"]
        run = await desk.post(f"/{run['id']}/clock", to=starts)
        assert datetime.fromisoformat(run["businessTime"]) >= datetime.fromisoformat(starts)
        assert run["steps"][2]["result"] == "held for the tester"
        secured = await desk.seen(run, "CSS02370")
        assert datetime.fromisoformat(secured[0]["at"]) >= datetime.fromisoformat(starts)
        assert await desk.journal(other, "CSS02370") == []
    async with open_harness(tmp_path, database) as desk:
        run, other = await desk.run(run["id"]), await desk.run(other["id"])
        assert datetime.fromisoformat(run["businessTime"]) >= datetime.fromisoformat(starts)
        assert run["clockAheadSeconds"] > timedelta(days=5).total_seconds()
        assert datetime.fromisoformat(other["businessTime"]) < datetime.fromisoformat(starts)
