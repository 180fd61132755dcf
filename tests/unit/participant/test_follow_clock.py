"""A process moves its clock when the log says that an MPAN's business time has moved."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from backbone.clock import BusinessClock, SystemClock
from backbone.log import Record
from participant.timekeeper import follow_clock
from participant.wire import command_record

MPAN = "1200000000018"


def told(arguments: Any, name: str = "clock_advanced", mpan: str = MPAN) -> Record:
    return command_record("registration", name, to=mpan, mpan=mpan, run="r", id="c", arguments=arguments)


def ahead(*records: Record) -> timedelta:
    clock = BusinessClock(SystemClock())
    follow_clock(clock, records)
    return timedelta(seconds=round((clock.now(MPAN) - SystemClock().now()).total_seconds()))


def test_the_clock_moves_once_however_many_services_of_a_process_are_told() -> None:
    assert ahead(told({"aheadSeconds": 86400.0}), told({"aheadSeconds": 86400.0})) == timedelta(days=1)


@pytest.mark.parametrize(
    "record",
    [
        told({"aheadSeconds": 86400}, name="load_mpan"),
        told({"aheadSeconds": 86400, "name": "clock_advanced"}, name="load_mpan"),
        told({"aheadSeconds": 86400}, mpan="1200000000027"),
        told({"aheadSeconds": -86400}),
        told({"aheadSeconds": "tomorrow"}),
        told({"aheadSeconds": None}),
        told({}),
        Record("harness.registration", MPAN, b'{"name":"clock_advanced"'),
    ],
)
def test_anything_else_moves_no_clock(record: Record) -> None:
    assert ahead(record) == timedelta()
