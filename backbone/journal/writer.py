"""Writes events to the journal."""

from __future__ import annotations

from backbone.journal.events import JournalEvent
from backbone.log.port import MessageLog


class Journal:
    """Appends events to the journal topic of the message log."""

    def __init__(self, log: MessageLog) -> None:
        self._log = log

    async def write(self, *events: JournalEvent) -> None:
        """Append all the events or none; durable when it returns. Raises LogUnavailable.

        A service that appends records of its own in the same breath puts ``event.to_record()`` into
        that one ``append`` instead.
        """
        await self._log.append([event.to_record() for event in events])
