"""Watches the journal for messages without an MPAN, and writes down which run each belongs to, and why."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from backbone.journal import Journal, JournalEvent, JournalIndex
from services.qualification.active import ActiveRun, concerns
from services.qualification.attribution import attribute
from services.qualification.claims import Claim, attributed, claim_of, notes, subject
from services.qualification.store import StoredRun

REMEMBERED = 10_000  # messages that are known to belong to a run, be it one that has ended
Row = tuple[int, JournalEvent]


class Attributor:
    """``active``: the runs that have not ended, by ID. ``known``: whether there is or was a run of an ID."""

    def __init__(
        self,
        journal: Journal,
        index: JournalIndex,
        active: Mapping[str, ActiveRun],
        known: Callable[[str], bool],
        now: Callable[[], datetime],
    ) -> None:
        self._journal = journal
        self._index = index
        self._active = active
        self._known = known
        self._now = now
        self._ends: OrderedDict[str, set[str]] = OrderedDict()
        self._found: list[tuple[ActiveRun, JournalEvent, JournalEvent]] = []  # run, message, note

    async def look(self, rows: Sequence[Row], before: int) -> None:
        """Attribute what is new. What came ``before`` of the same message, its run is given now.

        Raises LogUnavailable, DatabaseUnavailable; to be asked again with the same rows then.
        """
        for _, event in rows:
            self._attribute(event)
        if self._found:
            await self._journal.write(*(note for _, _, note in self._found))
        while self._found:
            run, event, _ = self._found[-1]
            run.take(await self._earlier(run, event, before))
            run.look_again()  # the note, which the verdict reads, came after the marks
            self._found.pop()

    async def resume(self, through: int) -> None:
        """After a restart: look at what came while nobody did."""
        for run in self._active.values():
            for claim in run.claims:
                self._remember(claim)
        names = {name for run in self._active.values() for name in run.stored.binding.without_mpan}
        since = min((run.stored.binding.created for run in self._active.values()), default=None)
        rows: dict[int, JournalEvent] = {}
        for name in names:
            rows |= dict(await self._index.events(interface=name, since=since))
        await self.look([row for row in sorted(rows.items()) if row[0] <= through], through)

    def _attribute(self, event: JournalEvent) -> None:
        ends = self._ends.get(subject(event), ())
        if event.mpan is not None or event.sender in ends or event.recipient in ends:
            return
        waiting = [r for r in self._active.values() if event.interface in r.stored.binding.without_mpan]
        found = attribute(event, [run.candidate() for run in waiting], self._known) if waiting else None
        if found is None:
            return
        run = self._active[found.binding.run]
        run.claim(event)
        self._remember(claim_of(event))
        self._found.append((run, event, attributed(event, found, self._now())))

    def _remember(self, claim: Claim) -> None:
        self._ends.setdefault(claim.subject, set()).add(claim.end)
        while len(self._ends) > REMEMBERED:
            self._ends.popitem(last=False)

    async def _earlier(self, run: ActiveRun, message: JournalEvent, before: int) -> list[JournalEvent]:
        rows = await of_message(self._index, message)
        earlier = (event for number, event in rows if number <= before and event.run is None)
        return [event for event in earlier if concerns(run.stored, event, {}, run.claimed)]


async def of_message(index: JournalIndex, message: JournalEvent) -> list[Row]:
    """The events of a message; ``message``: one of them, or the note that attributed it."""
    if message.transaction_id is not None:
        return await index.events(transaction=message.transaction_id)
    return await index.events(reference=message.reference) if message.reference else []


async def events_of(
    index: JournalIndex, stored: StoredRun, owners: Mapping[str, str], through: int
) -> list[Row]:
    """The events that concern a run, up to a sequence number, in order. ``owners``: the run by MPAN."""
    binding = stored.binding
    asked: list[dict[str, Any]] = [{"mpan": binding.mpan}, {"run": binding.run}]
    asked += [{"party": party.dip_id} for party in binding.participants()]
    found: dict[int, JournalEvent] = {}
    for question in asked:
        found |= dict(await index.events(since=binding.created, **question))
    known = notes(binding, (event for number, event in sorted(found.items()) if number <= through))
    for note in known.values():
        found |= dict(await of_message(index, note))
    return [
        (number, event)
        for number, event in sorted(found.items())
        if number <= through and concerns(stored, event, owners, known)
    ]
