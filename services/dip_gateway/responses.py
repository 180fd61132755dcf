"""The official answer, StandardResponse, and the status message, which is the bare array inside it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from backbone.clock import dip_timestamp

SUCCESS: Final = "MSG0000"
PROCESSING_FAILED: Final = "MSG1000"
SCHEMA_FAILURE: Final = "MSG1001"
TICKET_URL: Final = "not yet implemented"  # the published example's value: there is no ticket system
HELP_LIMIT: Final = 500  # DT-019N
MESSAGE_LIMIT: Final = 200  # DT-005N


class Entry(NamedTuple):
    """One entry of an answer. ``message``: ``MSG0000 - Success``; ``recipient``: who is answered."""

    message: str
    help: str | None = None
    recipient: str | None = None
    transaction_id: str | None = None
    reference: str | None = None
    correlation_id: str | None = None
    connection_provider: str | None = None


def shortened(text: str, limit: int = HELP_LIMIT) -> str:
    """The text, cut to the official length of its field."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def entry_body(entry: Entry, dip_id: str, stamp: str) -> dict[str, Any]:
    """One StandardResponseBodyType; all ten fields are always there. ``dip_id``: the DIP's own."""
    return {
        "transactionID": entry.transaction_id,
        "senderUniqueReference": entry.reference,
        "correlationID": entry.correlation_id,
        "sentTimestamp": stamp,
        "senderID": dip_id,
        "recipientID": entry.recipient,
        "DIPConnectionProviderID": entry.connection_provider,
        "message": shortened(entry.message, MESSAGE_LIMIT),
        "help": None if entry.help is None else shortened(entry.help),
        "serviceTicketURL": TICKET_URL,
    }


def status_body(entries: Sequence[Entry], dip_id: str, now: datetime) -> list[dict[str, Any]]:
    """A status message: the array of entries alone."""
    return _entry_bodies(entries, dip_id, dip_timestamp(now))


def _entry_bodies(entries: Sequence[Entry], dip_id: str, stamp: str) -> list[dict[str, Any]]:
    return [entry_body(entry, dip_id, stamp) for entry in entries]


def standard_body(entries: Sequence[Entry], dip_id: str, now: datetime) -> dict[str, Any]:
    """A StandardResponse."""
    stamp = dip_timestamp(now)
    return {"messageArray": _entry_bodies(entries, dip_id, stamp), "timestamp": stamp}
