"""The journal: one typed, frozen, timestamped event for every hop. A verdict is a pure function of it.

Events are appended to the topic ``journal`` of the message log, keyed by MPAN where there is one, else
by the sender. Raw bytes and headers are kept exactly as they came, less the secrets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from typing import Any
from uuid import uuid4

import orjson

from backbone.log.port import Record

JOURNAL_TOPIC = "journal"


class Kind(StrEnum):
    """What happened. The values are written to evidence and never change meaning."""

    ACCEPTED = "accepted"  # the gateway answered 201 for this message
    REFUSED = "refused"  # the gateway refused the request that held this message
    ROUTED = "routed"  # one publication addressed to one recipient
    ROUTING_FAILED = "routing failed"  # L2: no recipient could be found
    HELD = "held"  # the recipient has no webhook for this channel (yet)
    DELIVERY_ATTEMPTED = "delivery attempted"  # one POST to a webhook and its answer; not final
    DELIVERED = "delivered"  # the webhook answered 201 or 207
    DELIVERY_ABANDONED = "delivery abandoned"  # final failure of a delivery
    STATUS_SENT = "status sent"  # a status message addressed to a participant
    CSS_MESSAGE = "css message"  # a message between a party, CSS and REGS, outside the DIP
    CSS_REFUSED = "css refused"  # CSS or REGS refused such a message
    HARNESS_PREPARED = "harness prepared"  # a service confirms that it holds what a run needs
    STEP_RELEASED = "step released"  # the harness was told to do its part of a step
    FAULT_INJECTED = "fault injected"
    CLOCK_ADVANCED = "clock advanced"
    ATTESTED = "attested"  # a person vouches for a step
    NOTED = "noted"  # a person's remark about a run
    ATTRIBUTED = "attributed"  # a message without an MPAN was found to belong to a run
    SERVICE_FAULT = "service fault"  # the harness's own fault: never the participant's


@dataclass(frozen=True, slots=True)
class JournalEvent:
    """One thing that happened.

    ``at``: aware UTC instant. ``sender`` and ``recipient``: DIP IDs, or ``CSS``. ``interface``:
    ``IF-031``, ``PUB-031`` or ``CSS01700``. ``event_code``: with the market's square brackets,
    ``[MSApp]``. ``body``: the raw bytes of the one message (or of the whole request where it could not
    be taken apart), as text. ``details``: what else matters to a reader, per kind; JSON values only.
    """

    kind: Kind
    at: datetime
    service: str
    mpan: str | None = None
    interface: str | None = None
    event_code: str | None = None
    sender: str | None = None
    recipient: str | None = None
    reference: str | None = None  # senderUniqueReference
    transaction_id: str | None = None
    correlation_id: str | None = None
    run: str | None = None
    codes: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    trace: str | None = None  # W3C trace ID of the request by which it came about
    id: str = field(default_factory=lambda: uuid4().hex)

    def key(self) -> str:
        """The record key: order is kept per MPAN, else per party."""
        return self.mpan or self.sender or self.recipient or self.service

    def to_bytes(self) -> bytes:
        """One line of ``journal.ndjson``, without the line end; empty fields are left out."""
        return line_of(dict(zip(_FIELDS, _values(self), strict=True)))

    def to_record(self) -> Record:
        """The event as a record of the journal topic."""
        return Record(JOURNAL_TOPIC, self.key(), self.to_bytes())

    @classmethod
    def from_bytes(cls, line: bytes) -> JournalEvent:
        """Read one journal line. Raises ValueError for what is not a journal event."""
        data = read_fields(line)
        data["codes"] = tuple(data.get("codes", ()))
        return cls(**data)


def line_of(values: Mapping[str, Any]) -> bytes:
    """One journal line from an event's fields by name, empty ones left out; who has many saves the event."""
    return orjson.dumps({name: value for name, value in values.items() if value or value == ""})


def read_fields(line: bytes) -> dict[str, Any]:
    """The fields of a journal line, kind and moment typed, empty ones absent; cheaper than the event itself.

    Raises ValueError for what is not a journal event.
    """
    data = orjson.loads(line)
    if not isinstance(data, dict) or not _REQUIRED <= data.keys() <= _KNOWN:
        raise ValueError("its fields are not those of an event")
    data["kind"] = Kind(data["kind"])
    data["at"] = _moment(data["at"])
    return data


def _moment(text: object) -> datetime:
    if not isinstance(text, str):
        raise ValueError("its moment is not a text")
    return datetime.fromisoformat(text)


_FIELDS = tuple(f.name for f in fields(JournalEvent))
_values = attrgetter(*_FIELDS)
_KNOWN = frozenset(_FIELDS)
_REQUIRED = frozenset({"kind", "at", "service"})
