"""Change of supplier: what the register does with what CSS tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from backbone.clock import uk_midnight
from contracts import css
from participant.handlers import DipOut, World
from participant.parties import Party as MarketParty
from services.registration import party_blocks, site_blocks
from services.registration.activation import confirm_supplier
from services.registration.appointments import confirm_when_settled, lapse
from services.registration.register import MeteringPoint, RequestStatus, Switch, SwitchStatus
from services.registration.site_data import Party

Step = tuple[MeteringPoint, Sequence[DipOut]]


def read_switch(message: Mapping[str, Any], world: World) -> tuple[Switch | None, tuple[str, ...]]:
    """The switch of a CSS02800, and in plain words why it cannot be used, if it cannot.

    The supply start date counts as the UK day that it falls on.
    """
    header = css.header(message)
    problems = [f"{problem.pointer}: {problem.message}" for problem in css.check(message)]
    supplier = _supplier(header, world)
    if supplier is None:
        problems.append(f"/data/supplierMpid: no supplier with MPID {header.supplier_mpid} is known")
    if problems or supplier is None or header.supply_start_date is None or header.registration_id is None:
        return None, tuple(problems)
    return Switch(
        registration_id=header.registration_id,
        supplier=Party(dip_id=supplier.dip_id, mpid=supplier.mpid),
        supply_start=uk_midnight(header.supply_start_date),
        domestic_premises=message["data"].get("domesticPremisesInd") is not False,
    ), ()


def _supplier(header: css.CssHeader, world: World) -> MarketParty | None:
    """Who gains the MPAN: by DIP ID where CSS gives it, since an MPID may have several."""
    named = world.party(header.supplier_dip_id) if header.supplier_dip_id else None
    if named is not None and (named.mpid, named.role) == (header.supplier_mpid, "SUP"):
        return named
    return world.by_mpid(header.supplier_mpid or "", "SUP")


def site_information(point: MeteringPoint, switch: Switch) -> DipOut:
    """IF-002: the incoming supplier learns about the site, so that it can choose its services."""
    return DipOut(
        sender=point.registration_service,
        interface="IF-002",
        event="[GainMPANInfo]",
        custom={
            **party_blocks.registration(switch.registration_id),
            **party_blocks.incumbent_services(point),
            **site_blocks.direct_contracts(point),
            **site_blocks.annual_consumption(point),
            **site_blocks.in_home_display(point),
            **site_blocks.everything_about_the_site(point),
        },
        mpan=point.mpan_block(),
        primary=(switch.supplier.dip_id,),
    )


def apply_status(point: MeteringPoint, switch: Switch, status: SwitchStatus) -> Step:
    """What a registration status from CSS changes. The same status twice changes nothing more."""
    if switch.status is status or not switch.open:
        return point, []
    changed = switch.model_copy(update={"status": status})
    point = point.with_switch(changed)
    if status is SwitchStatus.SECURED_ACTIVE:
        return secure(point, changed)
    if status is SwitchStatus.CANCELLED:
        return give_up(point, changed)
    return point, []


def secure(point: MeteringPoint, switch: Switch) -> Step:
    """The switch will happen: IF-001, then the appointments that wait for it (IF-036, IF-037)."""
    point, announcement = confirm_supplier(point, switch)
    messages: list[DipOut] = [announcement]
    for request in point.requests:
        waits = request.status is RequestStatus.ACCEPTED
        if waits and request.proposal.registration_id == switch.registration_id:
            point, confirmed = confirm_when_settled(point, request)
            messages += confirmed
    return point, messages


def give_up(point: MeteringPoint, switch: Switch) -> Step:
    """The switch will not happen: the appointments asked for under it lapse."""
    messages: list[DipOut] = []
    for request in point.requests:
        if request.open and request.proposal.registration_id == switch.registration_id:
            point, told = lapse(point, request)
            messages += told
    return point, messages
