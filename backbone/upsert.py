"""``INSERT … ON CONFLICT``: SQLite and PostgreSQL both know it, SQLAlchemy writes it per dialect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


def insert_ignoring(connection: AsyncConnection, table: Table) -> Any:
    """An insert that leaves alone what is there already."""
    return _insert(connection, table).on_conflict_do_nothing()


def insert_replacing(connection: AsyncConnection, table: Table) -> Any:
    """An insert that takes the place of the row with the same primary key."""
    statement = _insert(connection, table)
    others = {c.name: statement.excluded[c.name] for c in table.columns if not c.primary_key}
    return statement.on_conflict_do_update(index_elements=[c.name for c in table.primary_key], set_=others)


def insert_where(
    connection: AsyncConnection, table: Table, condition: ColumnElement[bool], columns: Sequence[str]
) -> Any:
    """An insert that writes ``columns`` of a row with the same primary key, if ``condition`` holds for it."""
    statement = _insert(connection, table)
    return statement.on_conflict_do_update(
        index_elements=[c.name for c in table.primary_key],
        set_={name: statement.excluded[name] for name in columns},
        where=condition,
    )


def _insert(connection: AsyncConnection, table: Table) -> Any:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table)
