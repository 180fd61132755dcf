"""The validator on what is no message: any shape, depth, number and amount is answered, and in time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.samples import sample
from tests.unit.contracts.faults import B013, B070, CATALOGUE, S0, S1, VALIDATOR, changed, only


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        (None, ""),
        ([], ""),
        ("text", ""),
        ({}, "/payload"),
        ({"payload": 1}, "/payload"),
        ({"payload": {}}, "/payload/CommonBlock"),
        ({"payload": {"CommonBlock": {}}}, S0),
        ({"payload": {"CommonBlock": {"S0": {}}}}, f"{S0}/interfaceID"),
        ({"payload": {"CommonBlock": {"S0": {"interfaceID": ["x"], "eventCode": {}}}}}, f"{S0}/interfaceID"),
    ],
)
def test_what_is_no_message_at_all_is_told_at_the_right_place(value, pointer):
    checked = VALIDATOR.check(value)
    assert not checked.valid
    assert pointer in {v.pointer for v in checked.violations}


def nested(depth):
    value: dict[str, object] = {}
    for _ in range(depth):
        value = {"a": value}
    return value


@pytest.mark.parametrize("pointer", [f"{B070}/appointmentScenario", B070, "/payload/extra", f"{B013}/extra"])
def test_depth_is_no_way_to_break_the_check(message, pointer):
    checked = VALIDATOR.check(changed(message, pointer, nested(900)))
    assert checked.valid is (pointer == f"{B013}/extra"), "B013 is open"


def test_a_flood_of_unknown_names_is_answered_name_by_name_and_in_time(message):
    message["payload"]["CustomBlock"]["B070"] |= {f"appointmentScenari{n}": n for n in range(20_000)}
    message["payload"]["CustomBlock"]["B070"]["x" * 100_000] = "x" * 100_000
    begun = time.perf_counter()
    checked = VALIDATOR.check(message)
    assert len(checked.errors) == 20_001
    assert time.perf_counter() - begun < 5


def test_numbers_beyond_all_bounds_are_refused_not_feared():
    pointer = "/payload/CustomBlock/B900/settlementDayConsumptionPeriods/0/settlementDay/periodDuration"
    for number in (1e308 * 10, -1e308 * 10, 1e300, 2**63):
        consumption = sample(CATALOGUE, "IF-021", "ActivePower", overrides={pointer: number})
        assert only(consumption).rule in ("type", "range")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
POINTERS = [
    "/payload",
    "/payload/CommonBlock",
    S0,
    f"{S0}/interfaceID",
    f"{S0}/eventCode",
    S1,
    f"{S1}/senderUniqueReference",
    "/payload/CommonBlock/M0/MPANCore",
    "/payload/CustomBlock",
    "/payload/CustomBlock/B900/settlementDayConsumptionPeriods",
    "/payload/CustomBlock/B900/settlementDayConsumptionPeriods/0/consumptionPeriods",
    "/payload/CustomBlock/B900/settlementDayConsumptionPeriods/0/consumptionPeriods/3",
    "/payload/CustomBlock/B900/settlementDayConsumptionPeriods/0/consumptionPeriods/3/v",
]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(POINTERS), json_values)
def test_a_check_never_raises_and_the_slow_and_fast_checks_agree(pointer, value):
    consumption = sample(CATALOGUE, "IF-021", "ActivePower", seed=1, overrides={pointer: value})
    checked = VALIDATOR.check(consumption)
    passed = VALIDATOR._passes(consumption) is not None
    slow = VALIDATOR._explained(consumption).valid
    assert slow or not passed
    assert checked.valid == slow
