"""The library of test cases as a whole: what docs/scenarios.md says of it, and what it covers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from services.qualification.format import Scenario, Step
from services.qualification.library import markdown, messages
from services.qualification.scenario import load_scenarios, summary
from services.registration.checks import RULES
from services.registration.retrieving import RULES as RETRIEVER_RULES
from tests.unit.qualification.given import headline

DOCUMENT = Path(__file__).parents[3] / "docs" / "scenarios.md"
MINE = ("change-of-supplier", "appointments", "rejections")


@cache
def library() -> dict[str, Scenario]:
    return load_scenarios()


def named(scenario: Scenario) -> Iterator[str]:
    """The codes that the answers in a test case have to bring."""
    for step in scenario.steps:
        yield from step.refused
        for rule in step.expect:
            yield from ((rule.any_matches or rule.matches or "").partition("\\b")[0],)


def test_the_document_is_what_the_command_makes() -> None:
    assert DOCUMENT.read_text() == markdown(library().values()), "dipemu scenarios table > docs/scenarios.md"


def test_every_code_with_which_the_register_rejects_an_appointment_has_a_test_case() -> None:
    tested = {code for scenario in library().values() for code in named(scenario)}
    assert {*RULES, "REG0000", "REG1037", "REG1089", "REG1094"} - tested == set()


def test_every_code_with_which_the_register_rejects_a_retriever_has_a_test_case() -> None:
    mine = (one for one in library().values() if one.id.startswith("REJ-MDR"))
    assert {code for scenario in mine for code in named(scenario)} >= RETRIEVER_RULES.keys()


def test_a_change_of_supplier_is_played_in_every_segment() -> None:
    played = {
        scenario.mpan.site_data["marketSegmentIndicator"]
        for scenario in library().values()
        if scenario.theme == "change-of-supplier" and "IF-001" in messages(scenario)
    }
    assert played == {"S", "A", "U"}


@pytest.mark.parametrize("theme", MINE)
def test_whoever_may_be_a_participant_has_something_to_do(theme: str) -> None:
    headline_id = headline().id
    for scenario in library().values():
        if scenario.theme == theme and scenario.id != headline_id:
            acting = {end for step in scenario.steps for end in (step.source, step.recipient)}
            idle = {name for name, role in scenario.roles.items() if role.participant} - acting
            assert not idle, scenario.id


def test_answers_to_a_participant_lead_back_to_what_it_sent() -> None:
    """So that a harness which only answers a wrong message is not held to have failed."""
    for scenario in library().values():
        if scenario.theme in MINE:
            loose = [s.step for s in scenario.steps if s.message in ("IF-032", "IF-033") and not _linked(s)]
            assert not loose, scenario.id


def _linked(step: Step) -> bool:
    return step.answers is not None or step.must_not_come_within is not None


def test_what_must_not_come_is_no_message_of_a_test_case() -> None:
    silent = headline().steps[-2].model_copy(update={"must_not_come_within": 1.0})
    steps = (*headline().steps[:-2], silent)
    assert messages(headline()) == ["CSS01700", "CSS02800", "IF-002", "IF-031", "IF-032"]
    assert messages(headline().model_copy(update={"steps": steps}))[-1] == "IF-031"


def test_a_listed_role_says_how_much_it_has_to_do() -> None:
    roles = {role["key"]: role["steps"] for role in summary(headline())["roles"]}
    assert (roles["SUPI"], roles["REGS"], roles["CSS"], roles["SDSO"]) == (4, 3, 1, 0)
    assert summary(headline())["inject"] == ["CSS01700"]
    row = next(line for line in markdown([headline()]).splitlines() if headline().id in line)
    assert row.endswith("| SUPI, REGS |")
