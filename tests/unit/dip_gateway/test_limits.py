"""Token buckets."""

from __future__ import annotations

from services.dip_gateway.limits import Bucket


def test_a_burst_passes_and_then_one_per_interval() -> None:
    bucket = Bucket(rate=2.0, burst=3)
    assert [bucket.take("a", 0.0) for _ in range(4)] == [None, None, None, 0.5]
    assert bucket.take("a", 0.5) is None
    assert bucket.take("a", 0.5) == 0.5


def test_parties_do_not_use_each_others_tokens() -> None:
    bucket = Bucket(rate=1.0, burst=1)
    assert bucket.take("a", 0.0) is None
    assert bucket.take("b", 0.0) is None
    assert bucket.take("a", 0.0) == 1.0


def test_no_more_than_the_burst_is_saved_up() -> None:
    bucket = Bucket(rate=1.0, burst=2)
    bucket.take("a", 0.0)
    assert [bucket.take("a", 1_000.0) for _ in range(3)] == [None, None, 1.0]


def test_a_rate_of_nothing_means_no_limit() -> None:
    bucket = Bucket(rate=0.0, burst=1)
    assert all(bucket.take("a", 0.0) is None for _ in range(1_000))


def test_a_flood_of_names_does_not_grow_without_bound() -> None:
    bucket = Bucket(rate=1.0, burst=1)
    for number in range(10_000):
        bucket.take(str(number), 0.0)
    assert len(bucket._levels) <= 4_096
