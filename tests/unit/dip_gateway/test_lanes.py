"""The order of deliveries to one webhook."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from services.dip_gateway.lanes import Item, Lane

NOW = datetime(2026, 3, 21, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=10)


def item(number: int, key: str = "mpan", body: bytes = b"{}") -> Item:
    return Item(number, "2300000001", "IF-031", f"T-{number}", "PUB-031", key, body, len(body))


def lane(*items: Item) -> Lane:
    built = Lane("2300000001", "IF-031")
    for each in items:
        built.add(each)
    return built


def ids(items: list[Item]) -> list[int]:
    return [each.id for each in items]


def test_items_of_one_key_leave_in_order_in_one_batch() -> None:
    assert ids(lane(item(1), item(2), item(3)).take(NOW, 20)) == [1, 2, 3]


def test_a_key_under_way_is_not_taken_again() -> None:
    queue = lane(item(1), item(2))
    queue.take(NOW, 1)
    assert queue.take(NOW, 1) == []


def test_the_next_of_a_key_leaves_when_the_one_before_is_settled() -> None:
    queue = lane(item(1), item(2))
    queue.settle(queue.take(NOW, 1))
    assert ids(queue.take(NOW, 1)) == [2]


def test_different_keys_do_not_wait_for_each_other() -> None:
    queue = lane(item(1, "a"), item(2, "b"))
    assert ids(queue.take(NOW, 1)) == [1]
    assert ids(queue.take(NOW, 1)) == [2]


def test_a_key_that_waits_for_its_next_attempt_holds_back_only_itself() -> None:
    queue = lane(item(1, "a"), item(2, "a"), item(3, "b"))
    queue.settle(queue.take(NOW, 1), again=LATER)
    assert ids(queue.take(NOW, 20)) == [3]
    assert queue.next_due() == LATER
    assert ids(queue.take(LATER, 20)) == [1, 2]


def test_what_was_added_while_its_key_was_under_way_leaves_after_it() -> None:
    queue = lane(item(1))
    under_way = queue.take(NOW, 20)
    queue.add(item(2))
    assert queue.take(NOW, 20) == []
    queue.settle(under_way)
    assert ids(queue.take(NOW, 20)) == [2]


def test_a_batch_keeps_within_its_size_but_always_holds_one() -> None:
    queue = lane(item(1, "a", b"x" * 600), item(2, "b", b"x" * 600), item(3, "c", b"x" * 9_000))
    first = queue.take(NOW, 20, size=1_000)
    second = queue.take(NOW, 20, size=1_000)
    third = queue.take(NOW, 20, size=1_000)
    assert [ids(first), ids(second), ids(third)] == [[1], [2], [3]]


def test_a_batch_keeps_within_its_count() -> None:
    queue = lane(*(item(number, f"key {number}") for number in range(5)))
    assert ids(queue.take(NOW, 3)) == [0, 1, 2]
    assert ids(queue.take(NOW, 3)) == [3, 4]


def test_the_length_counts_what_is_under_way_too() -> None:
    queue = lane(item(1), item(2))
    taken = queue.take(NOW, 1)
    assert len(queue) == 2
    queue.settle(taken)
    assert len(queue) == 1
    assert ids(list(queue.items())) == [2]


def test_an_empty_lane_gives_nothing_and_waits_for_nothing() -> None:
    queue = lane()
    assert queue.take(NOW, 20) == []
    assert queue.next_due() is None


def test_an_item_loaded_with_a_due_time_waits_for_it() -> None:
    loaded = item(1)
    loaded.due = LATER
    queue = lane(loaded)
    assert queue.take(NOW, 20) == []
    assert ids(queue.take(LATER, 20)) == [1]


class Story:
    """Drives a lane and remembers what it was given and what it finished."""

    def __init__(self) -> None:
        self.lane = lane()
        self.now = NOW
        self.numbers = count()
        self.under_way: list[list[Item]] = []
        self.added: defaultdict[str, list[int]] = defaultdict(list)
        self.finished: defaultdict[str, list[int]] = defaultdict(list)

    def add(self, key: str) -> None:
        number = next(self.numbers)
        self.added[key].append(number)
        self.lane.add(item(number, key))

    def take(self, number: int) -> None:
        taken = self.lane.take(self.now, number)
        self.under_way += [taken] if taken else []

    def done(self, which: int) -> None:
        if self.under_way:
            taken = self.under_way.pop(which % len(self.under_way))
            for each in taken:
                self.finished[each.order_key].append(each.id)
            self.lane.settle(taken)

    def again(self, which: int) -> None:
        if self.under_way:
            taken = self.under_way.pop(which % len(self.under_way))
            self.lane.settle(taken, again=self.now + timedelta(seconds=1))

    def end(self) -> None:
        self.now += timedelta(days=1)
        while self.under_way or len(self.lane):
            self.take(100)
            self.done(0)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from("abc")),
        st.tuples(st.just("take"), st.integers(1, 4)),
        st.tuples(st.just("done"), st.integers(0, 3)),
        st.tuples(st.just("again"), st.integers(0, 3)),
    ),
    max_size=60,
)


@given(steps)
def test_whatever_happens_each_key_is_finished_in_order_and_nothing_is_lost(
    happenings: list[tuple[str, object]],
) -> None:
    story = Story()
    for kind, value in happenings:
        getattr(story, kind)(value)
        story.now += timedelta(seconds=0.4)
    story.end()
    assert story.finished == story.added
    assert len(story.lane) == 0


def held(number: int, key: str = "mpan", step: int = 4) -> Item:
    each = item(number, key)
    each.held = step
    return each


def test_what_is_held_and_what_comes_after_it_waits_and_other_keys_do_not() -> None:
    queue = lane(item(1, "a"), held(2, "a"), item(3, "a"), item(4, "b"))
    first = queue.take(NOW, 20)
    assert ids(first) == [1, 4]
    queue.settle(first)
    assert queue.take(LATER, 20) == []
    assert (len(queue), queue.next_due(), ids(queue.held())) == (2, None, [2])


def test_what_is_let_go_leaves_in_order_with_what_waited_behind() -> None:
    first, second = held(1), held(3, step=8)
    queue = lane(first, item(2), second, item(4))
    queue.let_go(first)
    leaving = queue.take(NOW, 20)
    assert ids(leaving) == [1, 2]
    queue.let_go(second)
    assert queue.take(NOW, 20) == []
    queue.settle(leaving)
    assert ids(queue.take(NOW, 20)) == [3, 4]


def test_let_go_out_of_order_still_leaves_in_order() -> None:
    first, second = held(1), held(2, step=8)
    queue = lane(first, second)
    queue.let_go(second)
    assert queue.take(NOW, 20) == []
    queue.let_go(first)
    assert ids(queue.take(NOW, 20)) == [1, 2]


def test_what_is_never_to_be_delivered_makes_way() -> None:
    first, last = held(1), held(3, "other")
    queue = lane(first, item(2), last)
    queue.let_go(first, gone=True)
    queue.let_go(last, gone=True)
    assert ids(queue.take(NOW, 20)) == [2]
    assert len(queue) == 1


def test_what_is_let_go_before_it_is_due_waits_until_then() -> None:
    first = held(1)
    first.due = LATER
    queue = lane(first)
    queue.let_go(first)
    assert (queue.take(NOW, 20), queue.next_due()) == ([], LATER)
