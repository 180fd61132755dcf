from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backbone.log import ConsumedRecord, Position, Record
from backbone.log.unsettled import Unsettled


def record(partition: int, offset: int) -> ConsumedRecord:
    return ConsumedRecord(Record("t", "k", b""), Position("t", partition, offset))


def test_given_interleaved_partitions_a_commit_covers_what_was_fetched_before_it() -> None:
    unsettled = Unsettled()
    fetched = [record(1, 10), record(2, 5), record(1, 11), record(2, 6)]
    unsettled.add(fetched)
    assert unsettled.settle([fetched[1]]) == {("t", 1): 10, ("t", 2): 5}
    assert len(unsettled) == 2
    assert unsettled.settle(fetched) == {("t", 1): 11, ("t", 2): 6}
    assert unsettled.partitions() == set()


def test_what_was_never_fetched_or_is_settled_already_is_passed_over() -> None:
    unsettled = Unsettled()
    unsettled.add([record(1, 1), record(1, 2)])
    assert unsettled.settle([record(3, 3)]) == {}
    assert unsettled.settle([record(1, 1)]) == {("t", 1): 1}
    assert unsettled.settle([record(1, 1)]) == {}
    assert unsettled.settle([]) == {}


def test_given_a_hand_over_the_partition_is_forgotten() -> None:
    unsettled = Unsettled()
    unsettled.add([record(1, 1), record(2, 1)])
    unsettled.drop({("t", 1)}.__contains__)
    assert unsettled.partitions() == {("t", 2)}
    assert unsettled.settle([record(1, 1)]) == {}


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40), st.data())
def test_settling_in_steps_comes_to_the_same_as_settling_at_once(
    partitions: list[int], data: st.DataObject
) -> None:
    fetched = [record(partition, number) for number, partition in enumerate(partitions)]
    at_once, in_steps = Unsettled(), Unsettled()
    at_once.add(fetched)
    in_steps.add(fetched)
    result: dict[tuple[str, int], int] = {}
    for step in sorted(data.draw(st.sets(st.integers(0, len(fetched) - 1)))):
        result |= in_steps.settle([fetched[step]])
    result |= in_steps.settle(fetched)
    assert result == at_once.settle(fetched)
