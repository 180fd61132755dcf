"""Reading what a supplier proposes in PUB-031 and what a service provider answers in PUB-034."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from contracts import envelope
from services.registration.kinds import ServiceKind
from services.registration.register import Proposal


def read_proposal(message: Mapping[str, Any], kind: ServiceKind) -> Proposal:
    """The proposal of a PUB-031. Its shape has been checked by the DIP; its values have not."""
    header, custom = envelope.header(message), envelope.custom(message)
    block = custom[kind.block]
    return Proposal(
        kind_name=kind.name,
        supplier_dip_id=header.sender or "",
        provider_dip_id=block[kind.dip_id_field],
        provider_mpid=block[kind.mpid_field],
        effective_from=read_moment(block[kind.date_field]),
        scenario=block["appointmentScenario"],
        contract_reference=block.get(kind.contract_field),
        registration_id=registration_id(custom),
        correlation_id=header.initial_correlation_id or header.correlation_id,
        block=dict(block),
    )


def registration_id(custom: Mapping[str, Any]) -> str | None:
    """B013's CSSRegistrationID, where the block is there."""
    block = custom.get("B013")
    return block.get("CSSRegistrationID") if isinstance(block, Mapping) else None


def read_moment(text: object) -> datetime | None:
    """An ISO 8601 moment with an offset; None for anything else (the schema only counts characters)."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
