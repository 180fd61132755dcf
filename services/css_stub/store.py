"""The callbacks at which parties outside the harness take CSS messages, by MPID."""

from __future__ import annotations

from sqlalchemy import Column, String, Table, Text, delete, select

from backbone.database import Database, metadata

callback_table = Table(
    "css_callback",
    metadata,
    Column("mpid", String(4), primary_key=True),
    Column("url", Text, nullable=False),
)


class CallbackStore:
    """The callbacks, readable at once: all of them are kept in memory and written through."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._urls: dict[str, str] = {}

    async def load(self) -> None:
        """Read all callbacks. Raises DatabaseUnavailable."""
        async with self._database.read() as connection:
            rows = await connection.execute(select(callback_table))
            self._urls = {row.mpid: row.url for row in rows}

    def url(self, mpid: str) -> str | None:
        """The callback of the party with this MPID."""
        return self._urls.get(mpid)

    async def put(self, mpid: str, url: str) -> None:
        """Set a party's callback. Raises DatabaseUnavailable."""
        async with self._database.begin() as connection:
            await connection.execute(delete(callback_table).where(callback_table.c.mpid == mpid))
            await connection.execute(callback_table.insert(), {"mpid": mpid, "url": url})
        self._urls[mpid] = url

    async def remove(self, mpid: str) -> bool:
        """Forget a party's callback; whether there was one. Raises DatabaseUnavailable."""
        async with self._database.begin() as connection:
            await connection.execute(delete(callback_table).where(callback_table.c.mpid == mpid))
        return self._urls.pop(mpid, None) is not None
