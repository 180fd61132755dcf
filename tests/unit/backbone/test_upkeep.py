"""What of the embedded log may go: old records that every group that reads them has handled."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backbone.log import Record
from backbone.log.embedded import FILE, EmbeddedLog, storage, upkeep
from backbone.log.embedded.upkeep import Goes

MORNING = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
PARTITION = storage.to_row(Record("t", "k", b""))[1]


class Watch:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.at = MORNING

    def now(self, mpan: str | None = None) -> datetime:
        return self.at


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    opened = storage.connect(tmp_path / "log.sqlite3")
    storage.create(opened)
    storage.write(opened, 1, [storage.to_row(Record("t", "k", str(n).encode())) for n in range(1, 6)], [])
    yield opened
    opened.close()


def commit(connection: sqlite3.Connection, group: str, number: int) -> None:
    storage.write(connection, 0, [], [(group, "t", PARTITION, number)])


def test_the_slowest_group_decides(connection: sqlite3.Connection) -> None:
    for group, number in (("router", 5), ("references", 3)):
        storage.note_reader(connection, group, ["t*"])
        commit(connection, group, number)
    assert upkeep.handled(connection) == {("t", PARTITION): 3}
    assert upkeep.oldest_unhandled(connection, upkeep.handled(connection)) == 4
    assert upkeep.lags(connection) == {"router": 0, "references": 2}


def test_a_group_that_has_handled_nothing_yet_holds_everything(connection: sqlite3.Connection) -> None:
    for group in ("router", "references"):
        storage.note_reader(connection, group, ["t"])
    commit(connection, "router", 5)
    assert upkeep.handled(connection) == {("t", PARTITION): 0}
    assert upkeep.removable(upkeep.handled(connection), 5) == []


def test_what_nobody_reads_stays(connection: sqlite3.Connection) -> None:
    storage.note_reader(connection, "router", ["another"])
    assert upkeep.handled(connection) == {}


def test_a_group_that_committed_reads_though_it_was_never_noted(connection: sqlite3.Connection) -> None:
    storage.note_reader(connection, "router", ["t"])
    commit(connection, "router", 5)
    commit(connection, "references", 2)
    assert upkeep.handled(connection) == {("t", PARTITION): 2}


def test_only_what_is_old_goes_and_numbers_go_on(connection: sqlite3.Connection) -> None:
    goes = upkeep.removable({("t", PARTITION): 5}, 3)
    assert goes == [Goes(("t", PARTITION), 3)]
    assert list(upkeep.values(connection, goes[0])) == [b"1", b"2", b"3"]
    assert upkeep.remove(connection, goes) == 3
    assert list(upkeep.values_kept(connection, ("t", PARTITION), 3)) == [b"4", b"5"]
    assert storage.last_number(connection) == 5


async def test_the_log_knows_how_old_its_records_are(tmp_path: Path) -> None:
    watch = Watch()
    log = await EmbeddedLog.open(tmp_path, clock=watch)
    await log.append([Record("t", "k", b"1")])
    watch.at += timedelta(days=60)
    await log.append([Record("t", "k", b"2")])
    watch.at += timedelta(days=1)
    await log.close()
    connection = storage.connect(tmp_path / FILE)
    after = [0, 1, 59, 60, 61]
    newest = [upkeep.newest_by(connection, MORNING + timedelta(days=days)) for days in after]
    assert newest == [1, 1, 1, 1, 2], "what was last written before a silence counts from then"
    assert upkeep.newest_by(connection, MORNING - timedelta(seconds=1)) == 0
    assert upkeep.came_after(connection, 2) == MORNING
    assert upkeep.came_after(connection, 0) is None
    connection.close()


async def test_the_log_keeps_who_reads_what(tmp_path: Path) -> None:
    log = await EmbeddedLog.open(tmp_path)
    for topics in (["dip.if.*"], ["dip.if.*", "journal"]):
        async with log.consume("g", topics):
            await log.append([Record("journal", "k", b"")])
    await log.close()
    connection = storage.connect(tmp_path / FILE)
    found = connection.execute("SELECT member_group, topics FROM reader").fetchall()
    assert sorted(found) == [("g", "dip.if.*"), ("g", "journal")]
    connection.close()
