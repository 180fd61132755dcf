"""A run's business clock, which scenarios move ahead, and how its events are read in real time.

Once a run's clock is ahead, services that act for its MPAN write its time into the journal, others the real
one. A verdict waits in real time, so that it reads every event by the real one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from backbone.journal.events import JournalEvent, Kind
from participant.timekeeper import AHEAD
from services.qualification.binding import Binding
from services.qualification.expressions import resolve
from services.qualification.format import DateRule, Step
from services.qualification.values import date_of

OURS = "qualification"  # whose own events have real moments
_SKEW = timedelta(seconds=1)  # between the clocks of two machines


def target(step: Step, binding: Binding, now: datetime) -> datetime | None:
    """The moment to which the business clock is moved before this step; None: it is not moved.

    Raises ValueError for an expression that gives no DateTime with an offset.
    """
    if step.advance_to is None:
        return None
    given = step.advance_to
    text = date_of(given, now) if isinstance(given, DateRule) else str(resolve(given, binding.values))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as wrong:
        raise ValueError(f"step {step.step} advances to {text}, which is no DateTime") from wrong
    if moment.tzinfo is None:
        raise ValueError(f"step {step.step} advances to {text}, which has no time with an offset")
    return moment


def advances(binding: Binding, events: Iterable[JournalEvent]) -> list[JournalEvent]:
    """The journal's notes of how the run's clock was moved, in order."""
    moved = (e for e in events if e.kind is Kind.CLOCK_ADVANCED and e.run == binding.run)
    return [event for event in moved if isinstance(event.details.get(AHEAD), (int, float))]


def in_real_time(binding: Binding, events: Sequence[JournalEvent]) -> Sequence[JournalEvent]:
    """The events with their real moments.

    What a clock that is ahead dated happened after that clock was moved. So the most that can be taken off
    an event's moment without going back before that is what its service's clock was ahead.
    """
    moved = [(event.at, event.details[AHEAD]) for event in advances(binding, events)]
    moved += [(binding.created, binding.ahead_seconds)] if binding.ahead_seconds else []
    if not moved:
        return events
    offsets = sorted(((timedelta(seconds=ahead), since) for since, ahead in moved), reverse=True)
    return [_in_real_time(binding, event, offsets) for event in events]


def _in_real_time(
    binding: Binding, event: JournalEvent, offsets: Sequence[tuple[timedelta, datetime]]
) -> JournalEvent:
    if event.mpan != binding.mpan or event.service == OURS:
        return event
    real = (event.at - ahead for ahead, since in offsets if event.at - ahead >= since - _SKEW)
    return replace(event, at=next(real, event.at))
