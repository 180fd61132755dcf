"""The envelope of a DIP message: building, reading and publishing it, and its three references.

``{"payload": {"CommonBlock": {S0, S1, A0?, D0?, M0 | M1, R0?}, "CustomBlock": {…}}}``. Field names are
read without regard to case, as the DIP does, and written in the published spelling.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

_NO_CODE_SUFFIX: Final = re.compile(r"^((?:IF|REP)-\d{3,4})[A-Z]$")
_RELATIONSHIP_INTERFACES: Final = frozenset({"IF-019", "IF-020"})  # carry M1, the principal MPAN


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends: a DIP ID of ten characters and the one role that DIP ID has."""

    dip_id: str
    role: str


@dataclass(frozen=True, slots=True)
class MpanBlock:
    """Block M0; in IF-019 and IF-020 block M1 with ``mpan`` as the principal MPAN."""

    mpan: str
    distributor_dip_id: str
    gsp_group: str


@dataclass(frozen=True, slots=True)
class ResponseBlock:
    """Block R0. ``code``: A accepted, R rejected, L lapsed, W warning; messages of 200 characters at most."""

    code: str
    messages: tuple[str, ...] = ()


class Header(NamedTuple):
    """What the common block says; None or () where it says nothing usable."""

    interface: str | None = None
    event: str | None = None
    schema_version: str | None = None
    environment: str | None = None
    reference: str | None = None
    timestamp: str | None = None
    sender: str | None = None
    role: str | None = None
    correlation_id: str | None = None
    connection_provider: str | None = None
    mpan: str | None = None
    distributor_dip_id: str | None = None
    gsp_group: str | None = None
    primary: tuple[str, ...] = ()
    transaction_id: str | None = None
    publication: str | None = None
    initial_correlation_id: str | None = None
    replay: bool = False
    response_code: str | None = None
    response_messages: tuple[str, ...] = ()


def timestamp(moment: datetime) -> str:
    """The market's DateTime: 25 characters with an offset, whole seconds."""
    return moment.isoformat(timespec="seconds")


def sender_reference(interface: str, sender: Sender, now: datetime, unique: str | None = None) -> str:
    """``S-IF-031-<DIP ID>-<role>-<yyyymmdd, UTC>-<unique>``.

    The official pattern has no room for the letter of REP-002A, REP-002B and REP-003A, so it is left out.
    """
    channel = _NO_CODE_SUFFIX.sub(r"\1", interface)
    return f"S-{channel}-{sender.dip_id}-{sender.role}-{_day(now)}-{unique or secrets.token_hex(8)}"


def transaction_id(interface: str, sender: Sender, now: datetime, unique: str | None = None) -> str:
    """``T-IF-031-<DIP ID>-<role>-<yyyymmdd, UTC>-<unique>``, given by the DIP; 65 characters at most."""
    return f"T-{interface}-{sender.dip_id}-{sender.role}-{_day(now)}-{unique or secrets.token_hex(8)}"


def correlation_id(now: datetime, unique: str | None = None) -> str:
    """``CI-<yyyymmdd, UTC>-<unique>``; 60 characters at most."""
    return f"CI-{_day(now)}-{unique or secrets.token_hex(8)}"


def publication_id(interface: str) -> str:
    """``PUB-031`` for ``IF-031``; reports keep their name."""
    return f"PUB-{interface[3:]}" if interface.startswith("IF-") else interface


def build(
    interface: str,
    event: str,
    *,
    sender: Sender,
    now: datetime,
    schema_version: str = "011",
    environment: str = "UIT",
    custom: Mapping[str, Any] | None = None,
    mpan: MpanBlock | None = None,
    response: ResponseBlock | None = None,
    primary: Sequence[str] = (),
    correlation_id: str | None = None,
    unique: str | None = None,
    sub_text: str | None = None,
    connection_provider: str | None = None,
) -> dict[str, Any]:
    """One message as a sender sends it. ``event`` with its square brackets; ``unique`` random when None.

    Without ``custom`` the message has no custom block: IF-015 and the direct contract removals forbid one.
    """
    common: dict[str, Any] = {
        "S0": {"interfaceID": interface, "schemaVersion": schema_version, "eventCode": event},
        "S1": {
            "environmentTag": environment,
            "subText": sub_text,
            "senderUniqueReference": sender_reference(interface, sender, now, unique),
            "senderTimestamp": timestamp(now),
            "senderDIPID": sender.dip_id,
            "senderRoleID": sender.role,
            "senderCorrelationID": correlation_id,
            "DIPConnectionProviderID": connection_provider,
        },
    }
    if primary:
        common["A0"] = _addressing(primary, (), ())
    if mpan is not None:
        common |= _mpan_block(interface, mpan)
    if response is not None:
        common["R0"] = {"responseCode": response.code, "responseMessages": list(response.messages)}
    payload: dict[str, Any] = {"CommonBlock": common}
    if custom is not None:
        payload["CustomBlock"] = dict(custom)
    return {"payload": payload}


