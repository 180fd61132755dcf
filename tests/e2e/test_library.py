"""The whole library of test cases against one running server, and systems that err in it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx

from examples.incoming_supplier import Supplier
from services.qualification.scenario import load_scenarios
from tests.e2e.emulator import Emulator, dipemu
from tests.e2e.provider import Accepting, Refusing, play_provider
from tests.e2e.supplier import Late, WrongRegistration, play

AT_ONCE = 16


async def verdicts(url: str) -> dict[str, str]:
    """Every test case, some at once, every role played by the harness: its verdict and what was said."""
    turn = asyncio.Semaphore(AT_ONCE)
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:

        async def verdict(scenario: str) -> str:
            async with turn:
                run = (await http.post("/api/runs", json={"scenario": scenario})).json()
                while not run["finished"]:
                    query = {"ended": True, "wait": 20}
                    run = (await http.get(f"/api/runs/{run['id']}", params=query)).json()
            return (
                str(run["verdict"]) if run["verdict"] == "passed" else f"{run['verdict']}: {run['summary']}"
            )

        scenarios = [one["id"] for one in (await http.get("/api/scenarios")).json()]
        return dict(zip(scenarios, await asyncio.gather(*map(verdict, scenarios)), strict=True))


def test_every_test_case_passes_with_every_role_played_by_the_harness(emulator: Emulator) -> None:
    found = asyncio.run(verdicts(emulator.url))
    assert {name: said for name, said in found.items() if said != "passed"} == {}
    assert found.keys() == load_scenarios().keys()


def test_several_test_cases_end_in_one_table_one_suite_and_a_folder_each(
    emulator: Emulator, tmp_path: Path
) -> None:
    wanted = ["REJ-REG1026", "REJ-REG1034", "REJ-REG1099"]
    places: list[str | Path] = ["--json", tmp_path / "all.json", "--junit", tmp_path / "all.xml"]
    places += ["--evidence", tmp_path / "e"]
    printed = dipemu("run", *wanted, "--server", emulator.url, "--at-once", "3", *places).stdout
    assert "3 test cases: 3 passed" in printed
    written = json.loads((tmp_path / "all.json").read_text())
    assert (written["verdicts"], [one["scenario"] for one in written["runs"]]) == ({"passed": 3}, wanted)
    (suite,) = ElementTree.parse(tmp_path / "all.xml").getroot()
    assert [(case.get("classname"), case.get("name")) for case in suite] == [
        ("rejections", name) for name in wanted
    ]
    folders = {place.name for place in (tmp_path / "e").iterdir() if (place / "report.html").exists()}
    assert folders == {one["run"]["name"] for one in written["runs"]}


def test_a_theme_that_there_is_not_ends_with_two_and_names_those_that_there_are(emulator: Emulator) -> None:
    said = dipemu("run", "--theme", "weather", "--server", emulator.url, check=2).stderr
    assert "no theme weather. Known: appointments, change-of-supplier" in said


def one_run(
    emulator: Emulator, place: Path, scenario: str, role: str, dip_id: str, check: int, timeout: str = "20"
) -> tuple[str, dict[str, Any]]:
    """A run in which a participant plays this role; what was printed and the run."""
    places: list[str | Path] = ["--json", place / "run.json", "--evidence", place / "evidence"]
    fixed = ["--server", emulator.url, "--participant", f"{role}={dip_id}", "--timeout", timeout]
    printed = dipemu("run", scenario, *fixed, *places, check=check).stdout
    document: dict[str, Any] = json.loads((place / "run.json").read_text())
    return printed, document


def failed(document: dict[str, Any]) -> dict[str, Any]:
    """The first step that failed."""
    return next(step for step in document["steps"] if step["result"] == "failed")


def as_supplier(
    emulator: Emulator, place: Path, kind: Any, scenario: str, check: int, timeout: str = "20"
) -> tuple[str, dict[str, Any]]:
    identity = emulator.add_participant(place / "supplier")
    play(place / "supplier", kind)
    return one_run(emulator, place, scenario, "SUPI", identity["dipId"], check, timeout)


def test_a_supplier_that_appoints_no_data_service_fails_where_it_is_due(
    emulator: Emulator, tmp_path: Path
) -> None:
    _, document = as_supplier(emulator, tmp_path, Supplier, "COS-Smart-MS-DS", check=1, timeout="3")
    step = failed(document)
    assert (step["message"], step["event"], step["who"]) == ("IF-031", "[DSApp]", "QP")
    assert "IF-031 [DSApp]" in step["explanation"]


def test_a_supplier_is_to_be_rejected_and_passes_by_quoting_the_wrong_switch(
    emulator: Emulator, tmp_path: Path
) -> None:
    _, document = as_supplier(emulator, tmp_path, WrongRegistration, "REJ-COS-REG0005", check=0)
    assert document["verdict"] == "passed"


def test_a_supplier_that_sends_a_good_request_where_a_wrong_one_is_asked_for_fails(
    emulator: Emulator, tmp_path: Path
) -> None:
    printed, document = as_supplier(emulator, tmp_path, Supplier, "REJ-COS-REG0005", check=1)
    step = failed(document)
    assert (step["step"], step["message"]) == (5, "IF-031")
    assert "It quotes the CSS registration ID that this test case asks for." in step["explanation"]
    assert "00000000-0000-0000-0000-00000000dead" in printed


def test_a_supplier_that_asks_a_day_too_late_as_it_is_told_passes(emulator: Emulator, tmp_path: Path) -> None:
    _, document = as_supplier(emulator, tmp_path, Late, "REJ-COS-REG1033", check=0)
    rejected = next(step for step in document["steps"] if step["message"] == "IF-032")
    assert "REG1033" in str(rejected["findings"])


def as_metering_service(emulator: Emulator, place: Path, kind: Any, check: int) -> tuple[str, dict[str, Any]]:
    identity = emulator.add_participant(place / "service", role="MSS", mpid="WXYZ")
    play_provider(place / "service", kind)
    return one_run(emulator, place, "APP-MS-Refuses-SP004", "MSS", identity["dipId"], check)


def test_a_metering_service_that_refuses_as_it_is_told_passes(emulator: Emulator, tmp_path: Path) -> None:
    _, document = as_metering_service(emulator, tmp_path, Refusing, check=0)
    assert document["verdict"] == "passed"
    assert "QP" in {step["who"] for step in document["steps"]}


def test_a_metering_service_that_accepts_what_it_is_to_refuse_fails(
    emulator: Emulator, tmp_path: Path
) -> None:
    _, document = as_metering_service(emulator, tmp_path, Accepting, check=1)
    step = failed(document)
    assert (step["message"], step["event"]) == ("IF-034", "[MSAppSPResponse]")
    assert "The Metering Service refuses the appointment." in step["explanation"]
    assert "SP004" in step["explanation"]


def test_of_several_the_worst_counts_and_a_refused_start_is_no_verdict(
    emulator: Emulator, tmp_path: Path
) -> None:
    emulator.add_participant(tmp_path / "silent", mpid="QUIE")
    identity = json.loads((tmp_path / "silent" / "identity.json").read_text())
    places: list[str | Path] = ["--json", tmp_path / "all.json", "--evidence", tmp_path / "e"]
    chosen = ["--at-once", "2", "--timeout", "1", "--participant", f"SUP={identity['dipId']}"]
    fixed = ["--server", emulator.url, *places, *chosen]
    printed = dipemu("run", "REJ-REG1026", "REJ-REG1034", *fixed, check=1).stdout
    assert "2 test cases: 2 failed" in printed
    dipemu("run", "REJ-REG1026", "COS-Smart-Cancelled", *fixed, check=2)
    written = json.loads((tmp_path / "all.json").read_text())
    said = {one["scenario"]: (one["verdict"], one["summary"]) for one in written["runs"]}
    assert said["REJ-REG1026"][0] == "failed"
    assert said["COS-Smart-Cancelled"][0] == "refused"
    assert "has no role SUP" in said["COS-Smart-Cancelled"][1]
