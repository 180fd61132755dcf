from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from backbone.clock import UK, BusinessClock, SystemClock, dip_timestamp, uk_midnight

NOON = datetime(2026, 3, 21, 12, tzinfo=UTC)


class Stopped:
    def now(self, mpan: str | None = None) -> datetime:
        return NOON


def test_the_system_clock_tells_an_aware_instant() -> None:
    assert SystemClock().now().utcoffset() == timedelta()
    assert SystemClock().now("1200000000001") >= SystemClock().now() - timedelta(seconds=5)


def test_business_time_runs_with_the_machine_until_it_is_advanced() -> None:
    assert BusinessClock(Stopped()).now() == NOON


def test_advancing_one_mpan_leaves_the_others_alone() -> None:
    clock = BusinessClock(Stopped())
    clock.advance(timedelta(days=3), "1200000000001")
    assert clock.now("1200000000001") == NOON + timedelta(days=3)
    assert clock.now("1200000000002") == clock.now() == NOON


def test_an_mpan_keeps_its_own_time_when_all_others_are_advanced() -> None:
    clock = BusinessClock(Stopped())
    clock.advance(timedelta(days=1))
    clock.advance(timedelta(days=1), "1200000000001")
    clock.advance(timedelta(days=5))
    assert clock.now("1200000000001") == NOON + timedelta(days=2)
    assert clock.now() == NOON + timedelta(days=6)


def test_time_never_runs_backwards() -> None:
    with pytest.raises(ValueError, match="backwards"):
        BusinessClock(Stopped()).advance(timedelta(seconds=-1))


@pytest.mark.parametrize(
    ("moment", "days", "midnight"),
    [
        (datetime(2026, 3, 21, 12, tzinfo=UTC), 0, "2026-03-21T00:00:00+00:00"),
        (datetime(2026, 7, 1, 12, tzinfo=UTC), 0, "2026-07-01T00:00:00+01:00"),
        (datetime(2026, 6, 30, 23, 30, tzinfo=UTC), 0, "2026-07-01T00:00:00+01:00"),
        (datetime(2026, 3, 28, 12, tzinfo=UTC), 1, "2026-03-29T00:00:00+00:00"),
        (datetime(2026, 3, 28, 12, tzinfo=UTC), 2, "2026-03-30T00:00:00+01:00"),
        (datetime(2026, 10, 25, 12, tzinfo=UTC), 0, "2026-10-25T00:00:00+01:00"),
        (datetime(2026, 10, 25, 12, tzinfo=UTC), 1, "2026-10-26T00:00:00+00:00"),
        (datetime(2026, 7, 2, 12, tzinfo=UK), -1, "2026-07-01T00:00:00+01:00"),
    ],
)
def test_uk_midnight_follows_summer_time(moment: datetime, days: int, midnight: str) -> None:
    assert uk_midnight(moment, days).isoformat() == midnight


def test_the_markets_timestamp_has_25_characters() -> None:
    stamp = dip_timestamp(NOON.replace(microsecond=123))
    assert stamp == "2026-03-21T12:00:00+00:00"
    assert len(stamp) == 25
    assert dip_timestamp(uk_midnight(datetime(2026, 7, 1, 12, tzinfo=UTC))) == "2026-07-01T00:00:00+01:00"


def test_the_latest_time_is_that_of_the_mpan_furthest_ahead() -> None:
    clock = BusinessClock(Stopped())
    assert clock.latest() == NOON
    clock.advance(timedelta(days=1))
    clock.advance(timedelta(days=3), "1200000000001")
    assert clock.latest() == NOON + timedelta(days=4)


def test_who_watches_the_clock_is_told_of_each_move_until_it_looks_away() -> None:
    clock, moves = BusinessClock(Stopped()), []
    with clock.watched(lambda: moves.append(clock.latest())):
        clock.advance(timedelta(days=1), "1200000000001")
        clock.advance(timedelta(days=2))
    clock.advance(timedelta(days=9))
    assert moves == [NOON + timedelta(days=1), NOON + timedelta(days=2)]


def test_a_clock_told_twice_how_far_it_is_ahead_moves_once_and_never_back() -> None:
    clock = BusinessClock(Stopped())
    for days in (3, 3, 2):
        clock.keep_ahead(timedelta(days=days), "1200000000001")
    assert clock.now("1200000000001") == NOON + timedelta(days=3)
    clock.advance(timedelta(hours=1))
    clock.keep_ahead(timedelta(days=4), "1200000000001")
    assert clock.now("1200000000001") - clock.now() == timedelta(days=4)
