"""Takes a database's tables from any earlier version of the product to this one; never back.

The steps are in ``versions``; they are the same on SQLite and PostgreSQL. ``deploy/new_migration.py``
writes a new one from what the ``store.py`` modules declare.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import NoReturn

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect

from backbone.database import Database, metadata
from backbone.errors import MigrationRefused

_LOCK = "migrations"
_OURS = "journal_event"  # a table that every version of the product has


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, for the given connection. There is no ini file."""
    made = Config(stdout=io.StringIO())
    made.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    made.attributes["connection"] = connection
    return made


def newest() -> str:
    """The revision this program works with."""
    head = ScriptDirectory.from_config(config()).get_current_head()
    if head is None:
        raise MigrationRefused("this installation has no migrations: it is incomplete, install it again")
    return head


async def revision(database: Database) -> str | None:
    """The revision of the database; None before the first upgrade."""
    async with database.read() as connection:
        return await connection.run_sync(_revision)


async def upgrade(database: Database) -> str:
    """Bring the tables to this program's revision, in one transaction; the revision.

    Several processes may do so at once. Raises MigrationRefused for a database that a newer version, or
    a development version without revisions, has written.
    """
    async with database.begin(lock=_LOCK) as connection:
        await connection.run_sync(_upgrade)
    return newest()


async def downgrade(database: Database, to: str) -> NoReturn:
    """Always raises MigrationRefused: going back would lose what the newer tables hold."""
    raise MigrationRefused(
        f"the database is at revision {await revision(database)} and is never taken back to {to}: evidence"
        " would be lost. Restore the backup made before the upgrade, or start with an empty database"
    )


async def differences(database: Database) -> list[str]:
    """Where the tables of the database and those that the code declares differ. Empty: they agree."""
    async with database.read() as connection:
        return await connection.run_sync(_differences)


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _upgrade(connection: Connection) -> None:
    if _revision(connection) is None and inspect(connection).has_table(_OURS):
        raise MigrationRefused(
            "the database has tables but no revision: a development version made it;"
            " choose another data directory or an empty database"
        )
    try:
        command.upgrade(config(connection), "head")
    except CommandError as error:
        raise MigrationRefused(
            f"the database is at revision {_revision(connection)}, this program knows revisions up to "
            f"{newest()} only: use the version of the program that wrote it, or a newer one"
        ) from error


def _differences(connection: Connection) -> list[str]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return [str(difference) for difference in compare_metadata(context, metadata)]
