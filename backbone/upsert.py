"""``INSERT … ON CONFLICT``: SQLite and PostgreSQL both know it, SQLAlchemy writes it per dialect."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

# Rows per statement: few sizes, so that the driver finds each statement prepared; none has too many values.
_SIZES: Final = (256, 64, 16, 4, 1)


def insert_all_ignoring(
    connection: Connection, table: Table, names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Insert many rows, each with the values of the columns ``names``; leaves alone what is there already.

    On SQLite in as few statements as can be: after each one its thread has to win the interpreter's lock back
    from a busy event loop. The values go to the driver as they are.
    """
    if not rows:
        return
    if connection.dialect.name != "sqlite":
        named = [dict(zip(names, row, strict=True)) for row in rows]
        connection.execute(insert_ignoring(connection, table), named)
        return
    for part in _parts(rows):
        statement = _statement(table.name, tuple(names), len(part))
        connection.exec_driver_sql(statement, tuple(chain.from_iterable(part)))


def _parts(rows: Sequence[Sequence[Any]]) -> Iterator[Sequence[Sequence[Any]]]:
    done = 0
    for size in _SIZES:
        while len(rows) - done >= size:
            yield rows[done : done + size]
            done += size


@lru_cache(maxsize=64)
def _statement(table: str, names: tuple[str, ...], count: int) -> str:
    row = f"({', '.join('?' * len(names))})"
    values = ", ".join([row] * count)
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES {values} ON CONFLICT DO NOTHING"  # noqa: S608 - own names


def insert_ignoring(connection: AsyncConnection | Connection, table: Table) -> Any:
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


def _insert(connection: AsyncConnection | Connection, table: Table) -> Any:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table)
