"""The page about the counterparties names every rule that is applied, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from services.registration import checks, energising, retrieving
from tests.unit.registration.given import CATALOGUE

PAGE = (Path(__file__).parents[3] / "docs" / "counterparties.md").read_text()


def codes_of(heading: str) -> list[str]:
    section = PAGE.split(f"### {heading}\n", 1)[1].split("\n#", 1)[0]
    return re.findall(r"^\| (REG\d{4}) \|", section, re.MULTILINE)


def test_the_page_names_every_rule_of_an_appointment() -> None:
    assert codes_of("How IF-031 is checked") == sorted(checks.RULES)


def test_the_page_names_every_rule_of_a_retriever() -> None:
    assert codes_of("How a change of meter data retriever is checked") == list(retrieving.RULES)


def test_the_page_names_every_rule_of_a_change_of_energisation() -> None:
    assert codes_of("How a change of energisation is checked") == list(energising.RULES)


def test_the_page_says_what_each_rule_says() -> None:
    page = " ".join(PAGE.split())
    for rules in (checks.RULES, retrieving.RULES, energising.RULES):
        for code, rule in rules.items():
            first = " ".join((rule.__doc__ or "").split("\n\n")[0].split()).removeprefix(f"{code}: ")
            assert f"| {code} | {first[0].upper()}{first[1:]}" in page


def test_every_rule_says_which_code_it_stands_for_and_the_market_knows_it() -> None:
    for code, rule in [*checks.RULES.items(), *retrieving.RULES.items(), *energising.RULES.items()]:
        assert (rule.__doc__ or "").startswith(f"{code}: ")
        assert CATALOGUE.code_text(code).startswith(f"{code} - ")
