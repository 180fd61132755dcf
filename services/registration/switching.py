"""Change of supplier: what the register does with what CSS tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backbone.clock import uk_midnight
from contracts import css
from participant.handlers import DipOut, World
from participant.parties import Party as MarketParty
from services.registration import blocks
from services.registration.register import MeteringPoint, Switch
from services.registration.site_data import Party


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
            **blocks.registration(switch.registration_id),
            **blocks.incumbent_services(point),
            **blocks.direct_contracts(point),
            **blocks.annual_consumption(point),
            **blocks.in_home_display(point),
            **blocks.everything_about_the_site(point),
        },
        mpan=point.mpan_block(),
        primary=(switch.supplier.dip_id,),
    )