def publication(
    message: Mapping[str, Any],
    *,
    transaction_id: str,
    at: datetime,
    correlation_id: str | None,
    primary: Sequence[str],
    secondary: Sequence[str],
    always: Sequence[str],
    replay: bool = False,
) -> dict[str, Any]:
    """A copy of an accepted message with the DIP's addressing block A0 and its own block D0."""
    payload = message["payload"]
    common = dict(payload["CommonBlock"])
    placed = {
        "A0": _addressing(primary, secondary, always),
        "D0": {
            "transactionID": transaction_id,
            "transactionTimestamp": timestamp(at),
            "publicationID": publication_id(common["S0"]["interfaceID"]),
            "initialCorrelationID": correlation_id,
            "replayIndicator": replay,
            "serviceTicketURL": None,
        },
    }
    head = {name: common.pop(name) for name in ("S0", "S1") if name in common}
    rest = {name: block for name, block in common.items() if name not in placed}
    return {**message, "payload": {**payload, "CommonBlock": {**head, **placed, **rest}}}


def header(message: object) -> Header:
    """Read the common block of any JSON value; never raises, whatever its shape."""
    common = _mapping(_get(_mapping(_get(_mapping(message), "payload")), "CommonBlock"))
    s0, s1, d0, r0 = (_mapping(_get(common, name)) for name in ("S0", "S1", "D0", "R0"))
    m0 = _mapping(_get(common, "M0")) or _mapping(_get(common, "M1"))
    return Header(
        interface=_text(s0, "interfaceID"),
        event=_text(s0, "eventCode"),
        schema_version=_text(s0, "schemaVersion"),
        environment=_text(s1, "environmentTag"),
        reference=_text(s1, "senderUniqueReference"),
        timestamp=_text(s1, "senderTimestamp"),
        sender=_text(s1, "senderDIPID"),
        role=_text(s1, "senderRoleID"),
        correlation_id=_text(s1, "senderCorrelationID"),
        connection_provider=_text(s1, "DIPConnectionProviderID"),
        mpan=_text(m0, "MPANCore") or _text(m0, "principalMPAN"),
        distributor_dip_id=_text(m0, "distributorDIPID"),
        gsp_group=_text(m0, "GSPGroupID"),
        primary=_texts(_mapping(_get(common, "A0")), "primaryRecipients"),
        transaction_id=_text(d0, "transactionID"),
        publication=_text(d0, "publicationID"),
        initial_correlation_id=_text(d0, "initialCorrelationID"),
        replay=_get(d0, "replayIndicator") is True,
        response_code=_text(r0, "responseCode"),
        response_messages=_texts(r0, "responseMessages"),
    )


def custom(message: object) -> Mapping[str, Any]:
    """The custom block; empty when there is none."""
    return _mapping(_get(_mapping(_get(_mapping(message), "payload")), "CustomBlock"))


def _day(moment: datetime) -> str:
    day = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    return f"{day.year:04}{day.month:02}{day.day:02}"  # on every message's way in: strftime costs thrice that


def _addressing(primary: Sequence[str], secondary: Sequence[str], always: Sequence[str]) -> dict[str, Any]:
    return {
        "primaryRecipients": list(primary),
        "secondaryRecipients": list(secondary),
        "always": list(always),
    }


def _mpan_block(interface: str, mpan: MpanBlock) -> dict[str, Any]:
    related = interface in _RELATIONSHIP_INTERFACES
    name, field = ("M1", "principalMPAN") if related else ("M0", "MPANCore")
    return {
        name: {field: mpan.mpan, "distributorDIPID": mpan.distributor_dip_id, "GSPGroupID": mpan.gsp_group}
    }


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _get(block: Mapping[str, Any], name: str) -> object:
    if name in block or not block:
        return block.get(name)
    folded = name.casefold()
    return next((v for k, v in block.items() if isinstance(k, str) and k.casefold() == folded), None)


def _text(block: Mapping[str, Any], name: str) -> str | None:
    value = _get(block, name)
    return value if isinstance(value, str) else None


def _texts(block: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = _get(block, name)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()
