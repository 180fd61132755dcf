"""The page about the counterparties names every rule that is applied, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from services.registration import checks, retrieving
from tests.unit.registration.given import CATALOGUE

PAGE = (Path(__file__).parents[3] / "docs" / "counterparties.md").read_text()


def codes_of(heading: str) -> list[str]:
    section = PAGE.split(f"### {heading}\n", 1)[1].split("\n#", 1)[0]
    return re.findall(r"^\| (REG\d{4}) \|", section, re.MULTILINE)


def test_the_page_names_every_rule_of_an_appointment() -> None:
    assert codes_of("How IF-031 is checked") == sorted(checks.RULES)


def test_the_page_names_every_rule_of_a_retriever() -> None:
    assert codes_of("How a change of meter data retriever is checked") == list(retrieving.RULES)


def test_every_rule_says_which_code_it_stands_for_and_the_market_knows_it() -> None:
    for code, rule in [*checks.RULES.items(), *retrieving.RULES.items()]:
        assert (rule.__doc__ or "").startswith(f"{code}: ")
        assert CATALOGUE.code_text(code).startswith(f"{code} - ")
