"""Status messages: what the DIP tells a sender after it has answered, addressed through the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import NAMESPACE_URL, uuid5

import orjson

from backbone.journal import JournalEvent, Kind
from backbone.log import Record
from backbone.trace import trace_of
from services.dip_gateway.responses import Entry, status_body

TOPIC: Final = "dip.status"
CHANNEL: Final = "STATUS"
SERVICE: Final = "dip_gateway"


def stable_id(*parts: str) -> str:
    """The same ID for the same parts: what is done twice after a restart is seen to be the same."""
    return uuid5(NAMESPACE_URL, "\0".join(parts)).hex


def status_records(
    entries: Sequence[Entry],
    *,
    recipient: str,
    sender: str,
    mpan: str | None,
    at: datetime,
    cause: str,
    trace: Mapping[str, str],
) -> list[Record]:
    """One status message and its journal event.

    ``cause`` names what led to it, once and for all; ``trace``: the trace context of that.
    """
    body = orjson.dumps(status_body(entries, sender, at))
    identifier = stable_id("status", cause, recipient)
    first = entries[0]
    event = JournalEvent(
        kind=Kind.STATUS_SENT,
        at=at,
        service=SERVICE,
        mpan=mpan,
        interface=CHANNEL,
        sender=sender,
        recipient=recipient,
        reference=first.reference,
        transaction_id=first.transaction_id,
        correlation_id=first.correlation_id,
        codes=tuple(dict.fromkeys(entry.message.split(" ", 1)[0] for entry in entries)),
        body=body.decode(),
        trace=trace_of(trace),
        id=stable_id("status sent", cause, recipient),
    )
    headers = {"recipient": recipient, "id": identifier, "sender": sender, "mpan": mpan or ""}
    headers |= {"transaction-id": first.transaction_id or "", "reference": first.reference or ""}
    headers |= {"correlation-id": first.correlation_id or "", **trace}
    return [Record(TOPIC, mpan or recipient, body, headers), event.to_record()]
