"""Which journal event belongs to which step, and on which fields an event misses."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from backbone.journal.events import JournalEvent, Kind
from services.qualification.binding import Binding
from services.qualification.format import Scenario, Step, Way
from services.qualification.messages import codes_of_status
from services.qualification.results import Miss, NearMiss

GOOD = {Way.SUBMISSION: Kind.ACCEPTED, Way.PUBLICATION: Kind.DELIVERED, Way.OUTSIDE: Kind.CSS_MESSAGE}
BAD = {Way.SUBMISSION: Kind.REFUSED, Way.PUBLICATION: Kind.DELIVERY_ABANDONED, Way.OUTSIDE: Kind.CSS_REFUSED}
UNDER_WAY = (Kind.ROUTED, Kind.STATUS_SENT, Kind.HELD, Kind.DELIVERY_ATTEMPTED)
NEAREST_SHOWN = 5
_SENT = (Kind.ACCEPTED, Kind.REFUSED, Kind.CSS_MESSAGE, Kind.CSS_REFUSED)
_ENTRIES = {
    Way.SUBMISSION: _SENT,
    Way.OUTSIDE: _SENT,
    Way.PUBLICATION: (Kind.DELIVERED, Kind.DELIVERY_ABANDONED),
}
_REFUSALS = (Kind.REFUSED, Kind.CSS_REFUSED)


@dataclass(frozen=True)
class Pattern:
    """What the message of a step looks like in the journal.

    ``sender`` and ``recipient``: every name under which the party may stand there; empty: anyone.
    ``other_events``: event codes that other steps expect of the same interface. ``refused``: the DIP, or the
    recipient of a publication, is to refuse it. ``codes``: of which a status message brings one.
    """

    way: Way
    interface: str
    event: str | None
    sender: tuple[str, ...]
    recipient: tuple[str, ...]
    mpan: str
    transaction: str | None = None
    other_events: frozenset[str] = frozenset()
    refused: bool = False
    codes: tuple[str, ...] = ()

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """What decides the step: first for good, the others for bad."""
        good, bad = GOOD[self.way], BAD[self.way]
        if not self.refused:
            return good, bad
        return (bad, good, Kind.DELIVERY_ATTEMPTED) if self.way is Way.PUBLICATION else (bad, good)

    def __str__(self) -> str:
        return f"{self.interface} {self.event}" if self.event else self.interface


def pattern(scenario: Scenario, step: Step, binding: Binding, transaction: str | None = None) -> Pattern:
    """The pattern of a step; ``transaction``: that of the message which this publication must carry."""
    same = (other for other in scenario.steps if other.message == step.message and other.event)
    return Pattern(
        way=step.way,
        interface=step.message,
        event=step.event,
        sender=() if step.way is Way.PUBLICATION else _names(step.source, binding),
        recipient=() if step.way is Way.SUBMISSION else _names(step.recipient, binding),
        mpan=binding.mpan,
        transaction=transaction,
        other_events=frozenset(other.event for other in same if other.event) - {step.event or ""},
        refused=bool(step.refused or step.refusal),
        codes=step.codes,
    )


def _names(role: str, binding: Binding) -> tuple[str, ...]:
    party = binding.parties[role]
    return (party.dip_id, party.role) if not party.participant else (party.dip_id,)


def misses(wanted: Pattern, event: JournalEvent) -> tuple[Miss, ...]:
    """Every respect in which this event is not the wanted message; empty when it is."""
    return tuple(miss for check in _CHECKS for miss in [check(wanted, event)] if miss)


def fits(wanted: Pattern, event: JournalEvent) -> bool:
    """Whether this event is the wanted message. Most differ in the first respect, and need no second look."""
    return not any(check(wanted, event) for check in _CHECKS)


def _interface(wanted: Pattern, event: JournalEvent) -> Miss | None:
    return _miss("message", wanted.interface, event.interface)


def _sender(wanted: Pattern, event: JournalEvent) -> Miss | None:
    behalf = event.details.get("onBehalfOf")
    seen = {name for name in (event.sender, behalf) if name}
    if not wanted.sender or seen & set(wanted.sender):
        return None
    return Miss(field="sender", expected=wanted.sender[0], seen=event.sender or "not given")


def _recipient(wanted: Pattern, event: JournalEvent) -> Miss | None:
    if not wanted.recipient or event.recipient in wanted.recipient:
        return None
    return Miss(field="recipient", expected=wanted.recipient[0], seen=event.recipient or "not given")


def _mpan(wanted: Pattern, event: JournalEvent) -> Miss | None:
    return _miss("MPAN", wanted.mpan, event.mpan)


def _event_code(wanted: Pattern, event: JournalEvent) -> Miss | None:
    if wanted.event is None or _refused_with_a_code_nobody_expects(wanted, event):
        return None
    return _miss("event code", wanted.event, event.event_code)


def _refused_with_a_code_nobody_expects(wanted: Pattern, event: JournalEvent) -> bool:
    """A refused message may have been refused for its event code: it is still an attempt at this step."""
    return event.kind is Kind.REFUSED and event.event_code not in wanted.other_events


def _transaction(wanted: Pattern, event: JournalEvent) -> Miss | None:
    if wanted.transaction is None or event.transaction_id is None:
        return None
    return _miss("transaction", wanted.transaction, event.transaction_id)


def _codes(wanted: Pattern, event: JournalEvent) -> Miss | None:
    if not wanted.codes or event.body is None:
        return None
    seen = codes_of_status(event)
    if set(seen) & set(wanted.codes):
        return None
    return Miss(field="code", expected=" or ".join(wanted.codes), seen=", ".join(seen) or "not given")


def _miss(field: str, expected: str, seen: str | None) -> Miss | None:
    return None if seen == expected else Miss(field=field, expected=expected, seen=seen or "not given")


_CHECKS: tuple[Callable[[Pattern, JournalEvent], Miss | None], ...] = (
    _interface,
    _sender,
    _recipient,
    _mpan,
    _event_code,
    _transaction,
    _codes,
)
_WEIGHT = {"message": 8, "MPAN": 4, "sender": 4, "recipient": 4, "event code": 2, "code": 2, "transaction": 1}


def first_match(
    wanted: Pattern, events: Sequence[JournalEvent], taken: Collection[str]
) -> JournalEvent | None:
    """The earliest event that decides this step, good or bad, and decides no earlier one."""
    found = next((e for e in matching(wanted, events, wanted.kinds) if e.id not in taken), None)
    return found and (_refusal_of(found, wanted, events) or found)


def _refusal_of(found: JournalEvent, wanted: Pattern, events: Sequence[JournalEvent]) -> JournalEvent | None:
    """Outside the DIP a message is written down as it comes, and its refusal, if any, right after it."""
    if wanted.way is not Way.OUTSIDE or found.reference is None:
        return None
    refusals = matching(wanted, events, [Kind.CSS_REFUSED])
    return next((e for e in refusals if e.reference == found.reference), None)


def matching(
    wanted: Pattern, events: Iterable[JournalEvent], kinds: Collection[Kind]
) -> Iterable[JournalEvent]:
    """The events of these kinds that are the wanted message."""
    return (event for event in events if event.kind in kinds and fits(wanted, event))


def nearest(wanted: Pattern, events: Sequence[JournalEvent], taken: Collection[str]) -> tuple[NearMiss, ...]:
    """The messages seen that come closest to the wanted one, best first."""
    candidates = [
        (sum(_WEIGHT[miss.field] for miss in missed), event.kind in _REFUSALS, _near(event, missed))
        for event in events
        if event.kind in _ENTRIES[wanted.way] and event.id not in taken and _related(wanted, event)
        for missed in [misses(wanted, event)]
    ]
    ranked = sorted(candidates, key=lambda one: (one[0], one[1], -one[2].at.timestamp()))
    return tuple(near for _, _, near in ranked[:NEAREST_SHOWN])


def _related(wanted: Pattern, event: JournalEvent) -> bool:
    """A near miss comes from the right party, or is the right message for the right MPAN.

    The same interface alone is not enough: with many runs at once it would show one run another's
    messages.
    """
    if wanted.way is Way.PUBLICATION:
        return event.recipient in wanted.recipient
    return event.sender in wanted.sender or (event.mpan, event.interface) == (wanted.mpan, wanted.interface)


def _near(event: JournalEvent, missed: tuple[Miss, ...]) -> NearMiss:
    refused = event.kind in _REFUSALS
    return NearMiss(
        event=event.id,
        at=event.at,
        what=_what(event) + (", refused" if refused else ""),
        reference=event.reference,
        misses=missed,
        reason=_reason(event) if refused else None,
    )


def _what(event: JournalEvent) -> str:
    if event.interface is None:
        url = str(event.details.get("url", ""))
        return f"a request to {url}" if url else "an unreadable message"
    return " ".join(part for part in (event.interface, event.event_code) if part)


def _reason(event: JournalEvent) -> str | None:
    parts = [event.details.get("status"), *event.codes, event.details.get("reason")]
    return " ".join(str(part) for part in parts if part) or None
