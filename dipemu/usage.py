"""What the emulator keeps, how much disk it takes, and how much is left."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Table, func, select, text

from backbone.database import Database
from backbone.journal import Kind
from backbone.journal.table import journal_event
from backbone.log.embedded import FILE, storage, upkeep
from backbone.settings import Settings
from backbone.snapshot import size_of
from dipemu.backup import DATABASE
from dipemu.composition import open_database
from dipemu.errors import UpkeepRefused
from participant.outbox import handled_table
from services.dip_gateway.store import delivery_table, reference_table
from services.qualification.store import run_table

Usage = dict[str, dict[str, Any]]
_DATABASE_SIZE: Final = text("SELECT pg_database_size(current_database())")


async def usage(settings: Settings) -> Usage:
    """By part; under ``disk`` in bytes. Counts rows: for people, not for every few seconds.

    Raises UpkeepRefused where there is nothing yet, DatabaseUnavailable.
    """
    data = settings.data
    if not settings.database_url and not (data / DATABASE).is_file():
        raise UpkeepRefused(f"{data} holds no {DATABASE}: nothing is kept there yet")
    database = await open_database(settings)
    try:
        tables = await database.transact(_tables)
        size = await _database_size(settings, database)
    finally:
        await database.close()
    file = settings.log_directory / FILE
    known = not settings.kafka and file.is_file()
    log = await asyncio.to_thread(_log, file) if known else {}
    disk = {
        "message log": size_of(file) if known else None,
        "database": size,
        "data directory in all": await asyncio.to_thread(_total, data),
        "free": shutil.disk_usage(data).free,
    }
    return {"disk": disk, **tables, "message log": log}


async def _database_size(settings: Settings, database: Database) -> int | None:
    if database.dialect == "sqlite":
        return None if settings.database_url else size_of(settings.data / DATABASE)
    async with database.read() as connection:
        return int(await connection.scalar(_DATABASE_SIZE) or 0)


def _total(folder: Path) -> int:
    return sum((Path(at) / name).lstat().st_size for at, _, names in os.walk(folder) for name in names)


def _tables(connection: Connection) -> Usage:
    event, states = journal_event.c, _by(connection, delivery_table.c.state)
    ended = _by(connection, run_table.c.ended)
    return {
        "journal": {
            "events": _count(connection, journal_event),
            "messages accepted": _count(connection, journal_event, event.kind == Kind.ACCEPTED.value),
            "oldest": connection.scalar(select(func.min(event.at))),
            "newest": connection.scalar(select(func.max(event.at))),
        },
        "deliveries": {name: states.get(name, 0) for name in ("waiting", "delivered", "abandoned")},
        "runs": {"under way": ended.get(False, 0), "ended": ended.get(True, 0)},
        "kept for ever": {"used references": _count(connection, reference_table)},
        "processed": {"IDs": _count(connection, handled_table)},
    }


def _count(connection: Connection, table: Table, *where: ColumnElement[bool]) -> int:
    return int(connection.scalar(select(func.count()).select_from(table).where(*where)) or 0)


def _by(connection: Connection, column: ColumnElement[Any]) -> Mapping[Any, int]:
    return {
        value: int(count)
        for value, count in connection.execute(select(column, func.count()).group_by(column))
    }


def _log(file: Path) -> dict[str, Any]:
    """How much the log holds, since when, and how much each group has still to handle."""
    with closing(storage.connect(file)) as connection:
        storage.create(connection)
        (records,) = connection.execute("SELECT count(*) FROM record").fetchone()
        (oldest,) = connection.execute("SELECT min(at) FROM mark").fetchone()
        behind = {f"waiting for {group}": lag for group, lag in sorted(upkeep.lags(connection).items())}
    return {"records": records, "since": oldest, **behind}
