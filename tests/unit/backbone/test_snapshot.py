"""Two SQLite files that are written in turn are copied as they stood at one moment."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from backbone.errors import DatabaseUnavailable
from backbone.snapshot import copy_at_one_moment, require_whole

BALLAST = b"x" * 4000


def opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE IF NOT EXISTS step (number INTEGER PRIMARY KEY, ballast BLOB)")
    return connection


def steps(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM step").fetchone()
    return int(count)


@contextmanager
def written_in_turn(log: Path, database: Path) -> Iterator[threading.Event]:
    """Until the block ends: a step into the log, the same step into the database, and so on.

    The event is set once there is enough of it for a copy to take its time.
    """
    ended, much = threading.Event(), threading.Event()

    def write() -> None:
        with closing(opened(log)) as first, closing(opened(database)) as second:
            number = 0
            while not ended.is_set():
                number += 1
                for connection in (first, second):
                    connection.execute("INSERT INTO step VALUES (?, ?)", (number, BALLAST))
                if number == 500:
                    much.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield much
    finally:
        ended.set()
        writer.join()


def test_no_copy_is_older_than_the_other(tmp_path: Path) -> None:
    log, database = tmp_path / "log", tmp_path / "database"
    with written_in_turn(log, database) as much:
        assert much.wait(30)
        for number in range(5):
            log_copy, copy = tmp_path / f"log-{number}", tmp_path / f"database-{number}"
            copy_at_one_moment(database, {log: log_copy}, copy)
            assert steps(log_copy) - steps(copy) in (0, 1), "as a power cut would have left them"
    assert steps(log) > steps(tmp_path / "log-4") > steps(tmp_path / "log-0"), "writing went on meanwhile"


def test_a_copy_is_one_file(tmp_path: Path) -> None:
    with closing(opened(tmp_path / "database")) as open_still:
        open_still.execute("INSERT INTO step VALUES (1, NULL)")
        copy_at_one_moment(tmp_path / "database", {}, tmp_path / "copy")
    assert [path.name for path in tmp_path.glob("copy*")] == ["copy"]
    require_whole(tmp_path / "copy")


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match="could not be copied"):
        copy_at_one_moment(tmp_path / "database", {}, tmp_path / "copy")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_not_whole(tmp_path: Path) -> None:
    path = tmp_path / "database"
    with closing(opened(path)) as connection:
        for number in range(50):
            connection.execute("INSERT INTO step VALUES (?, ?)", (number, BALLAST))
    content = bytearray(path.read_bytes())
    content[8192:12288] = b"\xff" * 4096
    path.write_bytes(content)
    with pytest.raises(DatabaseUnavailable, match="database"):
        require_whole(path)
