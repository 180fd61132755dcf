"""Any role can be the participant's: here its registration service, against the whole harness."""

from __future__ import annotations

from pathlib import Path

from tests.integration.qualification.regs import DIP_ID, open_harness, played


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
