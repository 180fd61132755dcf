"""Writes the results of deliveries, those of many webhooks in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from backbone.database import Database
from services.dip_gateway import store
from services.dip_gateway.patience import until_done

Rows = Sequence[Mapping[str, Any]]


class Settlements:
    """Group commit for results: who waits together is written together."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[tuple[Rows, asyncio.Future[None]]] = []
        self._news = asyncio.Event()

    async def write(self, rows: Rows) -> None:
        """Returns when the rows (see ``store.finish_deliveries``) are durable."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((rows, done))
        self._news.set()
        await done

    async def run(self) -> None:
        """Write until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            batch, self._waiting = self._waiting, []
            rows = [row for part, _ in batch for row in part]
            await until_done(lambda: self._store(rows), "the record of deliveries")  # noqa: B023
            for _, done in batch:
                if not done.done():
                    done.set_result(None)

    async def _store(self, rows: Rows) -> None:
        await self._database.transact(lambda connection: store.finish_deliveries(connection, rows))
