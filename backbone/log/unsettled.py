"""What a consumer has fetched and not yet committed, in the order fetched."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from backbone.log.port import ConsumedRecord, Position

Partition = tuple[str, int]


class Unsettled:
    """Turns "handled through this record" into one position per partition.

    The port promises that a commit covers everything fetched before it, in whatever partition.
    """

    def __init__(self) -> None:
        self._fetched: list[Position] = []

    def add(self, records: Iterable[ConsumedRecord]) -> None:
        self._fetched.extend(record.position for record in records)

    def settle(self, through: Sequence[ConsumedRecord]) -> dict[Partition, int]:
        """Forget everything up to the last of ``through``; the last offset of each partition in it.

        A record that was never fetched here, was settled before or was handed over is passed over.
        """
        wanted = {record.position for record in through}
        last = next((i for i in range(len(self._fetched) - 1, -1, -1) if self._fetched[i] in wanted), -1)
        settled, self._fetched = self._fetched[: last + 1], self._fetched[last + 1 :]
        return {(p.topic, p.partition): p.offset for p in settled}

    def drop(self, gone: Callable[[Partition], bool]) -> None:
        """Forget the partitions that were handed over to another member."""
        self._fetched = [p for p in self._fetched if not gone((p.topic, p.partition))]

    def partitions(self) -> set[Partition]:
        """The partitions with something unsettled."""
        return {(p.topic, p.partition) for p in self._fetched}

    def __len__(self) -> int:
        return len(self._fetched)
