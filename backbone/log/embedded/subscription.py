"""One member of a consumer group on the embedded log."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from types import TracebackType
from typing import Protocol, Self

from backbone.errors import LogClosed
from backbone.log.embedded.group import Group, Member
from backbone.log.port import ConsumedRecord
from backbone.log.topics import TopicPatterns
from backbone.log.unsettled import Partition, Unsettled


class Source(Protocol):
    """What a subscription needs of the log it reads."""

    @property
    def closed(self) -> bool: ...

    async def group(self, name: str, topics: Sequence[str], subscription: EmbeddedSubscription) -> Group: ...

    async def read(self, after: Mapping[Partition, int], limit: int) -> list[ConsumedRecord]: ...

    async def commit(self, group: str, positions: Mapping[Partition, int]) -> None: ...

    def left(self, subscription: EmbeddedSubscription) -> None: ...


class EmbeddedSubscription:
    """See ``backbone.log.port.Subscription``. Raises LogClosed outside its ``async with`` block."""

    def __init__(self, source: Source, group: str, topics: Sequence[str]) -> None:
        self._source = source
        self._name = group
        self._topics = tuple(topics)
        self._member = Member(TopicPatterns(topics))
        self._group: Group | None = None
        self._unsettled = Unsettled()
        self._iterated: deque[ConsumedRecord] = deque()

    async def __aenter__(self) -> Self:
        group = await self._source.group(self._name, self._topics, self)
        group.join(self._member)
        self._group = group
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        group, self._group = self._group, None
        if group is not None:
            group.leave(self._member)
        self._unsettled = Unsettled()
        self._iterated.clear()
        self._source.left(self)

    def interrupt(self) -> None:
        """Wake a waiting ``fetch`` so that it sees that the log was closed."""
        self._member.wake.set()

    async def fetch(self, limit: int = 100, wait: float | None = None) -> list[ConsumedRecord]:
        if self._iterated:
            return [self._iterated.popleft() for _ in range(min(limit, len(self._iterated)))]
        until = None if wait is None else asyncio.get_running_loop().time() + wait
        while True:
            self._member.wake.clear()
            group = self._joined()
            claimed = group.claim(self._member)
            if claimed:
                return await self._read(group, claimed, limit)
            if not await self._woken(until):
                return []

    async def _woken(self, until: float | None) -> bool:
        """Wait for news; False when the time is up first."""
        try:
            async with asyncio.timeout_at(until):
                await self._member.wake.wait()
        except TimeoutError:
            return False
        return True

    async def _read(self, group: Group, claimed: Mapping[Partition, int], limit: int) -> list[ConsumedRecord]:
        records = await self._source.read(claimed, limit)
        self._joined()
        last = {(r.position.topic, r.position.partition): r.position.offset for r in records}
        group.fetched(claimed, last, self._member)
        self._unsettled.add(records)
        return records

    async def commit(self, through: Sequence[ConsumedRecord]) -> None:
        self._joined()
        positions = self._unsettled.settle(through)
        if positions:
            await self._source.commit(self._name, positions)

    @property
    def generation(self) -> int:
        """Always 1: a group lives in one process, which owns all of it."""
        return 1

    def owns(self, topic: str, key: str) -> bool:
        """See the port; members of one group share a process, and count as one here."""
        return True

    async def __aiter__(self) -> AsyncIterator[ConsumedRecord]:
        while True:
            if not self._iterated:
                self._iterated.extend(await self.fetch())
            yield self._iterated.popleft()

    def _joined(self) -> Group:
        if self._source.closed:
            raise LogClosed("the message log was closed")
        if self._group is None:
            raise LogClosed("a subscription is used inside its 'async with' block")
        return self._group
