"""Sample messages: valid ones, deliberately bad ones, the same for the same seed."""

from __future__ import annotations

import re
from random import Random

import pytest

from contracts import load_catalogue
from contracts.errors import SampleImpossible, UnknownVariant
from contracts.sample_values import matching
from contracts.samples import KINDS, sample, spoiled
from contracts.validation import Validator

CATALOGUE = load_catalogue("2.1.0")
CHECKED = Validator(CATALOGUE)
EVENTS = [(i.name, event) for i in CATALOGUE.interfaces.values() for event in i.events]
MSAPP = ("IF-031", "MSApp")


@pytest.mark.parametrize(("interface", "event"), EVENTS)
def test_every_event_has_good_samples_without_so_much_as_a_warning(interface, event):
    for seed in range(3):
        message = sample(CATALOGUE, interface, event, seed=seed)
        checked = CHECKED.check(message)
        assert checked.violations == ()
        assert (checked.interface, checked.event) == (interface, event)


@pytest.mark.parametrize(("interface", "event"), EVENTS)
def test_every_event_has_samples_on_the_edge(interface, event):
    for seed in range(3):
        assert CHECKED.check(sample(CATALOGUE, interface, event, seed=seed, wild=True)).valid


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_fault_is_found_where_it_was_made(kind):
    made = 0
    for interface, event in [*EVENTS[::3], ("IF-021", "[ActivePower]")]:
        try:
            fault = spoiled(CATALOGUE, interface, event, kind, seed=5)
        except SampleImpossible:
            continue
        made += 1
        checked = CHECKED.check(fault.message)
        assert not checked.valid
        assert fault.pointer in {v.pointer for v in checked.errors}, fault
    assert made


def test_the_same_seed_gives_the_same_message():
    assert sample(CATALOGUE, *MSAPP, seed=7) == sample(CATALOGUE, *MSAPP, seed=7)
    assert sample(CATALOGUE, *MSAPP, seed=7) != sample(CATALOGUE, *MSAPP, seed=8)
    bad = [sample(CATALOGUE, *MSAPP, seed=7, invalid="missing-field") for _ in range(2)]
    assert bad[0] == bad[1]


def test_values_can_be_set_by_pointer():
    overrides = {
        "/payload/CommonBlock/M0/MPANCore": "1900012374324",
        "/payload/CustomBlock/B070/appointmentScenario": "CSP",
        "/payload/CustomBlock/new~1name": 1,
    }
    message = sample(CATALOGUE, *MSAPP, overrides=overrides)
    assert message["payload"]["CommonBlock"]["M0"]["MPANCore"] == "1900012374324"
    assert message["payload"]["CustomBlock"]["new/name"] == 1


def test_values_in_lists_can_be_set_by_pointer():
    first = "/payload/CustomBlock/B900/settlementDayConsumptionPeriods/0/consumptionPeriods/0"
    message = sample(
        CATALOGUE, "IF-021", "ActivePower", overrides={f"{first}/v": "9.000", first[:-2] + "/1": None}
    )
    periods = message["payload"]["CustomBlock"]["B900"]["settlementDayConsumptionPeriods"][0][
        "consumptionPeriods"
    ]
    assert periods[0]["v"] == "9.000"
    assert periods[1] is None


@pytest.mark.parametrize("pointer", ["/payload/Nowhere/x", "/payload/CommonBlock/S0/interfaceID/x", "/a/b/c"])
def test_a_pointer_into_nothing_is_refused(pointer):
    with pytest.raises(SampleImpossible, match=re.escape(pointer)):
        sample(CATALOGUE, *MSAPP, overrides={pointer: 1})


def test_impossible_faults_and_unknown_kinds_and_events_are_told():
    with pytest.raises(SampleImpossible, match="no place for the fault list-too-long"):
        sample(CATALOGUE, *MSAPP, invalid="list-too-long")
    with pytest.raises(SampleImpossible, match="there is no kind nonsense"):
        sample(CATALOGUE, *MSAPP, invalid="nonsense")
    with pytest.raises(UnknownVariant):
        sample(CATALOGUE, "IF-031", "Nothing")


def test_the_consumption_of_a_day_has_48_periods_in_utc():
    message = sample(CATALOGUE, "IF-021", "ActivePower")
    day = message["payload"]["CustomBlock"]["B900"]["settlementDayConsumptionPeriods"][0]
    assert len(day["consumptionPeriods"]) == 48
    assert day["settlementDay"]["settlementDayDate"].endswith("T00:00:00+00:00")


@pytest.mark.parametrize(
    "pattern",
    [
        r"^\d{13}?$",
        r"^[A-Z]{4}$",
        r"^-?\d{1,9}\.\d{3}$",
        r"^S-((IF|REP)-)?\d{3,4}-[0-9a-fA-F]{10}-[A-Z]{3,5}-\d{8}-[a-zA-Z0-9]+$",
        r"^(a|b)?.\w\s[^x]?$".replace("[^x]?", "x*"),
    ],
)
def test_a_text_can_be_made_for_any_usual_pattern(pattern):
    for seed in range(20):
        assert re.search(pattern, matching(pattern, Random(seed)))


@pytest.mark.parametrize("pattern", [r"^(a)\1$", "^[^a]$", r"(?=b)a"])
def test_a_pattern_beyond_the_usual_is_told(pattern):
    with pytest.raises(ValueError, match="pattern"):
        matching(pattern, Random(1))
