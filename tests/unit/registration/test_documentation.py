"""The page about the counterparties names every rule that is applied, and no other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from participant.handlers import HandlerRegistry
from participant.service_provider import DATA_SERVICE, METERING_SERVICE, provider_registry
from services.central_services_stub import consumption_checks
from services.central_services_stub.handlers import build_registry
from services.css_stub.handlers import Callbacks
from services.css_stub.handlers import build_registry as css_registry
from services.registration import (
    checks,
    direct_contracts,
    energising,
    metering,
    relationships,
    retrieving,
    supplier_data,
)
from services.registration.handlers import registry as registration
from services.supplier_stub.handlers import registry as suppliers
from tests.unit.messages import CATALOGUE

PAGE = (Path(__file__).parents[3] / "docs" / "counterparties.md").read_text()


def codes_of(heading: str) -> list[str]:
    section = PAGE.split(f"### {heading}\n", 1)[1].split("\n#", 1)[0]
    return re.findall(r"^\| ((?:REG|ECS)\d{4}) \|", section, re.MULTILINE)


RULES_BY_HEADING = {
    "How IF-031 is checked": checks.RULES,
    "How a change of meter data retriever is checked": retrieving.RULES,
    "How a change of energisation is checked": energising.RULES,
    "How a change of meters is checked": metering.RULES,
    "How supplier data are checked": supplier_data.RULES,
    "How relationships of MPANs are checked": relationships.RULES,
    "How customer direct contracts are checked": direct_contracts.RULES,
    "How consumption is checked": consumption_checks.RULES,
}
ALL_RULES = [(code, rule) for rules in RULES_BY_HEADING.values() for code, rule in rules.items()]


@pytest.mark.parametrize("heading", RULES_BY_HEADING)
def test_the_page_names_every_rule(heading: str) -> None:
    assert codes_of(heading) == sorted(RULES_BY_HEADING[heading])


def test_the_page_says_what_each_rule_says() -> None:
    page = " ".join(PAGE.split())
    for code, rule in ALL_RULES:
        first = " ".join((rule.__doc__ or "").split("\n\n")[0].split()).removeprefix(f"{code}: ")
        assert f"| {code} | {first[0].upper()}{first[1:]}" in page


def test_every_rule_says_which_code_it_stands_for_and_the_market_knows_it() -> None:
    for code, rule in ALL_RULES:
        assert (rule.__doc__ or "").startswith(f"{code}: ")
        assert CATALOGUE.code_text(code).startswith(f"{code} - ")


def test_the_page_names_every_order() -> None:
    """Whatever a service takes stands in the table of orders, and the other way round."""
    section = PAGE.split("## Orders\n", 1)[1].split("\n### ", 1)[0]
    named = set(re.findall(r"^\| [^|]+ \| `(\w+)` \|", section, re.MULTILINE))
    providers = [provider_registry(kind, CATALOGUE) for kind in (METERING_SERVICE, DATA_SERVICE)]
    others: list[HandlerRegistry[Any]] = [
        registration,
        suppliers,
        build_registry(CATALOGUE),
        css_registry(Callbacks(lambda mpid: None)),
    ]
    taken = {name for registry in [*providers, *others] for name in registry.commands()}
    assert named == taken | {"fault", "end_fault", "run_ended", "deliver_again"}
