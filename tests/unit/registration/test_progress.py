"""When time has something to do for a metering point: exactly at ``next_due``, never before, never twice."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backbone.clock import uk_midnight
from participant.handlers import TIME_HAS_PASSED, Incoming
from services.registration.handlers import registry
from services.registration.progress import next_due, pass_time
from services.registration.register import MeteringPoint
from tests.unit.messages import MPAN, NOW, sent
from tests.unit.registration.given import (
    GAINING,
    MSA,
    REGS,
    SUPPLIER,
    SUPPLY_START,
    WORLD,
    after,
    assert_valid,
    data_answer,
    data_request,
    metering_answer,
    metering_point,
    metering_request,
    names,
    registration_status,
    switching_point,
    tell,
)

SECURED = registration_status("SecuredActive")
WAKE = Incoming("time", REGS, MPAN, TIME_HAS_PASSED, None, {}, "time:1")
FROM = "proposedMeteringServiceDIPEffectiveFromDate"
CHANGE = metering_request(SUPPLIER, None, appointmentScenario="CSP", **{FROM: "2026-03-27T00:00:00+00:00"})
SEGMENT_CHANGE = metering_request(
    SUPPLIER,
    None,
    appointmentScenario="SEG",
    proposedMeteringServiceDIPID=MSA,
    proposedMeteringServiceMPID="MSAA",
    **{FROM: "2026-04-01T00:00:00+01:00"},
)
THINGS = [
    metering_request(),
    metering_answer(),
    metering_answer("SP004 - Connection Type Not Supported"),
    data_request(),
    data_answer(),
    SECURED,
    registration_status("Cancelled"),
    CHANGE,
    SEGMENT_CHANGE,
    metering_answer(provider=MSA),
]


def test_nothing_is_due_where_nothing_is_planned() -> None:
    assert next_due(metering_point()) is None
    assert next_due(switching_point()) is None


def test_a_request_under_a_switch_is_due_at_the_end_of_the_supply_start_date() -> None:
    point, _ = after(switching_point(), metering_request())
    assert next_due(point) == uk_midnight(SUPPLY_START, 1)


def test_a_secured_switch_is_due_on_the_supply_start_date() -> None:
    point, _ = after(switching_point(), metering_request(), metering_answer(), SECURED)
    assert next_due(point) == SUPPLY_START


def test_the_first_of_several_moments_is_the_next() -> None:
    changed, _ = after(metering_point(), CHANGE, metering_answer())
    assert next_due(changed) == datetime.fromisoformat("2026-03-27T00:00:00+00:00")


def test_given_its_supply_start_date_the_new_supplier_and_its_services_take_over() -> None:
    point, _ = after(switching_point(), metering_request(), metering_answer(), SECURED)
    taken_over, outputs = tell(point, WAKE, SUPPLY_START)

    assert taken_over is not None
    assert taken_over.supplier.dip_id == GAINING
    assert names(sent(outputs)) == [("IF-037", "[DSDeApp]"), ("IF-045", "[NoDSAppointed]")]
    assert_valid(outputs)
    assert next_due(taken_over) is None


def test_given_an_unknown_mpan_time_passes_in_silence() -> None:
    assert tell(None, WAKE) == (None, [])


def test_the_register_wakes_at_what_is_due() -> None:
    assert registry.takes_time
    point, _ = after(switching_point(), metering_request())
    assert registry.due(point) == next_due(point)


def story(choices: list[int]) -> MeteringPoint:
    """The metering point after things in any order, some of which make no sense there."""
    point: MeteringPoint | None = switching_point()
    for choice in choices:
        point, _ = tell(point, THINGS[choice])
    assert point is not None
    return point


anything = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])(
    given(st.lists(st.integers(0, len(THINGS) - 1), max_size=8))
)


@anything
def test_before_it_is_due_nothing_happens(choices: list[int]) -> None:
    point = story(choices)
    due = next_due(point)
    just_before = NOW + timedelta(days=400) if due is None else due - timedelta(seconds=1)
    assert pass_time(point, just_before, WORLD) == (point, [])


@anything
def test_when_it_is_due_something_happens_and_the_next_moment_is_later(choices: list[int]) -> None:
    point, moments = story(choices), 0
    while (due := next_due(point)) is not None:
        changed, messages = pass_time(point, due, WORLD)
        assert changed != point
        assert_valid(messages)
        following = next_due(changed)
        assert following is None or following > due
        point, moments = changed, moments + 1
    assert moments <= len(choices) + 1


@pytest.mark.parametrize("days", [0, 1, 13, 14, 15, 60])
def test_a_point_that_slept_long_ends_where_one_that_woke_each_day_does(days: int) -> None:
    point, _ = after(switching_point(), metering_request(), metering_answer(), data_request(), SECURED)
    daily = point
    for day in range(days + 1):
        daily, _ = pass_time(daily, uk_midnight(NOW, day), WORLD)
    slept, _ = pass_time(point, uk_midnight(NOW, days), WORLD)
    assert slept == daily
