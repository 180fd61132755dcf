"""One run that has not ended: its events so far, its judgement, and who waits for news of it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backbone.journal.events import JournalEvent, Kind
from services.qualification import orders
from services.qualification.attribution import Candidate
from services.qualification.claims import Claim, claim_of, notes, subject
from services.qualification.document import document
from services.qualification.format import Step
from services.qualification.results import Phase, RunState, StepStatus
from services.qualification.store import StoredRun
from services.qualification.verdict import evaluate

FOREIGN_KEPT = 500


def bounded(
    stored: StoredRun, events: Iterable[JournalEvent], claimed: Collection[str]
) -> list[JournalEvent]:
    """The run's own events, and the first few hundred of its participants that concern other MPANs.

    The latter can only be near misses. A busy participant must not make its runs slow. ``claimed``: what was
    attributed to the run.
    """
    kept: list[JournalEvent] = []
    foreign = 0
    for event in events:
        own = event.mpan == stored.binding.mpan or event.run == stored.binding.run
        if not own and subject(event) not in claimed:
            foreign += 1
            if foreign > FOREIGN_KEPT:
                continue
        kept.append(event)
    return kept


def concerns(
    stored: StoredRun, event: JournalEvent, owners: Mapping[str, str], claimed: Collection[str]
) -> bool:
    """Whether an event may be shown to a run: never one of an MPAN that another run owns.

    ``owners``: the run by MPAN. ``claimed``: what of the messages without an MPAN was attributed to this run;
    of others, and of what became of it at parties that have no part in the run, nothing is shown.
    """
    binding = stored.binding
    if orders.is_look(event):
        return False
    if event.run is not None:
        return event.run == binding.run
    if event.mpan is None and (event.interface in binding.without_mpan or subject(event) in claimed):
        ends = {None, *(party.dip_id for party in binding.parties.values())}
        return subject(event) in claimed and event.recipient in ends
    if event.mpan is not None and event.mpan in owners:
        return owners[event.mpan] == binding.run
    if event.mpan == binding.mpan:
        return True
    messages = {step.message for step in stored.scenario.steps}
    wanted = event.interface is None or event.interface in messages
    if event.kind is not Kind.REFUSED and not wanted:
        return False
    return any(party.dip_id in (event.sender, event.recipient) for party in binding.participants())


def dealt(
    events: Iterable[JournalEvent],
    runs: Mapping[str, tuple[StoredRun, Collection[str]]],
    owners: Mapping[str, str],
) -> dict[str, list[JournalEvent]]:
    """Which of the events concern which of the runs (by ID, each with its claims), in their order.

    Most events are of one run, and no other is asked about them: a burst costs each of its runs what it costs
    alone.
    """
    news: defaultdict[str, list[JournalEvent]] = defaultdict(list)
    for event in events:
        owner = event.run or owners.get(event.mpan or "")
        for run_id in runs if owner is None else runs.keys() & {owner}:
            stored, claimed = runs[run_id]
            if concerns(stored, event, owners, claimed):
                news[run_id].append(event)
    return dict(news)


@dataclass(frozen=True)
class Judgement:
    """The state of a run, the version of the document that shows it, and that document."""

    state: RunState
    version: int
    document: dict[str, Any]


@dataclass(frozen=True)
class Look:
    """The journal is being read up to ``at``. ``open``: IDs of the marks that have not been read yet."""

    at: datetime
    open: set[str]


class ActiveRun:
    """Holds what a run needs between two pieces of news."""

    def __init__(self, stored: StoredRun, events: Iterable[tuple[int, JournalEvent]], now: datetime) -> None:
        self.stored = stored
        known = [event for _, event in events]
        self.claims: list[Claim] = [claim_of(note) for note in notes(stored.binding, known).values()]
        self.claimed = {claim.subject for claim in self.claims}
        self.events = bounded(stored, known, self.claimed)
        self.seen = {event.id for event in self.events}
        self.released = orders.released(stored.binding, self.events)
        self.carried_out: set[str] = set()
        self.steering = asyncio.Lock()
        self._shown: set[str] = set()
        self.ending = False
        self.version = int(stored.document["version"])
        self.document = stored.document
        self._changed = asyncio.Event()
        self._read_to = stored.binding.created
        self._look: Look | None = None
        self._state = evaluate(stored.scenario, stored.binding, (), stored.binding.created)
        first = self.judge(now)
        if first is not None and not first.state.finished:
            self.publish(first)

    def take(self, events: Iterable[JournalEvent]) -> None:
        """Add news, in the journal's order; what was seen before changes nothing."""
        fresh = [event for event in events if event.id not in self.seen]
        self.seen |= {event.id for event in fresh}
        self.events = bounded(self.stored, [*self.events, *fresh], self.claimed)

    def claim(self, event: JournalEvent) -> None:
        """This message without an MPAN is the run's."""
        self.claims.append(claim_of(event))
        self.claimed.add(subject(event))

    def candidate(self) -> Candidate:
        """What decides whether a message without an MPAN is the run's."""
        return Candidate(self.stored.scenario, self.stored.binding, self.state, self.events, self.claims)

    def judge(self, now: datetime) -> Judgement | None:
        """Evaluate anew; None when nothing changed. Nobody sees the result before ``publish``.

        The clock decides nothing beyond the moment up to which the journal has been read.
        """
        state = evaluate(self.stored.scenario, self.stored.binding, self.events, self._read_to)
        if state == self._state:
            return None
        version = max(self.version + 1, self._age(now))
        stored = self.stored
        shown = document(stored.scenario, stored.binding, stored.briefing, state, version, now)
        return Judgement(state, version, shown | {"evaluatedAt": self._read_to.isoformat()})

    def check_in(self, now: datetime) -> float | None:
        """Seconds until the clock may decide something; None: it does not, or a look is under way."""
        check = self.state.next_check
        if check is None or (self._look is not None and self._look.at >= check):
            return None
        return max((check - now).total_seconds(), 0.0)

    def look(self, now: datetime) -> Sequence[JournalEvent]:
        """Begin to have the journal read up to ``now``: what is to be appended, and then read."""
        marks = orders.look_events(self.stored.binding, now)
        self._look = Look(now, {mark.id for mark in marks})
        return marks

    def look_again(self) -> None:
        """The marks of the look under way count for nothing: not appended perhaps, or too early."""
        self._look = None

    def read(self, marks: Collection[str]) -> bool:
        """Note marks that were read; whether they were the last of a look, so that the clock may decide."""
        if self._look is None or not self._look.open.intersection(marks):
            return False
        self._look.open.difference_update(marks)
        if self._look.open:
            return False
        if self.claimed - notes(self.stored.binding, self.events).keys():
            self._look = None  # the note of what is the run's was written after the marks: look once more
            return False
        self._read_to = self._look.at
        return True

    def publish(self, judgement: Judgement) -> None:
        """Make a judgement the run's state and tell whoever waits for news."""
        self._state = judgement.state
        self.version = judgement.version
        self.document = judgement.document
        self.acknowledge()

    def acknowledge(self) -> None:
        """All that was taken is in the document now, or changes nothing in it: tell whoever waits."""
        self._shown |= self.seen
        self._changed.set()
        self._changed = asyncio.Event()

    @property
    def state(self) -> RunState:
        """As last published."""
        return self._state

    def _age(self, now: datetime) -> int:
        """Milliseconds since the run began: versions grow over a restart, too, without being stored."""
        return int((now - self.stored.binding.created).total_seconds() * 1000)

    def to_release(self) -> Step | None:
        """The step whose harness part is to be ordered now."""
        current = self.state.current()
        if current is None or current.step in self.released or current.status is StepStatus.HELD:
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

    def to_carry_out(self) -> list[JournalEvent]:
        """The run's own events whose effects on the harness, if any, have not been brought about yet."""
        run = self.stored.binding.run
        return [event for event in self.events if event.run == run and event.id not in self.carried_out]

    async def shows(self, event_id: str, seconds: float) -> None:
        """Return when the document shows what this event led to, or when the time is up."""
        try:
            async with asyncio.timeout(seconds):
                while event_id not in self._shown:
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
