"""What belongs to a run although it carries no MPAN: written to the journal, and read by the verdict.

Each such message is noted with an ``attributed`` event of the run. So the verdict stays a function of the
journal: it reads the message, and all that becomes of it, as if it were about the run's MPAN.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from backbone.journal.events import JournalEvent, Kind
from services.qualification.binding import Binding


@dataclass(frozen=True)
class Attribution:
    """The run of a message, and the reason as the rest of a sentence that begins with "because"."""

    binding: Binding
    because: str


@dataclass(frozen=True)
class Claim:
    """A message that belongs to a run. ``end``: the DIP ID of its sender, or of the recipient that got it."""

    subject: str
    interface: str
    end: str


def subject(event: JournalEvent) -> str:
    """What is attributed: a message with all that becomes of it; a refused one has no transaction ID."""
    return event.transaction_id or event.id


def attributed(event: JournalEvent, found: Attribution, now: datetime) -> JournalEvent:
    """The journal's note of it; the same event for the same message and run."""
    return JournalEvent(
        kind=Kind.ATTRIBUTED,
        at=now,
        service="qualification",
        mpan=found.binding.mpan,
        interface=event.interface,
        event_code=event.event_code,
        sender=event.sender,
        recipient=event.recipient,
        reference=event.reference,
        transaction_id=event.transaction_id,
        correlation_id=event.correlation_id,
        run=found.binding.run,
        details={"of": subject(event), "because": found.because},
        id=f"{found.binding.run}-attributed-{event.id}"[:64],
    )


def notes(binding: Binding, events: Iterable[JournalEvent]) -> dict[str, JournalEvent]:
    """What says that a message was attributed to the run, by subject; the first, where several do."""
    if not binding.without_mpan:
        return {}
    found = (event for event in events if event.kind is Kind.ATTRIBUTED and event.run == binding.run)
    by_subject: dict[str, JournalEvent] = {}
    for note in found:
        by_subject.setdefault(str(note.details.get("of")), note)
    return by_subject


def claim_of(event: JournalEvent) -> Claim:
    """The claim to a message, made from one of its events or from the note that attributed it."""
    of = str(event.details.get("of")) if event.kind is Kind.ATTRIBUTED else subject(event)
    return Claim(of, event.interface or "", event.recipient or event.sender or "")


def as_own(mpan: str, own: Collection[str], events: Sequence[JournalEvent]) -> Sequence[JournalEvent]:
    """The events, with those attributed to a run (``own``: the subjects) as if they were about its MPAN."""
    if not own:
        return events
    return [
        replace(event, mpan=mpan) if event.mpan is None and subject(event) in own else event
        for event in events
    ]


def explained(text: str, own: Mapping[str, JournalEvent], event: JournalEvent | None) -> str:
    """What is said of a step, with why its message was taken for the run's where no MPAN says so."""
    note = own.get(subject(event)) if event else None
    return f"{text} Attributed to this run because {note.details.get('because')}." if note else text
