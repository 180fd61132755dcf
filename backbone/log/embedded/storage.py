"""The tables of the embedded log and the statements on them. Plain ``sqlite3``, called from threads only."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from zlib import crc32

import orjson

from backbone.log.port import ConsumedRecord, Position, Record
from backbone.log.unsettled import Partition

PARTITIONS = 16
"""Partitions of a topic: how many members of one group can share its work."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS record (
    number INTEGER PRIMARY KEY,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    key TEXT NOT NULL,
    headers BLOB,
    value BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS record_by_partition ON record (topic, partition, number);
CREATE TABLE IF NOT EXISTS committed (
    member_group TEXT NOT NULL,
    topic TEXT NOT NULL,
    partition INTEGER NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (member_group, topic, partition)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mark (number INTEGER PRIMARY KEY, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS reader (
    member_group TEXT NOT NULL,
    topics TEXT NOT NULL,
    PRIMARY KEY (member_group, topics)
) WITHOUT ROWID;
"""
# mark: the newest record at a moment (UTC, ISO 8601), so that it is known how old records are.
# reader: what a group has ever read, by name or pattern: it has to have handled a record before that may go.
_ROWS_PER_STATEMENT = 128

Row = tuple[str, int, str, bytes | None, bytes]
"""Topic, partition, key, headers and value of one record, ready to be written."""


def to_row(record: Record) -> Row:
    """Raises ValueError for a key or header that is not Unicode text."""
    headers = orjson.dumps(dict(record.headers)) if record.headers else None
    partition = crc32(record.key.encode()) % PARTITIONS
    return record.topic, partition, record.key, headers, record.value


def connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, timeout=10, cached_statements=512
    )
    connection.execute("PRAGMA page_size = 8192")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA wal_autocheckpoint = 4000")
    connection.execute("PRAGMA journal_size_limit = 67108864")
    return connection


def create(connection: sqlite3.Connection) -> None:
    connection.executescript(_SCHEMA)


def write(
    connection: sqlite3.Connection,
    first: int,
    rows: Sequence[Row],
    positions: Sequence[tuple[str, str, int, int]],
) -> None:
    """Write ``rows`` numbered from ``first``, and positions, in one transaction.

    As few statements as can be: after each the interpreter's lock has to be won back from a busy event
    loop. One INSERT alone is a transaction of its own.
    """
    alone = len(rows) <= _ROWS_PER_STATEMENT and not positions
    if not alone:
        connection.execute("BEGIN IMMEDIATE")
    for start in range(0, len(rows), _ROWS_PER_STATEMENT):
        part = rows[start : start + _ROWS_PER_STATEMENT]
        values = [v for i, row in enumerate(part, first + start) for v in (i, *row)]
        connection.execute(_insert_statement(len(part)), values)
    if positions:
        _write_positions(connection, positions)
    if not alone:
        connection.execute("COMMIT")


@lru_cache(maxsize=_ROWS_PER_STATEMENT)
def _insert_statement(count: int) -> str:
    return f"INSERT INTO record VALUES {', '.join(['(?, ?, ?, ?, ?, ?)'] * count)}"  # noqa: S608 - marks only


def _write_positions(connection: sqlite3.Connection, positions: Sequence[tuple[str, str, int, int]]) -> None:
    """Write rows of group, topic, partition and number. A position never moves back."""
    newest: dict[tuple[str, str, int], int] = {}
    for group, topic, partition, number in positions:
        newest[group, topic, partition] = max(number, newest.get((group, topic, partition), 0))
    rows = [(*key, number) for key, number in newest.items()]
    for start in range(0, len(rows), _ROWS_PER_STATEMENT):
        part = rows[start : start + _ROWS_PER_STATEMENT]
        connection.execute(_upsert_statement(len(part)), [value for row in part for value in row])


@lru_cache(maxsize=_ROWS_PER_STATEMENT)
def _upsert_statement(count: int) -> str:
    return (
        f"INSERT INTO committed VALUES {', '.join(['(?, ?, ?, ?)'] * count)}"  # noqa: S608 - marks only
        " ON CONFLICT DO UPDATE SET number = max(committed.number, excluded.number)"
    )


def mark(connection: sqlite3.Connection, number: int, at: str) -> None:
    """Note that at this moment ``number`` was the newest record. The first such moment stays."""
    connection.execute("INSERT OR IGNORE INTO mark VALUES (?, ?)", (number, at))


def note_reader(connection: sqlite3.Connection, group: str, topics: Sequence[str]) -> None:
    """Note that the group reads these topics (names, or prefixes that end in ``*``)."""
    known = connection.execute("SELECT topics FROM reader WHERE member_group = ?", (group,)).fetchall()
    fresh = [(group, topic) for topic in topics if (topic,) not in known]
    if fresh:
        connection.executemany("INSERT OR IGNORE INTO reader VALUES (?, ?)", fresh)


def committed(connection: sqlite3.Connection, group: str) -> dict[Partition, int]:
    rows = connection.execute(
        "SELECT topic, partition, number FROM committed WHERE member_group = ?", (group,)
    )
    return {(topic, partition): number for topic, partition, number in rows}


def last_number(connection: sqlite3.Connection) -> int:
    (number,) = connection.execute(
        "SELECT max(ifnull((SELECT max(number) FROM record), 0),"
        " ifnull((SELECT max(number) FROM committed), 0))"
    ).fetchone()
    return int(number)


def ends(connection: sqlite3.Connection) -> dict[Partition, int]:
    """The last record number of every partition. Seeks the index; does not walk the records."""
    found: dict[Partition, int] = {}
    row = _next_partition(connection, "", 0)
    while row is not None:
        found[row] = _end(connection, row)
        row = _next_partition(connection, *row)
    return found


def _next_partition(connection: sqlite3.Connection, topic: str, partition: int) -> Partition | None:
    row: Partition | None = connection.execute(
        "SELECT topic, partition FROM record WHERE (topic, partition) > (?, ?)"
        " ORDER BY topic, partition LIMIT 1",
        (topic, partition),
    ).fetchone()
    return row


def _end(connection: sqlite3.Connection, partition: Partition) -> int:
    (number,) = connection.execute(
        "SELECT max(number) FROM record WHERE topic = ? AND partition = ?", partition
    ).fetchone()
    return int(number)


def read(
    connection: sqlite3.Connection, after: Mapping[Partition, int], limit: int, max_bytes: int
) -> list[ConsumedRecord]:
    """The oldest ``limit`` records of these partitions after these numbers, oldest first.

    Stops early (but never empty-handed) when the values add up to more than ``max_bytes``.
    """
    numbers = _numbers(connection, after, limit)
    marks = ", ".join("?" * len(numbers))
    rows = connection.execute(
        f"SELECT number, topic, partition, key, headers, value FROM record"  # noqa: S608 - marks only
        f" WHERE number IN ({marks}) ORDER BY number",
        numbers,
    )
    found: list[ConsumedRecord] = []
    size = 0
    for number, topic, partition, key, headers, value in rows:
        size += len(value)
        if found and size > max_bytes:
            break
        record = Record(topic, key, value, orjson.loads(headers) if headers else {})
        found.append(ConsumedRecord(record, Position(topic, partition, number)))
    return found


def count_after(connection: sqlite3.Connection, after: Mapping[Partition, int], most: int) -> int:
    """How many records of these partitions come after these numbers; ``most`` where there are more."""
    count = 0
    for partition, number in after.items():
        if count < most:
            (more,) = connection.execute(
                "SELECT count(*) FROM (SELECT 1 FROM record WHERE topic = ? AND partition = ? AND number > ?"
                " LIMIT ?)",
                (*partition, number, most - count),
            ).fetchone()
            count += more
    return count


def _numbers(connection: sqlite3.Connection, after: Mapping[Partition, int], limit: int) -> list[int]:
    found: list[int] = []
    for (topic, partition), number in after.items():
        rows = connection.execute(
            "SELECT number FROM record WHERE topic = ? AND partition = ? AND number > ?"
            " ORDER BY number LIMIT ?",
            (topic, partition, number, limit),
        )
        found.extend(n for (n,) in rows)
    return sorted(found)[:limit]
