"""What the router asks when it addresses a message: the directory and the holders for the MPAN. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from contracts.envelope import Header
from participant.parties import Snapshot
from services.dip_gateway.addressing import Holder, Market
from services.dip_gateway.holdings import Holding, family, holders


def market_for(
    header: Header,
    *,
    snapshot: Snapshot,
    held: Sequence[Holding],
    subjects: Mapping[str, str],
    always: Mapping[str, Sequence[str]],
    at: datetime,
) -> Market:
    """The market as one message meets it at ``at``. ``subjects``: see ``holdings.subjects``."""

    def role_of(dip_id: str) -> str | None:
        party = snapshot.party(dip_id)
        return party.role if party else None

    def look_up(role: str, following: bool) -> Sequence[Holder]:
        subject = subjects.get(family(role))
        if subject is not None:
            actual = role_of(subject)
            return [Holder(subject, role)] if actual in (role, None) and _first(role, actual) else []
        found = holders(held, role, at, following=following)
        if found:
            return [Holder(holding.dip_id, holding.role) for holding in found]
        return _fallback(role, header, snapshot)

    return Market(role_of, lambda role: [p.dip_id for p in snapshot.holders(role)], look_up, always)


def _first(role: str, actual: str | None) -> bool:
    """An unknown subject is reported once, not once for each role of its family."""
    return actual is not None or role in ("SUP", "MSS", "SDS")


def _fallback(role: str, header: Header, snapshot: Snapshot) -> Sequence[Holder]:
    """The distributor that the message names; the one registration service, or the emulator's own."""
    if role == "LDSO" and header.distributor_dip_id:
        return [Holder(header.distributor_dip_id, role)]
    if role == "REGS":
        services = snapshot.holders(role)
        chosen = services if len(services) == 1 else [p for p in services if p.harness][:1]
        return [Holder(party.dip_id, role) for party in chosen]
    return []
