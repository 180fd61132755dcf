"""The callbacks at which parties outside the harness take CSS messages, by MPID."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Column, String, Table, Text, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from backbone.database import Database, metadata
from backbone.upsert import insert_replacing

callback_table = Table(
    "css_callback",
    metadata,
    Column("mpid", String(4), primary_key=True),
    Column("url", Text, nullable=False),
)


class CallbackStore:
    """The callbacks. Handlers look them up without waiting: ``read`` has to come before."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._urls: Mapping[str, str] = {}

    async def read(self, connection: AsyncConnection) -> None:
        """Read all callbacks, whichever process has set them. Raises DatabaseUnavailable."""
        rows = await connection.execute(select(callback_table))
        self._urls = {row.mpid: row.url for row in rows}

    def url(self, mpid: str) -> str | None:
        """The callback of the party with this MPID, as last read."""
        return self._urls.get(mpid)

    async def put(self, mpid: str, url: str) -> None:
        """Set a party's callback. Raises DatabaseUnavailable."""
        async with self._database.begin() as connection:
            row = {"mpid": mpid, "url": url}
            await connection.execute(insert_replacing(connection, callback_table), [row])

    async def remove(self, mpid: str) -> bool:
        """Forget a party's callback; whether there was one. Raises DatabaseUnavailable."""
        async with self._database.begin() as connection:
            removed = await connection.execute(delete(callback_table).where(callback_table.c.mpid == mpid))
        return removed.rowcount > 0
