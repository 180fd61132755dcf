"""The embedded log's statements, on a real file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from backbone.log import Record
from backbone.log.embedded import storage


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    opened = storage.connect(tmp_path / "log.sqlite3")
    storage.create(opened)
    yield opened
    opened.close()


def rows(count: int, topic: str = "t", size: int = 1) -> list[storage.Row]:
    return [storage.to_row(Record(topic, f"key-{n}", bytes(size))) for n in range(count)]


def everywhere(topic: str = "t") -> dict[tuple[str, int], int]:
    return {(topic, partition): 0 for partition in range(storage.PARTITIONS)}


@pytest.mark.parametrize("count", [1, 127, 128, 129, 300])
def test_records_are_written_and_read_in_order(connection: sqlite3.Connection, count: int) -> None:
    storage.write(connection, 1, rows(count), [])
    found = storage.read(connection, everywhere(), 1000, 10**9)
    assert [c.position.offset for c in found] == list(range(1, count + 1))
    assert [c.record.key for c in found] == [f"key-{n}" for n in range(count)]
    assert not connection.in_transaction


def test_a_key_always_has_the_same_partition() -> None:
    row = storage.to_row(Record("t", "1200000000001", b""))
    assert row == storage.to_row(Record("t", "1200000000001", b""))
    assert {storage.to_row(Record("t", f"{n}", b""))[1] for n in range(500)} == set(range(storage.PARTITIONS))


def test_many_positions_at_once_never_move_back(connection: sqlite3.Connection) -> None:
    positions = [("g", f"t-{n}", n % 16, n) for n in range(300)]
    storage.write(connection, 1, [], [*positions, ("g", "t-7", 7, 3), ("g", "t-7", 7, 99)])
    storage.write(connection, 1, [], [("g", "t-9", 9, 1)])
    committed = storage.committed(connection, "g")
    assert len(committed) == 300
    assert committed["t-7", 7] == 99
    assert committed["t-9", 9] == 9
    assert storage.committed(connection, "another") == {}


def test_records_and_positions_share_a_transaction(connection: sqlite3.Connection) -> None:
    storage.write(connection, 1, rows(3), [("g", "t", 0, 5)])
    with pytest.raises(sqlite3.IntegrityError):
        storage.write(connection, 3, rows(2), [("g", "t", 0, 9)])  # number 3 is taken
    connection.execute("ROLLBACK")
    assert storage.committed(connection, "g") == {("t", 0): 5}
    assert len(storage.read(connection, everywhere(), 10, 10**9)) == 3


def test_reading_stops_at_the_bytes_allowed_but_never_empty_handed(connection: sqlite3.Connection) -> None:
    storage.write(connection, 1, rows(10, size=100), [])
    assert len(storage.read(connection, everywhere(), 10, 350)) == 3
    assert len(storage.read(connection, everywhere(), 10, 1)) == 1
    assert len(storage.read(connection, everywhere(), 4, 10**9)) == 4


def test_the_ends_are_the_last_record_of_each_partition(connection: sqlite3.Connection) -> None:
    written = rows(50) + rows(50, "u")
    storage.write(connection, 1, written, [])
    expected = {(row[0], row[1]): number for number, row in enumerate(written, 1)}
    assert storage.ends(connection) == expected
    assert storage.last_number(connection) == 100


def test_numbers_are_never_used_again_even_when_the_records_are_gone(connection: sqlite3.Connection) -> None:
    storage.write(connection, 1, rows(5), [("g", "t", 0, 5)])
    connection.execute("DELETE FROM record")
    assert storage.last_number(connection) == 5


def test_an_empty_log(connection: sqlite3.Connection) -> None:
    assert storage.last_number(connection) == 0
    assert storage.ends(connection) == {}
    assert storage.read(connection, everywhere(), 10, 10) == []
