"""Who of a consumer group reads which partition. Pure bookkeeping on the event loop, no I/O.

A partition stays with the member that holds unsettled records of it until that member commits them or
leaves; only then does it go to the member the assignment names. So order per key survives a hand-over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from backbone.log.topics import TopicPatterns
from backbone.log.unsettled import Partition


class Member:
    """One subscription as its group sees it."""

    def __init__(self, topics: TopicPatterns) -> None:
        self.topics = topics
        self.wake = asyncio.Event()


class Group:
    """Members, positions and unsettled partitions of one consumer group."""

    def __init__(self, committed: Mapping[Partition, int], ends: Mapping[Partition, int]) -> None:
        self._members: list[Member] = []
        self._committed = dict(committed)
        self._fetched = dict(committed)
        self._ends = ends
        self._holder: dict[Partition, Member] = {}
        self._behind: set[Partition] = set()

    def join(self, member: Member) -> None:
        self._members.append(member)
        self._behind |= {
            p for p, end in self._ends.items() if end > self._fetched.get(p, 0) and member.topics.match(p[0])
        }
        self._wake_all()

    def leave(self, member: Member) -> None:
        """Give back what the member holds: its unsettled records go to the others, from the start."""
        self._members.remove(member)
        for partition in [p for p, holder in self._holder.items() if holder is member]:
            del self._holder[partition]
            self._fetched[partition] = self._committed.get(partition, 0)
            self._behind.add(partition)
        self._wake_all()

    def behind(self) -> dict[Partition, int]:
        """The partitions its members read with something not committed, and the last number that is."""
        positions = {p: self._committed.get(p, 0) for p, end in self._ends.items()}
        return {
            p: number
            for p, number in positions.items()
            if self._ends[p] > number and any(m.topics.match(p[0]) for m in self._members)
        }

    def grown(self, partitions: Iterable[Partition]) -> None:
        """Records were appended to these partitions."""
        for partition in partitions:
            reader = self._reader(partition)
            if reader is not None:
                self._behind.add(partition)
                reader.wake.set()

    def claim(self, member: Member) -> dict[Partition, int]:
        """The partitions this member may read now, held for it, with the number to read after."""
        mine = [p for p in self._behind if self._reader(p) is member]
        for partition in mine:
            self._holder[partition] = member
        return {p: self._fetched.get(p, 0) for p in mine}

    def fetched(self, claimed: Iterable[Partition], last: Mapping[Partition, int], member: Member) -> None:
        """What came of a claim: the last number read per partition; a partition not read is let go."""
        if member not in self._members:
            return
        for partition in claimed:
            if partition in last:
                self._fetched[partition] = last[partition]
                if last[partition] >= self._ends.get(partition, 0):
                    self._behind.discard(partition)
            else:
                self._let_go(partition)

    def settled(self, positions: Mapping[Partition, int]) -> None:
        """These positions are committed and durable."""
        for partition, number in positions.items():
            self._committed[partition] = max(number, self._committed.get(partition, 0))
            self._let_go(partition)

    def _let_go(self, partition: Partition) -> None:
        """End the hold on a partition in which nothing is unsettled, and wake who reads it next."""
        if self._fetched.get(partition, 0) > self._committed.get(partition, 0):
            return
        self._holder.pop(partition, None)
        reader = self._reader(partition)
        if partition in self._behind and reader is not None:
            reader.wake.set()

    def _reader(self, partition: Partition) -> Member | None:
        holder = self._holder.get(partition)
        if holder is not None:
            return holder
        takers = [m for m in self._members if m.topics.match(partition[0])]
        return takers[partition[1] % len(takers)] if takers else None

    def _wake_all(self) -> None:
        for member in self._members:
            member.wake.set()
