"""The register's checks of the meter data retriever (MDR) that a supplier nominates in IF-031 [DSApp]."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from services.registration.cases import Case, RuleBook
from services.registration.proposals import read_moment

MDR_MAX_DAYS_AHEAD: Final = 5
MDR_ROLES: Final = frozenset({"MDR", "DCC"})
RULES: Final = RuleBook()


@RULES.rule("REG1036")
def mdr_outside_ownership(case: Case) -> bool:
    """REG1036: the nominated meter data retriever starts within the supplier's ownership."""
    date = _mdr_date(case)
    if date is None:
        return False
    switch = case.own_switch
    start = switch.supply_start if switch else case.point.supplier.effective_from
    return start is not None and date < start


@RULES.rule("REG1081")
def mdr_unknown(case: Case) -> bool:
    """REG1081: the nominated meter data retriever has to be one."""
    dip_id = case.proposal.block.get("supplierNominatedMDRDIPID")
    party = case.world.party(dip_id) if dip_id else None
    return bool(dip_id) and (party is None or party.role not in MDR_ROLES)


@RULES.rule("REG1082")
def mdr_too_far_ahead(case: Case) -> bool:
    """REG1082: outside a switch a meter data retriever starts at most five days ahead."""
    date = _mdr_date(case)
    return date is not None and case.own_switch is None and case.days_ahead(date) > MDR_MAX_DAYS_AHEAD


@RULES.rule("REG1083")
def mdr_not_at_supply_start(case: Case) -> bool:
    """REG1083: with a change of supplier the meter data retriever starts on the supply start date."""
    date, switch = _mdr_date(case), case.own_switch
    return (
        date is not None and switch is not None and case.has_scenario("COS") and date != switch.supply_start
    )


@RULES.rule("REG1092")
def mdr_mpid_wrong(case: Case) -> bool:
    """REG1092: the nominated meter data retriever's MPID has to be that of its DIP ID."""
    dip_id = case.proposal.block.get("supplierNominatedMDRDIPID")
    party = case.world.party(dip_id) if dip_id else None
    return party is not None and party.mpid != case.proposal.block.get("supplierNominatedMDRMPID")


def _mdr_date(case: Case) -> datetime | None:
    return read_moment(case.proposal.block.get("supplierNominatedMDREffectiveFromDate"))
