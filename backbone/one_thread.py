"""A SQLite database used from one thread: whole transactions, where an asyncio driver sends single calls.

Such a driver hands each call of a transaction to a thread and back, a dozen times for three statements, and
each hand-over waits for an interpreter that the event loop keeps busy. Done in one go it is one hand-over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, Engine

Outcome = TypeVar("Outcome")


class OneThread:
    """Runs transactions one after another on the one connection it keeps. ``engine``: a synchronous one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._executor = ThreadPoolExecutor(1, "database")

    async def transact(self, work: Callable[[Connection], Outcome]) -> Outcome:
        """Committed when it returns, rolled back when ``work`` raises.

        Whoever is cancelled while it runs learns so at its end, when the database is free again.
        """
        running = asyncio.get_running_loop().run_in_executor(self._executor, self._transact, work)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running])
            raise

    def _transact(self, work: Callable[[Connection], Outcome]) -> Outcome:
        if self._connection is None:
            self._connection = self._engine.connect()
        with self._connection.begin():
            return work(self._connection)

    async def close(self) -> None:
        """Finish what is under way and close the connection."""
        await asyncio.get_running_loop().run_in_executor(self._executor, self._close)
        self._executor.shutdown()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._engine.dispose()
