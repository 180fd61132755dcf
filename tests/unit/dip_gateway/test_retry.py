"""Which answers end a delivery, and when it is tried again."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

import pytest

from services.dip_gateway.retry import Outcome, RetryPolicy, outcome, retry_after_seconds

NOW = datetime(2026, 3, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("status", [201, 207])
def test_201_and_207_are_done(status: int) -> None:
    assert outcome(status) is Outcome.DONE


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, None])
def test_these_and_no_answer_are_tried_again(status: int | None) -> None:
    assert outcome(status) is Outcome.RETRY


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 406, 413, 505])
def test_the_table_says_no_retry(status: int) -> None:
    assert outcome(status) is Outcome.ABANDON


@pytest.mark.parametrize("status", [200, 202, 204, 301, 302, 410, 418, 501])
def test_what_the_table_does_not_name_is_not_tried_again(status: int) -> None:
    assert outcome(status) is Outcome.ABANDON


def test_waits_grow_and_are_bounded() -> None:
    policy = RetryPolicy(first=1.0, most=8.0, attempts=100)
    waits = [policy.delay(attempt, Random(1)) for attempt in range(1, 8)]
    ceilings = [1, 2, 4, 8, 8, 8, 8]
    for wait, ceiling in zip(waits, ceilings, strict=True):
        assert wait is not None
        assert ceiling / 2 <= wait <= ceiling


def test_the_same_seed_gives_the_same_waits() -> None:
    policy = RetryPolicy()
    first, second = Random(7), Random(7)
    assert [policy.delay(n, first) for n in range(1, 9)] == [policy.delay(n, second) for n in range(1, 9)]


def test_recipients_that_failed_together_do_not_return_together() -> None:
    random = Random(3)
    assert len({RetryPolicy().delay(4, random) for _ in range(50)}) > 40


def test_the_last_attempt_has_no_next() -> None:
    policy = RetryPolicy(attempts=3)
    assert policy.delay(2, Random(1)) is not None
    assert policy.delay(3, Random(1)) is None


def test_retry_after_is_honoured_above_the_bound() -> None:
    assert RetryPolicy(most=60).delay(1, Random(1), retry_after=600) == 600


def test_a_retry_after_beyond_a_day_is_a_day_however_long_it_is() -> None:
    for asked in (86_401.0, 1e11, float("inf")):
        assert RetryPolicy(most=60).delay(1, Random(1), retry_after=asked) == 86_400


def test_a_retry_after_below_the_backoff_does_not_shorten_it() -> None:
    wait = RetryPolicy(first=10, most=60).delay(1, Random(1), retry_after=0)
    assert wait is not None
    assert wait >= 5


def test_a_thousandth_attempt_does_not_overflow() -> None:
    assert RetryPolicy(attempts=10_000).delay(9_000, Random(1)) is not None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Sat, 21 Mar 2026 12:00:30 GMT", 30.0),
        ("Sat, 21 Mar 2026 11:00:00 GMT", 0.0),
        ("Sat, 21 Mar 2026 12:00:30 -0000", 30.0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("", None),
        ("²", None),
    ],
)
def test_retry_after_is_read_in_both_forms(value: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(value, NOW) == seconds
