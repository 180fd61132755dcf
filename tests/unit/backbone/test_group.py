"""The bookkeeping of a consumer group: who reads what, without any log behind it."""

from __future__ import annotations

from backbone.log.embedded.group import Group, Member
from backbone.log.topics import TopicPatterns
from backbone.log.unsettled import Partition


def member(*topics: str) -> Member:
    return Member(TopicPatterns(topics or ("t",)))


def ends(**numbers: int) -> dict[Partition, int]:
    """``p0=5``: partition 0 of topic t ends at record 5."""
    return {("t", int(name[1:])): number for name, number in numbers.items()}


def take(group: Group, taker: Member, through: dict[Partition, int] | None = None) -> dict[Partition, int]:
    """Claim and read everything claimed; the numbers read after."""
    claimed = group.claim(taker)
    group.fetched(claimed, through if through is not None else dict.fromkeys(claimed, 99), taker)
    return claimed


def test_a_lone_member_reads_everything_after_the_committed_positions() -> None:
    group = Group({("t", 0): 3}, ends(p0=5, p1=7))
    lone = member()
    group.join(lone)
    assert group.claim(lone) == {("t", 0): 3, ("t", 1): 0}


def test_what_is_committed_to_the_end_is_not_read() -> None:
    group = Group({("t", 0): 5}, ends(p0=5))
    lone = member()
    group.join(lone)
    assert group.claim(lone) == {}


def test_two_members_split_the_partitions() -> None:
    group = Group({}, ends(p0=1, p1=1, p2=1, p3=1))
    one, two = member(), member()
    group.join(one)
    group.join(two)
    assert set(group.claim(one)) == {("t", 0), ("t", 2)}
    assert set(group.claim(two)) == {("t", 1), ("t", 3)}


def test_given_unsettled_records_a_partition_stays_until_they_are_committed() -> None:
    group = Group({}, positions := ends(p0=1, p1=1))
    one, two = member(), member()
    group.join(one)
    take(group, one, dict(positions))
    group.join(two)
    positions["t", 1] = 2
    group.grown([("t", 1)])
    assert group.claim(two) == {}
    group.settled({("t", 1): 1})
    assert two.wake.is_set()
    assert group.claim(two) == {("t", 1): 1}


def test_given_a_member_that_leaves_its_unsettled_records_go_to_the_other_from_the_start() -> None:
    group = Group({}, ends(p0=9, p1=9))
    one, two = member(), member()
    group.join(one)
    take(group, one, {("t", 0): 9, ("t", 1): 9})
    group.settled({("t", 0): 4})
    group.join(two)
    group.leave(one)
    assert group.claim(two) == {("t", 0): 4, ("t", 1): 0}


def test_what_was_claimed_and_not_read_stays_behind() -> None:
    group = Group({}, ends(p0=1, p1=1))
    lone = member()
    group.join(lone)
    take(group, lone, {("t", 0): 1})
    assert group.claim(lone) == {("t", 1): 0}


def test_growth_wakes_the_member_that_reads_it_and_nobody_else() -> None:
    positions: dict[Partition, int] = {}
    group = Group({}, positions)
    one, two = member(), member()
    group.join(one)
    group.join(two)
    one.wake.clear()
    two.wake.clear()
    positions["t", 1] = 1
    group.grown([("t", 1)])
    assert not one.wake.is_set()
    assert two.wake.is_set()


def test_topics_nobody_wants_are_not_remembered_until_somebody_does() -> None:
    positions = {("other", 0): 1}
    group = Group({}, positions)
    one = member("t")
    group.join(one)
    group.grown([("other", 0)])
    assert group.claim(one) == {}
    late = member("other")
    group.join(late)
    assert group.claim(late) == {("other", 0): 0}


def test_members_that_want_different_topics_get_only_those() -> None:
    group = Group({}, {("a", 0): 1, ("b", 0): 1})
    wants_a, wants_b = member("a"), member("b")
    group.join(wants_a)
    group.join(wants_b)
    assert set(group.claim(wants_a)) == {("a", 0)}
    assert set(group.claim(wants_b)) == {("b", 0)}


def test_given_a_member_that_left_while_it_read_the_result_counts_for_nothing() -> None:
    group = Group({}, ends(p0=1))
    gone, staying = member(), member()
    group.join(gone)
    claimed = group.claim(gone)
    group.join(staying)
    group.leave(gone)
    group.fetched(claimed, {("t", 0): 1}, gone)
    assert group.claim(staying) == {("t", 0): 0}


def test_a_committed_position_never_moves_back() -> None:
    group = Group({}, ends(p0=9))
    one = member()
    group.join(one)
    take(group, one, {("t", 0): 9})
    group.settled({("t", 0): 7})
    group.settled({("t", 0): 2})
    group.leave(one)
    two = member()
    group.join(two)
    assert group.claim(two) == {("t", 0): 7}
