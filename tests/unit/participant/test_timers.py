"""Who is due, and when to look again: decided without a database and without waiting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from participant.timers import Outlook, Timer, outlook

NOW = datetime(2026, 4, 2, 23, 0, tzinfo=UTC)
AHEAD = timedelta(days=30)


def now(mpan: str | None) -> datetime:
    """One MPAN's run is thirty days ahead of all others."""
    return NOW + AHEAD if mpan == "ahead" else NOW


def timer(seconds: float, mpan: str | None = "1012345678903", key: str = "k") -> Timer:
    return Timer(key, NOW + timedelta(seconds=seconds), "2200000001", mpan)


def test_given_no_timers_nothing_waits() -> None:
    assert outlook([], now) == Outlook((), None)


@pytest.mark.parametrize(("seconds", "due"), [(-1, True), (0, True), (0.001, False)])
def test_a_timer_is_due_when_its_moment_has_come(seconds: float, due: bool) -> None:
    one = timer(seconds)
    found = outlook([one], now)
    assert found == (Outlook((one,), None) if due else Outlook((), seconds))


def test_each_timer_goes_by_the_clock_of_its_mpan() -> None:
    in_a_month = AHEAD.total_seconds()
    here, there = timer(in_a_month), timer(in_a_month, "ahead")
    assert outlook([here, there], now) == Outlook((there,), in_a_month)


def test_the_longest_due_comes_first() -> None:
    timers = [timer(-1, key="b"), timer(-5, key="c"), timer(-1, key="a")]
    assert [one.key for one in outlook(timers, now).due] == ["c", "a", "b"]


@pytest.mark.parametrize(("rest_in", "seconds"), [(None, 40), (60, 40), (10, 10)])
def test_the_next_look_is_at_the_next_moment(rest_in: float | None, seconds: float) -> None:
    assert outlook([timer(90), timer(40)], now, rest_in).seconds == seconds


@given(st.lists(st.tuples(st.integers(-100, 100), st.sampled_from(["ahead", None])), max_size=20))
def test_every_timer_is_due_or_waited_for(moments: list[tuple[int, str | None]]) -> None:
    timers = [timer(seconds, mpan) for seconds, mpan in moments]
    found = outlook(timers, now)
    waiting = [one for one in timers if one not in found.due]
    assert all(one.seconds_left(now) <= 0 for one in found.due)
    assert found.seconds == min((one.seconds_left(now) for one in waiting), default=None)
    assert found.seconds is None or found.seconds > 0
