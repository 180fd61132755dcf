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
