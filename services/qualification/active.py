"""One run that has not ended: its events so far, its judgement, and who waits for news of it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from backbone.journal.events import JournalEvent
from services.qualification.document import document
from services.qualification.format import Step
from services.qualification.results import Phase, RunState
from services.qualification.store import StoredRun
from services.qualification.verdict import evaluate


class ActiveRun:
    """Holds what a run needs between two pieces of news."""

    def __init__(self, stored: StoredRun, events: Iterable[tuple[int, JournalEvent]], now: datetime) -> None:
        self.stored = stored
        self.events = [event for _, event in events]
        self.seen = {event.id for event in self.events}
        self.released: set[int] = set()
        self.version = int(stored.document.get("version", 0))
        self._changed = asyncio.Event()
        self.state: RunState
        self.document: dict[str, Any]
        self.judge(now)

    def take(self, events: Iterable[JournalEvent]) -> None:
        """Add news, in the journal's order; what was seen before changes nothing."""
        fresh = [event for event in events if event.id not in self.seen]
        self.events += fresh
        self.seen |= {event.id for event in fresh}

    def judge(self, now: datetime) -> None:
        """Evaluate anew; a changed state makes a new version of the document."""
        state = evaluate(self.stored.scenario, self.stored.binding, self.events, now)
        if self.version and getattr(self, "state", None) == state:
            return
        self.state = state
        self.version = max(self.version + 1, self._age(now))
        self._render(now)
        self._changed.set()
        self._changed = asyncio.Event()

    def _age(self, now: datetime) -> int:
        """Milliseconds since the run began: versions grow over a restart, too, without being stored."""
        return int((now - self.stored.binding.created).total_seconds() * 1000)

    def _render(self, now: datetime) -> None:
        stored = self.stored
        self.document = document(
            stored.scenario, stored.binding, stored.briefing, self.state, self.version, now
        )

    def to_release(self) -> Step | None:
        """The step whose harness part is to be ordered now."""
        current = self.state.current()
        if current is None or current.step in self.released:
            return None
        self.released.add(current.step)
        return self.stored.scenario.step(current.step)

    async def changed(self, after: int, seconds: float) -> None:
        """Return when the version is above ``after``, or when the time is up."""
        try:
            async with asyncio.timeout(seconds):
                while self.version <= after:
                    await self._changed.wait()
        except TimeoutError:
            return

    async def left(self, phases: Collection[Phase], seconds: float) -> None:
        """Return when the run is in none of these phases any more, or when the time is up."""
        try:
            async with asyncio.timeout(seconds):
                while self.state.phase in phases:
                    await self._changed.wait()
        except TimeoutError:
            return
