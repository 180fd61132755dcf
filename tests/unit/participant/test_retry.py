"""When to try again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from participant.retry import retry_delay, retry_wanted


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_the_published_table_asks_for_a_retry(status: int) -> None:
    assert retry_wanted(status)


@pytest.mark.parametrize("status", [200, 201, 207, 400, 401, 403, 404, 405, 406, 413, 505])
def test_all_else_is_final(status: int) -> None:
    assert not retry_wanted(status)


def test_the_wait_doubles_up_to_the_longest() -> None:
    for attempt, expected in ((1, 0.5), (2, 1.0), (3, 2.0), (7, 32.0), (8, 60.0), (5000, 60.0)):
        assert expected * 0.75 <= retry_delay(attempt, 0.5, 60.0) <= expected


def test_retry_after_is_honoured_within_reason() -> None:
    assert retry_delay(1, 0.5, 60.0, "5") == 5.0
    assert retry_delay(1, 0.5, 60.0, "999999") == 600.0
    assert retry_delay(8, 0.5, 60.0, "1") >= 45.0


@given(attempt=st.integers(1, 10**6), retry_after=st.none() | st.text(max_size=12))
def test_the_wait_is_always_a_positive_bounded_number(attempt: int, retry_after: str | None) -> None:
    assert 0 < retry_delay(attempt, 0.5, 60.0, retry_after) <= 600.0
