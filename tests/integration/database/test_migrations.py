"""Migrations lead to exactly the tables that the code declares, on both databases, and never back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, text

from backbone import migrations
from backbone.database import Database
from backbone.errors import MigrationRefused
from backbone.journal import JournalIndex
from backbone.log.embedded import EmbeddedLog
from tests.all_tables import import_all_tables


@pytest.fixture
async def empty(url: str) -> AsyncIterator[Database]:
    opened = await Database.open(url)
    yield opened
    await opened.close()


async def test_the_migrations_and_the_code_agree(empty: Database) -> None:
    """When this fails: ``deploy/new_migration.py "what changed"``."""
    import_all_tables()
    await migrations.upgrade(empty)
    assert await migrations.differences(empty) == []


async def test_an_upgraded_database_works(empty: Database, tmp_path: Path) -> None:
    await migrations.upgrade(empty)
    log = await EmbeddedLog.open(tmp_path / "log")
    assert await JournalIndex(empty, log).events() == []
    await log.close()


async def test_upgrading_again_changes_nothing(empty: Database) -> None:
    assert await migrations.revision(empty) is None
    assert await migrations.upgrade(empty) == migrations.newest()
    assert await migrations.upgrade(empty) == migrations.newest()
    assert await migrations.revision(empty) == migrations.newest()


async def test_several_processes_may_upgrade_at_once(empty: Database, url: str) -> None:
    """As when all services start together."""
    others = [await Database.open(url) for _ in range(3)]
    await asyncio.gather(*(migrations.upgrade(database) for database in [empty, *others]))
    assert await migrations.revision(empty) == migrations.newest()
    for database in others:
        await database.close()


async def test_going_back_is_refused_in_words(empty: Database) -> None:
    await migrations.upgrade(empty)
    with pytest.raises(MigrationRefused, match=r"never taken back to v0000.*Restore the backup"):
        await migrations.downgrade(empty, "v0000")
    assert await migrations.revision(empty) == migrations.newest()


async def test_a_database_of_a_newer_version_is_refused_and_left_alone(empty: Database) -> None:
    await migrations.upgrade(empty)
    async with empty.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = 'v9999'"))
    with pytest.raises(MigrationRefused, match=r"at revision v9999.*a newer one"):
        await migrations.upgrade(empty)
    assert await migrations.revision(empty) == "v9999"


async def test_tables_without_a_revision_are_refused(empty: Database) -> None:
    await empty.create_tables()
    with pytest.raises(MigrationRefused, match="development version"):
        await migrations.upgrade(empty)


async def test_differences_are_named(empty: Database) -> None:
    import_all_tables()
    await migrations.upgrade(empty)
    async with empty.begin() as connection:
        await connection.execute(text("DROP TABLE journal_event"))
    assert any("journal_event" in difference for difference in await migrations.differences(empty))


async def test_a_run_of_an_earlier_version_is_listed_by_what_it_was(empty: Database) -> None:
    parties = [{"dipId": "2300000012", "who": "QP"}, {"dipId": "2200000001", "who": "QTE"}]
    kept = {"scenario": "A-1", "verdict": "passed", "parties": parties}

    def before(connection: Connection) -> None:
        command.upgrade(migrations.config(connection), "v0007")
        columns = "id, order_number, mpan, ended, through, scenario, binding, briefing, document"
        values = "'r', 7, '1', :ended, 0, :none, :none, :none, :document"
        row = {"ended": True, "none": b"", "document": json.dumps(kept).encode()}
        connection.execute(text(f"INSERT INTO qualification_run ({columns}) VALUES ({values})"), row)

    async with empty.begin() as connection:
        await connection.run_sync(before)
    await migrations.upgrade(empty)
    async with empty.read() as connection:
        row = (await connection.execute(text("SELECT * FROM qualification_run_facts"))).one()
    assert tuple(row) == (7, "r", True, "A-1", "passed", None, " 2300000012 ")
