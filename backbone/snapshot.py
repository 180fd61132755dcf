"""Copies of SQLite files that are in use, all as they stood at one and the same moment."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Final

from backbone.errors import DatabaseUnavailable

BESIDE: Final = ("", "-wal", "-shm", "-journal")
"""What SQLite adds to a file's name for those that it keeps beside it."""
_WAIT_SECONDS: Final = 30.0


def copy_at_one_moment(database: Path, others: Mapping[Path, Path], to: Path) -> None:
    """Copy ``database`` to ``to`` and each of ``others`` to its target; their users need not stop.

    Neither the log nor the database may be the older copy. Were the database older, the log's copy would
    count records as handled whose effects the database's copy does not have yet. Were the log older, the
    database's copy would lack, in its outbox, what had been sent meanwhile, and the log's copy would not have
    it either. So both are of one moment: while the database's write lock is held nothing can change in it,
    and the log as it stands at an instant within that time goes with it. What a service does across the two
    is then cut off as a power cut would cut it off, which every service survives. The lock is held for as
    long as it takes to begin reading, not to copy: SQLite keeps what a reader has begun to read.

    Raises DatabaseUnavailable, with nothing but partial targets left.
    """
    copies = {database: to, **others}
    try:
        with ExitStack() as stack:
            gate = stack.enter_context(closing(_open(database)))
            sources = {path: stack.enter_context(closing(_open(path))) for path in copies}
            gate.execute("BEGIN IMMEDIATE")
            for source in sources.values():
                source.execute("BEGIN")
                source.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # only reading begins it
            gate.execute("ROLLBACK")
            for path, target in copies.items():
                _copy(sources[path], target)
    except sqlite3.Error as error:
        raise DatabaseUnavailable(f"{database.parent} could not be copied: {error}") from error


def require_whole(path: Path) -> None:
    """Raises DatabaseUnavailable for a SQLite file whose structure is damaged."""
    try:
        with closing(_open(path)) as connection:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        raise DatabaseUnavailable(f"{path.name} cannot be read: {error}") from error
    if found != "ok":
        raise DatabaseUnavailable(f"{path.name} is damaged: {found}")


def size_of(path: Path) -> int:
    """Bytes of a SQLite file with what SQLite keeps beside it; such files come and go while it is in use."""
    size = 0
    for more in BESIDE:
        with suppress(FileNotFoundError):
            size += path.with_name(path.name + more).stat().st_size
    return size


def _open(path: Path) -> sqlite3.Connection:
    """Of a file that is there: none is made."""
    uri = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_WAIT_SECONDS)


def _copy(source: sqlite3.Connection, target: Path) -> None:
    with closing(sqlite3.connect(target, isolation_level=None)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, with no write-ahead log beside it
