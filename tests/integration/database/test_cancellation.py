"""A task cancelled in the middle of a transaction leaves no lock behind, wherever it stood."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sqlalchemy import text

from backbone.database import Database
from tests.databases import fresh_database


async def test_cancelled_writers_leave_no_lock(tmp_path: Path) -> None:
    cancelled: list[BaseException] = []  # kept: a traceback keeps the statement that was running

    async def write(database: Database) -> None:
        async with database.begin() as connection:
            rows = [{"value": number} for number in range(20_000)]  # long enough to be cancelled in it
            await connection.execute(text("INSERT INTO thing (value) VALUES (:value)"), rows)
            await connection.execute(text("SELECT count(*) FROM thing"))

    async with fresh_database("sqlite", tmp_path) as url:
        database, other = await Database.open(url), await Database.open(url)
        async with database.begin() as connection:
            await connection.execute(text("CREATE TABLE thing (value INTEGER)"))
        for milliseconds in range(0, 40, 2):
            task = asyncio.create_task(write(database))
            await asyncio.wait([task], timeout=milliseconds / 1000)
            task.cancel()
            cancelled += [r for r in await asyncio.gather(task, return_exceptions=True) if r]
        async with asyncio.timeout(10):
            await write(other)
            await write(database)
        await database.close()
        await other.close()
    assert cancelled
