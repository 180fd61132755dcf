"""Wakes a service's states when their moment has come by the business clock."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from participant import timers
from participant.context import Context
from participant.processing import Processor
from participant.sender import OutboxSender
from participant.timers import Outlook, Timer

LOOK_AGAIN_SECONDS = 60.0  # for what another process has set and left, and a machine that slept
BATCH = 200


class Timekeeper:
    """Sleeps until the next timer of a service is due; a timer set or a clock moved cuts the sleep short."""

    def __init__(self, service: str, context: Context, processor: Processor, sender: OutboxSender) -> None:
        self._service = service
        self._context = context
        self._processor = processor
        self._sender = sender
        self._news = asyncio.Event()
        self._asleep_until = 0.0  # by the loop's clock

    def offer(self, set_now: Sequence[Timer]) -> None:
        """These were just set: wake up in time for them."""
        now = asyncio.get_running_loop().time()
        if any(now + timer.seconds_left(self._context.clock.now) < self._asleep_until for timer in set_now):
            self._news.set()

    async def run(self) -> None:
        """Wake the states that are due, until cancelled."""
        with self._context.clock.watched(self._news.set):
            while True:
                self._asleep_until = float("inf")
                self._news.clear()
                outlook = await self._look()
                if outlook.due:
                    handled = await self._processor.pass_time(outlook.due[:BATCH])
                    self._sender.offer(handled.to_send)
                else:
                    await self._sleep(outlook.seconds)

    async def _look(self) -> Outlook:
        clock = self._context.clock
        async with self._context.database.read() as connection:
            return await timers.look(connection, self._service, clock.now, clock.latest())

    async def _sleep(self, seconds: float | None) -> None:
        """Until the next timer is due, there is news, or it is time to look again anyway."""
        wait = LOOK_AGAIN_SECONDS if seconds is None else min(seconds, LOOK_AGAIN_SECONDS)
        self._asleep_until = asyncio.get_running_loop().time() + wait
        try:
            async with asyncio.timeout(wait):
                await self._news.wait()
        except TimeoutError:
            return
