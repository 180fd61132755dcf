"""Backpressure: how many bytes may wait to be written before an appender has to wait too."""

from __future__ import annotations

import asyncio


class Budget:
    """A number of bytes that appenders share. Used from one event loop."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._waiting: list[asyncio.Future[None]] = []

    async def take(self, amount: int) -> None:
        """Wait until ``amount`` fits. An amount above the limit waits until nothing else is in use."""
        while self._used and self._used + amount > self._limit:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            await turn
        self._used += amount

    def give(self, amount: int) -> None:
        self._used -= amount
        waiting, self._waiting = self._waiting, []
        for turn in waiting:
            if not turn.done():
                turn.set_result(None)
