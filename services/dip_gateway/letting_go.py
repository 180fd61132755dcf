"""Watches what steps of runs hold back, and lets it go when the table says that a tester has."""

from __future__ import annotations

import asyncio
from typing import Final

from participant.context import Context
from services.dip_gateway import held
from services.dip_gateway.lanes import Item, Lane
from services.dip_gateway.patience import until_done
from services.dip_gateway.reports import Reporter

_LOOK_SECONDS: Final = 1.0  # how often to look for what was let go in another process


class LettingGo:
    """The held deliveries that are queued in this process. Asks the database nothing while there are none."""

    def __init__(self, context: Context, reporter: Reporter) -> None:
        self._database = context.database
        self._reporter = reporter
        self._held: dict[int, tuple[Item, Lane, asyncio.Event]] = {}
        self._fresh: list[Item] = []
        self._look = asyncio.Event()

    def add(self, item: Item, lane: Lane, wake: asyncio.Event) -> None:
        """A held item was queued on this lane; ``wake`` is set when it is let go."""
        self._held[item.id] = (item, lane, wake)
        self._fresh.append(item)
        self._look.set()

    def look(self) -> None:
        """Something may have been let go."""
        self._look.set()

    def clear(self) -> None:
        """Nothing is queued any more."""
        self._held.clear()
        self._fresh.clear()

    async def run(self) -> None:
        """Tell the journal what waits, and let it go in its time, until cancelled."""
        while True:
            self._look.clear()
            if self._fresh:
                fresh, self._fresh = self._fresh, []
                await until_done(lambda: self._reporter.held(fresh), "delivery")  # noqa: B023
            if self._held:
                await until_done(self._let_go, "delivery")
            await self._pause()

    async def _let_go(self) -> None:
        async with self._database.read() as connection:
            found = await held.no_longer(connection, list(self._held))
        for key, wanted in found.items():
            item, lane, wake = self._held.pop(key)
            lane.let_go(item, gone=not wanted)
            wake.set()

    async def _pause(self) -> None:
        """Until there is news; while something is held, no longer than a second."""
        try:
            async with asyncio.timeout(_LOOK_SECONDS if self._held else None):
                await self._look.wait()
        except TimeoutError:
            return
