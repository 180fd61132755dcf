"""What lint says of scenarios whose messages carry no MPAN."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from services.qualification.scenario import lint

TOTALS = "SET-Load-Shape-Totals"
REPORTS = "SET-DUoS-Reports"


def problems(folder: Path, scenario: str, old: str = "", new: str = "") -> list[tuple[str, str]]:
    text = (files("scenarios") / "settlement" / f"{scenario}.yaml").read_text()
    assert old in text
    file = folder / f"{scenario}.yaml"
    file.write_text(text.replace(old, new, 1))
    return [(problem.pointer, problem.text) for problem in lint(file)]


@pytest.mark.parametrize("scenario", [TOTALS, REPORTS, "SET-Report-Wrong-Recipient"])
def test_they_are_fine_without_site_data_and_preparation(tmp_path: Path, scenario: str) -> None:
    assert problems(tmp_path, scenario) == []


def test_a_clock_that_was_moved_and_such_a_message_do_not_go_together(tmp_path: Path) -> None:
    moved = "  - step: 1\n    advanceTo: {ukMidnightDaysAhead: 2}\n"
    found = problems(tmp_path, TOTALS, "  - step: 1\n", moved)
    text = "carries no MPAN, so it cannot be sent in the time of a run whose clock was moved (advanceTo)."
    assert found == [("/steps/0", f"IF-023 [LSSTotalsData] {text}")]


def test_a_report_that_goes_to_somebody_it_is_not_for_is_named(tmp_path: Path) -> None:
    found = problems(tmp_path, REPORTS, "LDSO: {role: LDSO", "LDSO: {role: SDS")
    assert ("/steps/1/recipient", "REP-002 [DUOSSupplierAggData] does not go to SDS.") in found


def test_one_that_must_not_come_there_is_not(tmp_path: Path) -> None:
    found = problems(tmp_path, "SET-Report-Wrong-Recipient", "    mustNotComeWithin: 2\n", "")
    assert found == [("/steps/2/recipient", "REP-002 [DUOSSupplierAggData] does not go to SDS.")]


@pytest.mark.parametrize("name", ["REP-2", "REP-0021", "REP-002a", "REPS-002"])
def test_a_report_s_name_is_that_of_the_standard(tmp_path: Path, name: str) -> None:
    ((pointer, _),) = problems(tmp_path, REPORTS, "message: REP-002", f"message: {name}")
    assert pointer == "/steps/0/message"
