"""Whether the judge sees all that happens. Nobody is late because the harness was away or had not read.

Before the clock decides anything about a run, marks are appended to the journal under every key that the
run's events can have, and read back: by then everything that came before them has been read, too. While
runs are open the log is tried every few seconds; after it, or the database, was away, waits begin anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import datetime

from backbone.errors import LogUnavailable
from backbone.log import MessageLog, Record
from services.qualification import orders
from services.qualification.active import ActiveRun

PULSE_SECONDS = 5.0
PULSE_TOPIC = "qualification.pulse"


class Watch:
    """Tries the log and reads it up to a moment, on behalf of open runs."""

    def __init__(self, log: MessageLog) -> None:
        self._log = log
        self._pulsed = 0.0
        self._away = False

    def lost(self) -> None:
        """The log or the database was away just now."""
        self._away = True

    async def see_again(self, runs: Collection[ActiveRun], now: datetime) -> None:
        """Let waits begin anew if something was away; see that the log is not. Raises LogUnavailable.

        To be called once the database has answered.
        """
        if self._away:
            again = [orders.order_event(run.stored.binding, orders.RESUME, now) for run in runs]
            await self._log.append([order.to_record() for order in again])
            self._away = False
        if runs and _monotonic() - self._pulsed >= PULSE_SECONDS:
            await self._log.append([Record(PULSE_TOPIC, "pulse", b"{}")])
            self._pulsed = _monotonic()

    async def look(self, runs: Collection[ActiveRun], now: datetime) -> None:
        """Have the journal read up to ``now`` for the runs that are due. Raises LogUnavailable."""
        due = [run for run in runs if run.check_in(now) == 0]
        marks = [mark for run in due for mark in run.look(now)]
        try:
            await self._log.append([mark.to_record() for mark in marks])
        except LogUnavailable:
            for run in due:
                run.look_again()
            raise


def _monotonic() -> float:
    return asyncio.get_running_loop().time()
