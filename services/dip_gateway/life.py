"""The whole life of a message, told from its journal events: received, judged, routed, each attempt. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from backbone.journal import JournalEvent, Kind

_FINAL: Final[Mapping[Kind, str]] = {
    Kind.DELIVERED: "delivered",
    Kind.DELIVERY_ABANDONED: "abandoned",
    Kind.HELD: "held",
    Kind.DELIVERY_ATTEMPTED: "retrying",
    Kind.ROUTED: "routed",
}
_ENTRY: Final = frozenset({Kind.ACCEPTED, Kind.REFUSED})


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
