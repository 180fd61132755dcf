"""Judges a history: what clients were told, what webhooks received, what the journal holds. Pure.

The gateway promises: a message that was answered 201 reaches every recipient; messages of one MPAN on one
channel in the order in which they were accepted; the same message again only as a repeat, which carries the
same transaction ID; nothing that nobody sent, and nothing that was refused.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from backbone.journal import JournalEvent, Kind


class Outcome(StrEnum):
    """What the client knows of a message after its last attempt."""

    ACCEPTED = "accepted"  # 201, or MSG1006 after an attempt whose answer was lost
    REFUSED = "refused"
    UNKNOWN = "unknown"  # the connection broke and the client gave up


@dataclass(frozen=True, slots=True)
class Sent:
    """One message as its client saw it.

    ``number``: grows with each message of a sender about one MPAN on one channel; the next is sent when the
    one before was answered. ``recipients``: the DIP IDs of webhooks under watch that have to get it.
    """

    reference: str
    channel: str
    mpan: str
    number: int
    outcome: Outcome
    recipients: tuple[str, ...] = ()
    transaction_id: str | None = None
    sender: str = ""


@dataclass(frozen=True, slots=True)
class Received:
    """One message in one POST that a webhook answered 201. Kept in the order of the answers."""

    recipient: str
    channel: str
    mpan: str
    reference: str
    transaction_id: str
    replay: bool = False


class Rule(StrEnum):
    """What can be wrong with a history."""

    LOST = "accepted and lost"
    OUT_OF_ORDER = "out of order"
    TWICE = "delivered twice under different transaction IDs"
    UNSENT = "delivered, and nobody sent it"
    REFUSED = "refused, and delivered"
    UNRECORDED = "accepted, and not in the journal"
    PHANTOM = "delivered says the journal, the webhook never had it"
    MISNUMBERED = "accepted under one transaction ID, delivered under another"


@dataclass(frozen=True, slots=True)
class Finding:
    """One breach."""

    rule: Rule
    what: str

    def __str__(self) -> str:
        return f"{self.rule.value}: {self.what}"


@dataclass(frozen=True)
class History:
    """Everything that was seen. ``watched``: the recipients whose webhooks are the test's own."""

    sent: Sequence[Sent]
    received: Sequence[Received]
    journal: Sequence[JournalEvent] = ()
    watched: frozenset[str] = frozenset()
    _received_by: Mapping[str, set[str]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by: defaultdict[str, set[str]] = defaultdict(set)
        for one in self.received:
            by[one.recipient].add(one.reference)
        object.__setattr__(self, "_received_by", by)

    def has(self, recipient: str, reference: str) -> bool:
        """Whether this recipient had a message."""
        return reference in self._received_by.get(recipient, ())

    def repeats(self) -> int:
        """How many deliveries were repeats: allowed, since an answer may be lost, and worth a look."""
        times = Counter((r.recipient, r.transaction_id) for r in self.received if not r.replay)
        return sum(count - 1 for count in times.values())

    def summary(self) -> str:
        """One line of figures for a closing note."""
        outcomes = Counter(one.outcome.value for one in self.sent)
        told = ", ".join(f"{outcomes[o.value]} {o.value}" for o in Outcome)
        return f"{told}; {len(self.received)} deliveries, {self.repeats()} of them repeats"


def check(history: History) -> list[Finding]:
    """All breaches, rule by rule."""
    return [
        *_lost(history),
        *_out_of_order(history),
        *_twice(history),
        *_unsent(history),
        *_refused(history),
        *_misnumbered(history),
        *(_journal(history) if history.journal else ()),
    ]


def missing(history: History) -> list[tuple[str, str]]:
    """(recipient, reference) of what was accepted and has not been received: what a test waits for."""
    return [
        (recipient, one.reference)
        for one in history.sent
        if one.outcome is Outcome.ACCEPTED
        for recipient in one.recipients
        if not history.has(recipient, one.reference)
    ]


def _lost(history: History) -> Iterable[Finding]:
    for recipient, reference in missing(history):
        yield Finding(Rule.LOST, f"{reference} to {recipient}")


def _out_of_order(history: History) -> Iterable[Finding]:
    """First deliveries follow the numbers; what came out of turn is named with what came before it."""
    numbers = {one.reference: one for one in history.sent}
    newest: dict[tuple[str, str, str, str], Sent] = {}
    seen: set[tuple[str, str]] = set()
    for got in history.received:
        sent = numbers.get(got.reference)
        if sent is None or got.replay or (got.recipient, got.reference) in seen:
            continue
        seen.add((got.recipient, got.reference))
        lane = (got.recipient, sent.channel, sent.mpan, sent.sender)
        before = newest.get(lane)
        if before is not None and sent.number < before.number:
            text = f"{got.reference} came to {got.recipient} after {before.reference} (MPAN {sent.mpan})"
            yield Finding(Rule.OUT_OF_ORDER, text)
        else:
            newest[lane] = sent


def _twice(history: History) -> Iterable[Finding]:
    first: dict[tuple[str, str], str] = {}
    for got in history.received:
        if got.replay:
            continue
        known = first.setdefault((got.recipient, got.reference), got.transaction_id)
        if known != got.transaction_id:
            text = f"{got.reference} to {got.recipient} as {known} and as {got.transaction_id}"
            yield Finding(Rule.TWICE, text)


def _unsent(history: History) -> Iterable[Finding]:
    known = {one.reference for one in history.sent}
    known |= {e.reference for e in history.journal if e.kind is Kind.ACCEPTED and e.reference}
    for reference, recipient in sorted({(r.reference, r.recipient) for r in history.received}):
        if reference not in known:
            yield Finding(Rule.UNSENT, f"{reference} to {recipient}")


def _refused(history: History) -> Iterable[Finding]:
    refused = {one.reference for one in history.sent if one.outcome is Outcome.REFUSED}
    for reference, recipient in sorted({(r.reference, r.recipient) for r in history.received}):
        if reference in refused:
            yield Finding(Rule.REFUSED, f"{reference} to {recipient}")


def _misnumbered(history: History) -> Iterable[Finding]:
    told = {one.reference: one.transaction_id for one in history.sent if one.transaction_id}
    for got in history.received:
        number = told.get(got.reference)
        if number is not None and number != got.transaction_id:
            text = f"{got.reference} was answered {number}, {got.recipient} had {got.transaction_id}"
            yield Finding(Rule.MISNUMBERED, text)


def _journal(history: History) -> Iterable[Finding]:
    accepted = {e.reference for e in history.journal if e.kind is Kind.ACCEPTED}
    for one in history.sent:
        if one.outcome is Outcome.ACCEPTED and one.reference not in accepted:
            yield Finding(Rule.UNRECORDED, one.reference)
    for event in history.journal:
        if event.recipient not in history.watched or event.reference is None:
            continue
        if history.has(event.recipient or "", event.reference):
            continue
        if event.kind is Kind.DELIVERED:
            yield Finding(Rule.PHANTOM, f"{event.reference} to {event.recipient}")
        elif event.kind is Kind.ROUTED:
            yield Finding(Rule.LOST, f"{event.reference} was addressed to {event.recipient}")
