"""A fresh database per test, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from tests.real_services import postgres_url

BOTH = [
    pytest.param("sqlite", id="sqlite"),
    pytest.param("postgresql", id="postgresql", marks=pytest.mark.postgres),
]
"""Parameters for a fixture that runs its tests on both databases."""


@asynccontextmanager
async def fresh_database(kind: str, directory: Path) -> AsyncIterator[str]:
    """The URL of an empty database that is gone at the end of the block."""
    if kind == "sqlite":
        yield f"sqlite+aiosqlite:///{directory / 'test.sqlite3'}"
        return
    name = f"test_{uuid4().hex[:12]}"
    server = make_url(postgres_url())
    await _administer(f'CREATE DATABASE "{name}"')
    yield server.set(database=name).render_as_string(hide_password=False)
    await _administer(f'DROP DATABASE "{name}" WITH (FORCE)')


async def _administer(statement: str) -> None:
    server = make_url(postgres_url()).set(drivername="postgresql")
    connection = await asyncpg.connect(server.render_as_string(hide_password=False))
    await connection.execute(statement)
    await connection.close()
