"""What becomes of messages that passed: numbered, and put into records for the log. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple

import orjson

from backbone.journal import JOURNAL_TOPIC, Kind
from backbone.journal.events import line_of
from backbone.log import Record
from backbone.trace import TRACEPARENT, trace_of, traceparent
from contracts import envelope
from participant.signing import CONTENT_HASH, Signed, content_hash
from services.dip_gateway.asgi import Request
from services.dip_gateway.judgement import Judged
from services.dip_gateway.references import digest
from services.dip_gateway.status import SERVICE


class Accepted(NamedTuple):
    """One message on its way into the log. ``raw``: its text as it was sent. ``digest``: its reference's."""

    judged: Judged
    raw: str
    digest: int
    transaction_id: str
    correlation_id: str
    at: datetime
    event_id: str
    trace: str


def number(
    judged: Sequence[Judged], raw: Sequence[str], request: Request, now: Callable[[str | None], datetime]
) -> list[Accepted]:
    """Give each message its IDs. ``raw``: their texts.

    The IDs follow from what was sent: the same request taken in twice, by two gateways or after a 503 whose
    append came through after all, is one message. A message whose request names no trace begins its own.
    """
    seed, trace = _hash_of_body(request), trace_of(request.headers)
    return [
        _numbered(one, text, seed, now(one.header.mpan), trace) for one, text in zip(judged, raw, strict=True)
    ]


def _hash_of_body(request: Request) -> bytes:
    """As the sender gave it and admission found it to be right, else computed."""
    return (request.headers.get(CONTENT_HASH.lower()) or content_hash(request.body)).encode()


def _numbered(judged: Judged, raw: str, seed: bytes, at: datetime, trace: str | None) -> Accepted:
    header = judged.header
    sender = envelope.Sender(header.sender or "", header.role or "")
    unique = blake2b((header.reference or "").encode(), key=seed, digest_size=32).hexdigest()
    transaction = envelope.transaction_id(header.interface or "", sender, at, unique[:16])
    correlation = header.correlation_id or envelope.correlation_id(at, unique[16:32])
    reference = digest(header.sender or "", header.reference or "")
    return Accepted(judged, raw, reference, transaction, correlation, at, unique[32:], trace or unique[32:])


def message_record(accepted: Accepted, channel: str) -> Record:
    """For the router: the message with the field names in official spelling."""
    judged, header = accepted.judged, accepted.judged.header
    return Record(
        topic=f"dip.if.{channel}",
        key=header.mpan or header.sender or "",
        value=orjson.dumps(judged.message) if judged.respelled else accepted.raw.encode(),
        headers={
            "transaction-id": accepted.transaction_id,
            "correlation-id": accepted.correlation_id,
            "received-at": accepted.at.isoformat(),
            "sender": header.sender or "",
            "reference": header.reference or "",
            TRACEPARENT: traceparent(accepted.trace, accepted.event_id[:16]),
        },
    )


def journal_record(accepted: Accepted, request: Request, signed: Signed) -> Record:
    """For the journal: the message as it came, and who signed the request.

    As ``JournalEvent.to_record`` writes it, without the event in between: this is every message's way in.
    """
    header = accepted.judged.header
    line = {
        "kind": Kind.ACCEPTED.value,
        "at": accepted.at,
        "service": SERVICE,
        "mpan": header.mpan,
        "interface": header.interface,
        "event_code": header.event,
        "sender": header.sender,
        "reference": header.reference,
        "transaction_id": accepted.transaction_id,
        "correlation_id": accepted.correlation_id,
        "headers": request.public_headers,
        "body": accepted.raw,
        "details": {
            "schema": "valid",
            "url": request.url,
            "method": request.method,
            "signature": signed.shown,
            "warnings": accepted.judged.warnings,
        },
        "trace": accepted.trace,
        "id": accepted.event_id,
    }
    return Record(JOURNAL_TOPIC, header.mpan or header.sender or SERVICE, line_of(line))
