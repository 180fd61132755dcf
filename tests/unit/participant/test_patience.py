"""What another service has to do first goes first, for a while."""

from __future__ import annotations

from datetime import UTC, datetime

from participant.timekeeper import WAIT_FOR_OTHERS_SECONDS, Patience
from participant.timers import Timer

DUE = datetime(2026, 4, 4, tzinfo=UTC)
ONE, OTHER = Timer("1", DUE, "2200000001", "1"), Timer("2", DUE, "2200000001", "2")


def test_given_nobody_else_has_anything_to_do_all_are_ready() -> None:
    assert Patience().ready([ONE, OTHER], (), 0.0) == [ONE, OTHER]


def test_what_is_held_up_waits_and_the_others_go() -> None:
    assert Patience().ready([ONE, OTHER], {"1"}, 0.0) == [OTHER]


def test_what_was_held_up_waits_once_more_for_the_message_that_is_on_its_way() -> None:
    patience = Patience()
    assert patience.ready([ONE], {"1"}, 0.0) == []
    assert patience.ready([ONE], (), 0.5) == []
    assert patience.ready([ONE], (), 1.0) == [ONE]


def test_nobody_waits_for_ever() -> None:
    patience = Patience()
    looks = [patience.ready([ONE], {"1"}, second) for second in (0.0, WAIT_FOR_OTHERS_SECONDS - 1)]
    assert looks == [[], []]
    assert patience.ready([ONE], {"1"}, WAIT_FOR_OTHERS_SECONDS) == [ONE]


def test_a_timer_that_was_changed_meanwhile_waits_anew() -> None:
    patience, later = Patience(), Timer("1", DUE.replace(day=5), "2200000001", "1")
    patience.ready([ONE], {"1"}, 0.0)
    assert patience.ready([later], {"1"}, WAIT_FOR_OTHERS_SECONDS) == []
