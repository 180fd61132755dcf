"""How full an embedded log is, and what of it may go: statements on its file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from backbone.log.embedded import storage
from backbone.log.topics import TopicPatterns
from backbone.log.unsettled import Partition


class Goes(NamedTuple):
    """Of one partition: every record up to and including ``through``."""

    partition: Partition
    through: int


def newest_by(connection: sqlite3.Connection, moment: datetime) -> int:
    """The number of the newest record that is known to have been there at this moment; 0 for none."""
    (number,) = connection.execute(
        "SELECT ifnull(max(number), 0) FROM mark WHERE at <= ?", (moment.astimezone(UTC).isoformat(),)
    ).fetchone()
    return int(number)


def came_after(connection: sqlite3.Connection, number: int) -> datetime | None:
    """A moment before which this record was not there yet; None where none is known."""
    (at,) = connection.execute("SELECT max(at) FROM mark WHERE number < ?", (number,)).fetchone()
    return None if at is None else datetime.fromisoformat(at)


def knows_readers(connection: sqlite3.Connection) -> bool:
    """False for a log that was last written before it was kept who reads what."""
    return connection.execute("SELECT 1 FROM reader LIMIT 1").fetchone() is not None


def handled(connection: sqlite3.Connection) -> dict[Partition, int]:
    """Through which number every group that reads a partition has handled it; only partitions that are read.

    A group that has not committed anything there yet has handled nothing of it.
    """
    readers = _readers(connection)
    positions = {
        (group, (topic, partition)): number
        for group, topic, partition, number in connection.execute(
            "SELECT member_group, topic, partition, number FROM committed"
        )
    }
    found: dict[Partition, int] = {}
    for partition in storage.ends(connection):
        groups = [group for group, topics in readers.items() if topics.match(partition[0])]
        if groups:
            found[partition] = min(positions.get((group, partition), 0) for group in groups)
    return found


def oldest_unhandled(connection: sqlite3.Connection, handled_to: Mapping[Partition, int]) -> int | None:
    """The first record that some group still has to handle."""
    found = [
        connection.execute(
            "SELECT min(number) FROM record WHERE topic = ? AND partition = ? AND number > ?",
            (*partition, through),
        ).fetchone()[0]
        for partition, through in handled_to.items()
    ]
    return min((number for number in found if number is not None), default=None)


def lags(connection: sqlite3.Connection) -> dict[str, int]:
    """How many records each group has still to handle."""
    ends = storage.ends(connection)
    found: dict[str, int] = {}
    for group, topics in _readers(connection).items():
        positions = storage.committed(connection, group)
        behind = {p: positions.get(p, 0) for p, end in ends.items() if topics.match(p[0])}
        found[group] = sum(_count_after(connection, p, number) for p, number in behind.items())
    return found


def removable(handled_to: Mapping[Partition, int], through: int) -> list[Goes]:
    """What is not above ``through`` and handled by everybody who reads it."""
    found = [Goes(partition, min(number, through)) for partition, number in handled_to.items()]
    return [goes for goes in found if goes.through > 0]


def values(connection: sqlite3.Connection, goes: Goes) -> Iterator[bytes]:
    """The values of the records that go."""
    rows = connection.execute(
        "SELECT value FROM record WHERE topic = ? AND partition = ? AND number <= ?",
        (*goes.partition, goes.through),
    )
    return (value for (value,) in rows)


def values_kept(connection: sqlite3.Connection, partition: Partition, after: int) -> Iterator[bytes]:
    """The values of the records that stay."""
    rows = connection.execute(
        "SELECT value FROM record WHERE topic = ? AND partition = ? AND number > ?", (*partition, after)
    )
    return (value for (value,) in rows)


def remove(connection: sqlite3.Connection, goes: list[Goes]) -> int:
    """Remove these records; how many there were. The numbers of those to come go on growing all the same."""
    removed = 0
    for (topic, partition), through in goes:
        removed += connection.execute(
            "DELETE FROM record WHERE topic = ? AND partition = ? AND number <= ?",
            (topic, partition, through),
        ).rowcount
    return removed


def _count_after(connection: sqlite3.Connection, partition: Partition, number: int) -> int:
    (count,) = connection.execute(
        "SELECT count(*) FROM record WHERE topic = ? AND partition = ? AND number > ?", (*partition, number)
    ).fetchone()
    return int(count)


def _readers(connection: sqlite3.Connection) -> dict[str, TopicPatterns]:
    wanted: dict[str, list[str]] = {}
    noted = connection.execute("SELECT member_group, topics FROM reader").fetchall()
    committed = connection.execute("SELECT DISTINCT member_group, topic FROM committed") if noted else ()
    for group, topics in [*noted, *committed]:
        wanted.setdefault(group, []).append(topics)
    return {group: TopicPatterns(topics) for group, topics in wanted.items()}
