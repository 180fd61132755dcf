"""A table for these tests, on a metadata of its own so that it never reaches a product database."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table

from backbone.database import Database

_metadata = MetaData()
account = Table(
    "account", _metadata, Column("name", String(20), primary_key=True), Column("balance", Integer)
)
entry = Table("entry", _metadata, Column("account", String(20), ForeignKey(account.c.name), nullable=False))


async def create(database: Database) -> None:
    async with database.begin() as connection:
        await connection.run_sync(_metadata.create_all)
