"""Reads the common block fast: a checked message has the official spelling, so nothing need be searched."""

from __future__ import annotations

from typing import Any

from contracts import envelope
from contracts.envelope import Header

_TEXTS = Header._fields.index("primary")  # the fields before it are texts
_TEXT_OR_NOTHING = frozenset({str, type(None)})


def read_header(message: Any) -> Header:
    """As ``contracts.envelope.header``, at a fraction of its cost for a well-formed sender's message."""
    try:
        common = message["payload"]["CommonBlock"]
        s0, s1 = common["S0"], common["S1"]
        m0 = common.get("M0")
        mpan = m0["MPANCore"] if m0 else None
        if m0 is None and "M1" in common:
            m0 = common["M1"]
            mpan = m0["principalMPAN"]
        if m0 is not None and not mpan:
            return envelope.header(message)
        primary = common["A0"]["primaryRecipients"] if common.get("A0") else []
        if type(primary) is not list or not {str}.issuperset(map(type, primary)):
            return envelope.header(message)
        header = Header(
            interface=s0["interfaceID"],
            event=s0["eventCode"],
            schema_version=s0["schemaVersion"],
            environment=s1["environmentTag"],
            reference=s1["senderUniqueReference"],
            timestamp=s1["senderTimestamp"],
            sender=s1["senderDIPID"],
            role=s1["senderRoleID"],
            correlation_id=s1["senderCorrelationID"],
            connection_provider=s1["DIPConnectionProviderID"],
            mpan=mpan,
            distributor_dip_id=m0["distributorDIPID"] if m0 else None,
            gsp_group=m0["GSPGroupID"] if m0 else None,
            primary=tuple(primary),
        )
    except (KeyError, TypeError, AttributeError):
        return envelope.header(message)
    return header if _sound(header) else envelope.header(message)


def _sound(header: Header) -> bool:
    """Whether every part is a text or nothing, as the careful reader would have it."""
    return _TEXT_OR_NOTHING.issuperset(map(type, header[:_TEXTS]))
