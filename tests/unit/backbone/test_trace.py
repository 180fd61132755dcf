"""W3C Trace Context, version 00 and what may come after it."""

from __future__ import annotations

import pytest

from backbone.trace import TRACEPARENT, trace_of, traceparent

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def test_the_trace_id_is_read_and_written_alike() -> None:
    assert trace_of({TRACEPARENT: traceparent(TRACE, PARENT)}) == TRACE


def test_without_the_header_there_is_none() -> None:
    assert trace_of({}) is None


def test_a_later_version_may_say_more() -> None:
    assert trace_of({TRACEPARENT: f"01-{TRACE}-{PARENT}-01"}) == TRACE
    assert trace_of({TRACEPARENT: f"01-{TRACE}-{PARENT}-01-what-the-future-brings"}) == TRACE


@pytest.mark.parametrize(
    "given",
    [
        "",
        "00",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01-more",
        f"00-{TRACE}-{PARENT}",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE[:-1]}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01\n",
        f"01-{TRACE}-{PARENT}-01more",
    ],
)
def test_what_is_malformed_counts_as_absent(given: str) -> None:
    assert trace_of({TRACEPARENT: given}) is None
