"""The validator and names: any case is accepted and corrected, and answers use the sender's own spelling."""

from __future__ import annotations

from copy import deepcopy

import pytest

from contracts.samples import sample
from contracts.validation import Severity
from tests.unit.contracts.faults import B070, CATALOGUE, VALIDATOR, changed, only


def renamed(value, change):
    if isinstance(value, list):
        return [renamed(entry, change) for entry in value]
    if not isinstance(value, dict):
        return value
    return {change(name): renamed(inner, change) for name, inner in value.items()}


@pytest.mark.parametrize("change", [str.lower, str.upper, str.swapcase])
@pytest.mark.parametrize(
    ("interface", "event"),
    [("IF-001", "ChangeOfSupplier"), ("IF-021", "ActivePower"), ("IF-036", "MSAppActive")],
)
def test_names_in_any_case_are_accepted_and_corrected(interface, event, change):
    original = sample(CATALOGUE, interface, event)
    checked = VALIDATOR.check(renamed(original, change))
    assert checked.valid
    assert checked.message == original


def test_the_pointer_is_in_the_senders_own_spelling(message):
    message["payload"]["customblock"] = message["payload"].pop("CustomBlock")
    message["payload"]["customblock"]["B070"]["APPOINTMENTSCENARIO"] = message["payload"]["customblock"][
        "B070"
    ].pop("appointmentScenario")
    message["payload"]["customblock"]["B070"]["APPOINTMENTSCENARIO"] = "cos"
    assert only(message).pointer == "/payload/customblock/B070/APPOINTMENTSCENARIO"


def test_warnings_too_point_in_the_senders_own_spelling(message):
    message["payload"]["CommonBlock"]["m0"] = message["payload"]["CommonBlock"].pop("M0")
    message["payload"]["CommonBlock"]["m0"]["MPANCore"] = "2000056535972"
    checked = VALIDATOR.check(message)
    assert checked.valid
    assert checked.violations[0].pointer == "/payload/CommonBlock/m0/MPANCore"
    assert checked.violations[0].severity is Severity.WARNING
    assert (checked.errors, len(checked.warnings)) == ((), 1)


def test_the_senders_object_is_never_changed(message):
    lower = renamed(message, str.lower)
    before = deepcopy(lower)
    VALIDATOR.check(lower)
    assert lower == before


def test_a_field_given_twice_in_different_case_is_refused(message):
    violation = only(changed(message, f"{B070}/APPOINTMENTSCENARIO", "COS"))
    assert violation.rule == "duplicate"


def test_an_odd_name_is_escaped_in_the_pointer(message):
    assert only(changed(message, f"{B070}/a~1b~0c", 1)).pointer == f"{B070}/a~1b~0c"
