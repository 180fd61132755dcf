"""A scenario that moves its run's business clock: what the day brings happens, for that run alone."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from backbone.settings import Settings
from dipemu.composition import INTERNAL_URL, Composition, open_composition
from services.qualification import app
from services.qualification.format import Scenario, Step
from tests.integration.qualification.regs import _ready
from tests.unit.qualification.given import headline

SECURED = {
    "step": 9,
    "description": "CSS secures the switch on the supply start date",
    "source": "CSS",
    "recipient": "REGS",
    "message": "CSS02370",
    "advanceTo": "${supplyStartDate}",
}
GAINED = {
    "step": 10,
    "description": "REGS tells of the new supplier",
    "source": "REGS",
    "recipient": "DIP",
    "message": "IF-001",
    "event": "[ChangeOfSupplier]",
}
NOT_TWICE = {**GAINED, "step": 11, "mustNotComeWithin": 0.5}


def lasting_until_the_supply_starts(name: str, *more: dict[str, Any]) -> Scenario:
    scenario = headline()
    steps = (*scenario.steps, *(Step.model_validate(one) for one in more))
    return scenario.model_copy(update={"id": name, "steps": steps})


async def finished(http: httpx.AsyncClient, scenario: str) -> dict[str, Any]:
    answer = await http.post(f"{INTERNAL_URL}/api/runs", json={"scenario": scenario}, timeout=30)
    run: dict[str, Any] = answer.json()
    async with asyncio.timeout(30):
        while not run["finished"]:
            query = {"after": run["version"], "wait": 10}
            run = (await http.get(f"{INTERNAL_URL}/api/runs/{run['id']}", params=query, timeout=30)).json()
    return run


async def test_given_a_step_on_the_supply_start_date_then_the_day_comes_for_that_run_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = lasting_until_the_supply_starts("MOVED", SECURED, GAINED, NOT_TWICE)
    scenarios = {one.id: one for one in (moved, headline())}
    monkeypatch.setattr(app, "load_scenarios", lambda: scenarios)
    async with open_composition(Settings(data=tmp_path)) as composition:
        http = composition.context.http
        await _ready(http)
        run, other = await asyncio.gather(finished(http, "MOVED"), finished(http, headline().id))
        assert (run["verdict"], other["verdict"]) == ("passed", "passed"), run["summary"]
        _judged_in_real_time(run)
        _ahead(composition, run, other)


def _judged_in_real_time(run: dict[str, Any]) -> None:
    moments = [datetime.fromisoformat(step["at"]) for step in run["steps"]]
    assert moments == sorted(moments)
    assert moments[-1] - datetime.fromisoformat(run["created"]) < timedelta(minutes=1)


def _ahead(composition: Composition, run: dict[str, Any], other: dict[str, Any]) -> None:
    clock, supply_starts = composition.context.clock, datetime.fromisoformat(run["supplyStartDate"])
    assert clock.now(run["mpan"]) >= supply_starts
    assert clock.now(other["mpan"]) < supply_starts - timedelta(days=5)
