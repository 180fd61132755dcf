"""What a replay or requeue request asks for, and the publications as they are sent again. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement

from services.dip_gateway.errors import RequestInvalid
from services.dip_gateway.queueing import instant
from services.dip_gateway.store import delivery_table
from services.dip_gateway.webhooks import read_object

_REQUIRED: Final = ("datetimeFrom", "datetimeTo", "eventCode", "MPAN", "version")
_MOST_TRANSACTIONS: Final = 100


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which past messages; None and () do not narrow it. ``since`` and ``until``: both inclusive."""

    since: datetime | None = None
    until: datetime | None = None
    event: str | None = None
    mpan: str | None = None
    version: str | None = None
    transactions: tuple[str, ...] = ()

    def digest(self, recipient: str, channel: str) -> bytes:
        """Eight bytes that stand for this question of this party."""
        return blake2b(repr((self, recipient, channel)).encode(), digest_size=8).digest()


def read_wanted(body: bytes) -> Wanted:
    """A MessageRequest; field names in any case. Raises RequestInvalid."""
    fields = read_object(body)
    missing = [name for name in _REQUIRED if name.lower() not in fields]
    if missing:
        raise RequestInvalid(f"Missing: {', '.join(missing)}. Each may be null where it shall not narrow.")
    since, until = _moment(fields, "datetimeFrom"), _moment(fields, "datetimeTo")
    if since and until and since > until:
        raise RequestInvalid("datetimeFrom lies after datetimeTo.")
    return Wanted(
        since,
        until,
        _text(fields, "eventCode"),
        _text(fields, "MPAN"),
        _text(fields, "version"),
        _transactions(fields.get("transactionids")),
    )


def conditions(wanted: Wanted, recipient: str, channel: str, after: int = 0) -> list[ColumnElement[bool]]:
    """As conditions on the table of deliveries: what was addressed to the recipient, each message once."""
    columns = delivery_table.c
    found = [
        columns.recipient == recipient,
        columns.channel == channel,
        columns.replay.is_(False),
        columns.id > after,
    ]
    if wanted.since is not None:
        found.append(columns.created_at >= instant(wanted.since))
    if wanted.until is not None:
        found.append(columns.created_at < instant(wanted.until.replace(microsecond=999_999)))
    equal = {columns.mpan: wanted.mpan, columns.event: _event(wanted.event)}
    equal[columns.schema_version] = wanted.version
    found += [column == value for column, value in equal.items() if value is not None]
    if wanted.transactions:
        found.append(columns.transaction_id.in_(wanted.transactions))
    return found


def replayed(body: bytes) -> dict[str, Any]:
    """A publication with its replay indicator set."""
    message: dict[str, Any] = orjson.loads(body)
    message["payload"]["CommonBlock"]["D0"]["replayIndicator"] = True
    return message


def token(last: int, wanted: Wanted, recipient: str, channel: str) -> str:
    """A continuation token: a UUID that holds how far the answer went and what was asked."""
    return str(UUID(bytes=last.to_bytes(8, "big") + wanted.digest(recipient, channel)))


def continue_after(text: str | None, wanted: Wanted, recipient: str, channel: str) -> int:
    """Where to go on; 0 without a token. Raises RequestInvalid for a token of another request."""
    if not text:
        return 0
    try:
        raw = UUID(text).bytes
    except ValueError as fault:
        raise RequestInvalid("X-Continuation-Token is no UUID; send it as it was received.") from fault
    if raw[8:] != wanted.digest(recipient, channel):
        raise RequestInvalid("X-Continuation-Token belongs to another request; repeat the body unchanged.")
    return int.from_bytes(raw[:8], "big")


def _moment(fields: Mapping[str, Any], name: str) -> datetime | None:
    value = fields[name.lower()]
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) and len(value) == 25 else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise RequestInvalid(f"{name} is a date and time like 2026-03-21T19:05:00+00:00, or null.")
    return moment


def _text(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields[name.lower()]
    if value is None or (isinstance(value, str) and 0 < len(value) <= 50):
        return value
    raise RequestInvalid(f"{name} is a text of 1 to 50 characters, or null.")


def _transactions(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    right = isinstance(value, list) and 1 <= len(value) <= _MOST_TRANSACTIONS
    if not right or not all(isinstance(item, str) and 0 < len(item) <= 65 for item in _items(value)):
        raise RequestInvalid("transactionIDs is an array of 1 to 100 transaction IDs, or left out.")
    return tuple(_items(value))


def _items(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _event(event: str | None) -> str | None:
    """Events are stored with their square brackets; requests may leave them out."""
    return None if event is None else f"[{event.strip('[]')}]"
