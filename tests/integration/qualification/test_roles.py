"""Any role can be the participant's: here its registration service, against the whole harness."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, select

from dipemu.composition import INTERNAL_URL
from participant.outbox import outbox_table
from tests.integration.qualification.regs import DIP_ID, RegistrationService, open_harness, played


async def test_a_participants_registration_service_passes(tmp_path: Path) -> None:
    async with open_harness(tmp_path) as (http, service):
        run = await played(http, service)
        assert service.answers == [201, 201]
    assert run["verdict"] == "passed", run["summary"]
    assert [step["who"] for step in run["steps"]] == ["QTE", "QTE", "QP", "QTE", "QTE", "QP", "QP", "QTE"]
    assert [item["step"] for item in run["instructions"]] == [3, 6, 7]
    assert run["webhooks"][0]["channel"] == "IF-031"
    assert run["steps"][1]["result"] == "passed"


async def test_a_registration_service_that_rejects_a_good_request_fails(tmp_path: Path) -> None:
    async with open_harness(tmp_path) as (http, service):
        service.code = "R"
        run = await played(http, service)
    assert run["verdict"] == "failed"
    failed = run["steps"][6]
    assert failed["status"] == "Failed"
    assert "REG0006" in failed["explanation"]
    assert DIP_ID in [party["dipId"] for party in run["parties"]]


async def test_a_registration_service_is_asked_outside_a_switch_and_passes_by_rejecting(
    tmp_path: Path,
) -> None:
    async with open_harness(tmp_path) as (http, service):
        service.code, service.reason = "R", "REG1026 - Scenario CSP cannot propose the current provider"
        run = await played(http, service, scenario="REJ-REG1026")
    assert run["verdict"] == "passed", run["summary"]
    assert [step["who"] for step in run["steps"]] == ["QTE", "QP", "QP", "QTE", "QP"]


async def test_a_registration_service_that_accepts_what_breaks_a_rule_fails(tmp_path: Path) -> None:
    async with open_harness(tmp_path) as (http, service):
        run = await played(http, service, scenario="REJ-REG1026")
    assert run["verdict"] == "failed"
    failed = next(step for step in run["steps"] if step["result"] == "failed")
    assert failed["message"] == "IF-032"
    assert "The Registration Service rejects the appointment request." in failed["explanation"]


async def test_in_stepwise_mode_css_tells_a_participants_registration_service_when_run_is_pressed(
    tmp_path: Path,
) -> None:
    async with open_harness(tmp_path) as (http, service):
        wish = {"scenario": "SITFTS0020-Smart-Single", "participants": {"REGS": DIP_ID}, "mode": "stepwise"}
        service.run = (await http.post(f"{INTERNAL_URL}/api/runs", json=wish, timeout=40)).json()
        service.briefed.set()
        await _pressed_at(http, service.run, 1)
        await _made_and_held(service)
        assert service.answers == []
        await _pressed_at(http, service.run, 2)
        run = await _at(http, service.run, 5)
        assert service.answers == [201]
    assert [step["result"] for step in run["steps"][:5]] == ["passed"] * 4 + ["held for the tester"]


async def _at(http: httpx.AsyncClient, run: dict[str, Any], step: int) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while run["currentStep"] != step:
            query = {"after": run["version"], "wait": 10}
            run = (await http.get(f"{INTERNAL_URL}/api/runs/{run['id']}", params=query, timeout=40)).json()
    return run


async def _pressed_at(http: httpx.AsyncClient, run: dict[str, Any], step: int) -> None:
    await _at(http, run, step)
    answer = await http.post(f"{INTERNAL_URL}/api/runs/{run['id']}/steps/{step}/release", timeout=40)
    assert answer.status_code == 200, answer.text


async def _made_and_held(service: RegistrationService) -> None:
    """Return once CSS has made its message, and what it writes down about it."""
    query = select(func.count()).select_from(outbox_table).where(outbox_table.c.held == 2)
    async with asyncio.timeout(20):
        while True:
            async with service.composition.context.database.read() as connection:
                if await connection.scalar(query) == 2:
                    return
            await asyncio.sleep(0.02)
