"""The order of one recipient's deliveries on one channel. Pure: no clock, no network.

Messages of one key (an MPAN, or a sender) go one after another: the next only when the one before is done
or abandoned. Different keys never wait for each other.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class Item:
    """One delivery on its way. ``id`` as in the table; ``due``: not before this moment, None for at once.

    ``body``: None while it waits long, and read from the table when it is sent; ``size``: its bytes.
    ``held``: the step of a run that holds it back, and with it what comes after it.
    """

    id: int
    recipient: str
    channel: str
    occurrence: str
    publication: str
    order_key: str
    body: bytes | None
    size: int = 0
    mpan: str | None = None
    sender: str | None = None
    event: str | None = None
    reference: str | None = None
    transaction_id: str | None = None
    correlation_id: str | None = None
    routing: str | None = None
    trace: str | None = None
    replay: bool = False
    attempts: int = 0
    due: datetime | None = None
    held: int | None = None
    announced: bool = field(default=False, compare=False)  # that it waits for a webhook


class Lane:
    """The queue of one recipient and channel."""

    def __init__(self, recipient: str, channel: str) -> None:
        self.recipient = recipient
        self.channel = channel
        self._queues: dict[str, deque[Item]] = {}
        self._ready: deque[str] = deque()
        self._delayed: list[tuple[datetime, int, str]] = []
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def items(self) -> Iterable[Item]:
        """Everything that waits or is under way, by key."""
        return (item for queue in self._queues.values() for item in queue)

    def add(self, item: Item) -> None:
        """Put an item behind those of its key."""
        self._size += 1
        queue = self._queues.get(item.order_key)
        if queue is not None:
            queue.append(item)
            return
        self._queues[item.order_key] = deque([item])
        self._schedule(item.order_key)

    def take(self, now: datetime, count: int, size: int | None = None) -> list[Item]:
        """Up to ``count`` items that are due, of at most ``size`` bytes together, but at least one.

        Their keys are under way until ``settle``.
        """
        while self._delayed and self._delayed[0][0] <= now:
            self._ready.append(heapq.heappop(self._delayed)[2])
        taken: list[Item] = []
        room = size
        while self._ready and len(taken) < count:
            more = _leading(self._queues[self._ready[0]], now, count - len(taken), room, first=not taken)
            if not more:
                break
            self._ready.popleft()
            taken += more
            room = None if room is None else room - sum(item.size + 1 for item in more)
        return taken

    def settle(self, taken: Sequence[Item], *, again: datetime | None = None) -> None:
        """The POST of these items is over: they are finished, or due once more at ``again``."""
        if again is None:
            self._finish(taken)
        else:
            for item in taken:
                item.due = again
        for key in dict.fromkeys(item.order_key for item in taken):
            if self._queues.get(key):
                self._schedule(key)
            else:
                self._queues.pop(key, None)

    def held(self) -> list[Item]:
        """The items that steps of runs hold back."""
        return [item for item in self.items() if item.held is not None]

    def let_go(self, item: Item, *, gone: bool = False) -> None:
        """Nothing holds this item any more. ``gone``: nor is it to be delivered."""
        queue, item.held = self._queues[item.order_key], None
        parked = queue[0] is item
        if gone:
            queue.remove(item)
            self._size -= 1
        if not queue:
            del self._queues[item.order_key]
        elif parked:
            self._schedule(item.order_key)

    def next_due(self) -> datetime | None:
        """When the next of the delayed keys is due; None when none is delayed."""
        return self._delayed[0][0] if self._delayed else None

    def _finish(self, taken: Sequence[Item]) -> None:
        for item in taken:
            queue = self._queues[item.order_key]
            head = queue.popleft()
            assert head is item, "a key's items are settled in the order taken"  # noqa: S101
            self._size -= 1

    def _schedule(self, key: str) -> None:
        head = self._queues[key][0]
        if head.held is not None:
            return
        if head.due is None:
            self._ready.append(key)
        else:
            heapq.heappush(self._delayed, (head.due, head.id, key))


def _leading(queue: deque[Item], now: datetime, count: int, room: int | None, *, first: bool) -> list[Item]:
    """The items at the head of one key's queue that fit."""
    found: list[Item] = []
    for item in queue:
        due = item.held is None and (item.due is None or item.due <= now)
        fits = room is None or item.size + 1 <= room or (first and not found)
        if len(found) == count or not due or not fits:
            break
        found.append(item)
        room = None if room is None else room - item.size - 1
    return found
