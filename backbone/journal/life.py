"""The whole life of a message, told from its journal events: received, judged, routed, each attempt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from backbone.journal.events import JournalEvent, Kind
from backbone.journal.index import JournalIndex

_FINAL: Final[Mapping[Kind, str]] = {
    Kind.DELIVERED: "delivered",
    Kind.DELIVERY_ABANDONED: "abandoned",
    Kind.HELD: "held",
    Kind.DELIVERY_ATTEMPTED: "retrying",
    Kind.ROUTED: "routed",
}
_ENTRY: Final = frozenset({Kind.ACCEPTED, Kind.REFUSED})
_SELECTIVE: Final = frozenset({"mpan", "reference", "correlation", "transaction"})
_PARTIAL: Final = frozenset({"party", "reference", "correlation", "interface", "run"})
LOOKED_AT: Final = 20_000
"""Journal events behind one list of messages: the newest so many, where the question does not select few."""


async def find_messages(
    index: JournalIndex,
    wanted: Mapping[str, str],
    limit: int,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[dict[str, Any]]:
    """The newest ``limit`` messages that fit, newest first; ``wanted`` as ``JournalIndex.events`` has it."""
    question: dict[str, Any] = dict(wanted)
    if not wanted.keys() & _SELECTIVE and since is None:
        question["after"] = max(0, await index.wait(0, 0.0) - LOOKED_AT)
    found = await index.events(limit=LOOKED_AT, since=since, until=until, **question)
    transactions = {event.transaction_id for _, event in found if event.transaction_id}
    if wanted.keys() & _PARTIAL and len(transactions) <= 200:
        found = await _whole(index, found, transactions)
    return newest(messages(found), limit)


async def _whole(
    index: JournalIndex, found: Iterable[tuple[int, JournalEvent]], transactions: Iterable[str]
) -> list[tuple[int, JournalEvent]]:
    """A filter by interface or party finds single events; a message's life is all of its events."""
    events = dict(found)
    for transaction in transactions:
        events |= dict(await index.events(transaction=transaction, limit=LOOKED_AT))
    return sorted(events.items())


def messages(events: Iterable[tuple[int, JournalEvent]]) -> list[dict[str, Any]]:
    """One summary per message that was sent, in order; what became of it for each recipient."""
    found: dict[str, dict[str, Any]] = {}
    for sequence, event in events:
        if event.kind in _ENTRY:
            found[_key(event)] = _summary(sequence, event)
        elif event.transaction_id in found:
            _progress(found[event.transaction_id], event)
    return list(found.values())


def life(events: Iterable[tuple[int, JournalEvent]]) -> list[dict[str, Any]]:
    """Every event of one message, with headers and body."""
    return [
        {
            "sequence": sequence,
            "kind": event.kind.value,
            "at": event.at.isoformat(),
            "interface": event.interface,
            "event": event.event_code,
            "sender": event.sender,
            "recipient": event.recipient,
            "codes": list(event.codes),
            "headers": dict(event.headers),
            "body": event.body,
            "details": dict(event.details),
        }
        for sequence, event in events
    ]


def _key(event: JournalEvent) -> str:
    return event.transaction_id if event.transaction_id and event.kind is Kind.ACCEPTED else event.id


def _summary(sequence: int, event: JournalEvent) -> dict[str, Any]:
    refused = event.kind is Kind.REFUSED
    return {
        "sequence": sequence,
        "at": event.at.isoformat(),
        "status": "refused" if refused else "accepted",
        "interface": event.interface,
        "event": event.event_code,
        "mpan": event.mpan,
        "sender": event.sender,
        "reference": event.reference,
        "transactionId": event.transaction_id,
        "correlationId": event.correlation_id,
        "codes": list(event.codes),
        "reason": event.details.get("reason") if refused else None,
        "recipients": {},
    }


def _progress(summary: dict[str, Any], event: JournalEvent) -> None:
    if event.kind is Kind.ROUTING_FAILED:
        summary["status"] = "routing failed"
        summary["codes"] = list(event.codes)
    recipients: dict[str, Any] = summary["recipients"]
    word = _FINAL.get(event.kind)
    if word and event.recipient and event.interface != "STATUS":
        known = recipients.setdefault(event.recipient, {"routing": None, "status": word, "attempts": 0})
        known["status"] = word
        known["routing"] = event.details.get("routing", known["routing"])
        known["attempts"] = event.details.get("attempt", known["attempts"])


def newest(summaries: Sequence[dict[str, Any]], limit: int) -> list[dict[str, Any]]:
    """The last ``limit`` of them, newest first."""
    return list(reversed(summaries[-limit:])) if limit else []
