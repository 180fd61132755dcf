"""What a supplier of the harness does with orders and with what the DIP tells it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from backbone.journal.events import Kind
from contracts import css, envelope
from participant.handlers import CssOut, HandlerRegistry, Incoming, JournalNote, Outgoing, World
from participant.party_orders import take_orders
from services.supplier_stub.appointing import request_when_ready
from services.supplier_stub.plans import Outcome, Plan, Site, Suppliers, SupplierView

Result = tuple[Suppliers, Sequence[Outgoing]]
registry: Final = HandlerRegistry(Suppliers)
take_orders(registry)


@registry.command("plan")
def plan(state: Suppliers | None, incoming: Incoming, now: datetime, world: World) -> Result:
    """Remember what to do about an MPAN; do it at once where the site is known already."""
    suppliers, view = _read(state, incoming)
    planned = view.model_copy(update={"plan": Plan.model_validate(incoming.message), "requested": False})
    after, messages = request_when_ready(planned, incoming.to, incoming.mpan)
    prepared = JournalNote(Kind.HARNESS_PREPARED, {"command": incoming.name})
    return suppliers.with_view(incoming.to, after), [prepared, *messages]


@registry.command("request_switch")
def request_switch(state: Suppliers | None, incoming: Incoming, now: datetime, world: World) -> Result:
    """CSS01700: ask CSS for the planned switch. Arguments of the order take the place of the plan's.

    Raises ValueError when neither says from when the supply is to start, LookupError when this supplier
    is not in the directory.
    """
    suppliers, view = _read(state, incoming)
    planned = view.plan.model_dump(by_alias=True) if view.plan else {}
    wanted = Plan.model_validate({**planned, **incoming.message})
    party = world.party(incoming.to)
    if party is None:
        raise LookupError(f"the directory holds no supplier {incoming.to}")
    request = css.switch_request(
        mpan=incoming.mpan,
        supplier_mpid=party.mpid,
        supply_start_date=wanted.supply_start_date,
        registration_reference=wanted.registration_reference,
        now=now,
    )
    return suppliers, [CssOut(incoming.to, "CSS", request)]


@registry.handles("PUB-002", "[GainMPANInfo]")
def site_information(state: Suppliers | None, incoming: Incoming, now: datetime, world: World) -> Result:
    """The site of an MPAN that this supplier gains: appoint the services it has planned (IF-031)."""
    suppliers, view = _read(state, incoming)
    header, custom = envelope.header(incoming.message), envelope.custom(incoming.message)
    site = Site(
        distributor_dip_id=header.distributor_dip_id or "",
        gsp_group=header.gsp_group or "",
        registration_id=custom["B013"]["CSSRegistrationID"],
        correlation_id=header.initial_correlation_id,
    )
    informed = view.model_copy(update={"site": site})
    after, messages = request_when_ready(informed, incoming.to, incoming.mpan)
    return suppliers.with_view(incoming.to, after), messages


@registry.handles("PUB-032")
@registry.handles("PUB-035")
def answered(state: Suppliers | None, incoming: Incoming, now: datetime, world: World) -> Result:
    """The registration service's answers to a request: remember how it went."""
    suppliers, view = _read(state, incoming)
    header, result = envelope.header(incoming.message), envelope.custom(incoming.message).get("B007", {})
    reason = result.get("proposedAppointmentResponseCode")
    outcome = Outcome(
        interface=header.interface or "",
        event=incoming.event or "",
        code=header.response_code or result.get("responseCode"),
        messages=header.response_messages or ((reason,) if reason else ()),
    )
    known = view.model_copy(update={"outcomes": (*view.outcomes, outcome)})
    return suppliers.with_view(incoming.to, known), []


def _read(state: Suppliers | None, incoming: Incoming) -> tuple[Suppliers, SupplierView]:
    suppliers = state or Suppliers()
    return suppliers, suppliers.of(incoming.to)
