"""What the central parties do: settlement checks consumption, a retriever answers; the rest is remembered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from contracts import Catalogue, envelope
from contracts.envelope import MpanBlock, ResponseBlock
from participant.handlers import DipOut, HandlerRegistry, Incoming, Outgoing, World
from participant.party_orders import sent, take_orders
from participant.received import Received, remember_publications
from services.central_services_stub.consumption_checks import (
    Submission,
    broken,
    consumes_while_de_energised,
)
from services.central_services_stub.load_shapes import LoadShape

SETTLEMENT: Final = "MDS"
_RECONNECTED: Final = "[MPANReconnection]"


class CentralView(Received):
    """One MPAN as the central parties see it. ``energisation``: E, D or U, once they were told."""

    energisation: str | None = None
    disconnected: bool = False


Outcome = tuple[CentralView, Sequence[Outgoing]]


def build_registry(catalogue: Catalogue) -> HandlerRegistry[CentralView]:
    """Handlers for every publication of these contracts."""
    registry = HandlerRegistry(CentralView)
    for publication in ("PUB-001", "PUB-008", "PUB-036"):
        registry.handles(publication)(told_of_the_site)
    registry.handles("PUB-009")(told_of_disconnection)
    registry.handles("PUB-021")(consumption)
    registry.handles("PUB-061")(asked_to_retrieve)
    registry.command("send_load_shape")(send_load_shape)
    take_orders(registry)
    remember_publications(registry, catalogue)
    return registry


def told_of_the_site(state: CentralView | None, incoming: Incoming, now: datetime, world: World) -> Outcome:
    """IF-001, IF-008, IF-036: the energisation of the MPAN. A rejected IF-008 changes nothing."""
    view = (state or CentralView()).with_received(incoming)
    status = envelope.custom(incoming.message).get("B025", {}).get("energisationStatus")
    if status is None or envelope.header(incoming.message).response_code == "R":
        return view, []
    return view.model_copy(update={"energisation": status}), []


def told_of_disconnection(
    state: CentralView | None, incoming: Incoming, now: datetime, world: World
) -> Outcome:
    """IF-009: the MPAN is disconnected, deregistered or connected again."""
    view = (state or CentralView()).with_received(incoming)
    return view.model_copy(update={"disconnected": incoming.event != _RECONNECTED}), []


def consumption(state: CentralView | None, incoming: Incoming, now: datetime, world: World) -> Outcome:
    """IF-021: settlement takes it silently, or answers with IF-014: rejected, or taken with a warning."""
    view = (state or CentralView()).with_received(incoming)
    party = world.party(incoming.to)
    if party is None or party.role != SETTLEMENT:
        return view, []
    given = Submission(
        incoming.event or "",
        envelope.custom(incoming.message),
        now,
        energised=None if view.energisation is None else view.energisation == "E",
        disconnected=view.disconnected,
    )
    codes = broken(given)
    if codes:
        texts = tuple(world.catalogue.code_text(code) for code in codes)
        return view, [_answer(incoming, "[ActivePowerRejected]", ResponseBlock("R", texts), given.custom)]
    if consumes_while_de_energised(given):
        return view, [_answer(incoming, "[ConsumptionOnDeEnergisedMPAN]", ResponseBlock("W"), given.custom)]
    return view, []


def asked_to_retrieve(state: CentralView | None, incoming: Incoming, now: datetime, world: World) -> Outcome:
    """IF-061: the meter data retriever starts as it is asked to, and says so with IF-062."""
    view = (state or CentralView()).with_received(incoming)
    custom = envelope.custom(incoming.message)
    return view, [_answer(incoming, "[MDRStartResponse]", ResponseBlock("A"), custom, "IF-062")]


def send_load_shape(
    state: CentralView | None, incoming: Incoming, now: datetime, world: World
) -> tuple[CentralView | None, Sequence[Outgoing]]:
    """Send IF-022 for a day, with all its half hours."""
    order = LoadShape.model_validate(dict(incoming.message))
    return state, sent([order.submission(now)], order.may_be_refused, incoming, now, world)


def _answer(
    incoming: Incoming,
    event: str,
    response: ResponseBlock,
    custom: Mapping[str, Any],
    interface: str = "IF-014",
) -> DipOut:
    header = envelope.header(incoming.message)
    return DipOut(
        sender=incoming.to,
        interface=interface,
        event=event,
        custom=custom,
        mpan=MpanBlock(incoming.mpan, header.distributor_dip_id or "", header.gsp_group or ""),
        primary=(header.sender,) if header.sender else (),
        response=response,
        correlation_id=header.initial_correlation_id,
    )
