"""The register's checks of a request to appoint a service provider (IF-031), one function per rule.

Each check answers whether its rule is *broken*; ``failures`` runs them all and reports every code. Codes
and their wording are the market's; where the published material leaves the exact condition open, the
docstring says how the rule is read here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from backbone.clock import uk_midnight
from participant.handlers import World
from services.registration.kinds import ServiceKind
from services.registration.proposals import read_moment
from services.registration.register import Appointment, MeteringPoint, Proposal, Switch, is_uk_midnight
from services.registration.site_data import Party, Segment

MAX_DAYS_AHEAD: Final = 28
MDR_MAX_DAYS_AHEAD: Final = 5
MDR_ROLES: Final = frozenset({"MDR", "DCC"})
MIGRATION_SCENARIOS: Final = frozenset({"MCA", "MCS"})
UNKNOWN_MPAN: Final = "REG0000"


@dataclass(frozen=True, slots=True)
class Case:
    """One proposal for one metering point, at one moment, among the parties of ``world``."""

    point: MeteringPoint
    proposal: Proposal
    now: datetime
    world: World

    @property
    def kind(self) -> ServiceKind:
        """Metering service or data service."""
        return self.proposal.kind

    @property
    def switch(self) -> Switch | None:
        """The switch that the request quotes, if the register knows it."""
        return self.point.switch(self.proposal.registration_id)

    @property
    def own_switch(self) -> Switch | None:
        """The quoted switch, when it is the requesting supplier's own."""
        switch = self.switch
        mine = switch is not None and switch.supplier.dip_id == self.proposal.supplier_dip_id
        return switch if mine else None

    @property
    def requester(self) -> Party:
        """The supplier that asks. Once all checks pass it is the switch's supplier or the current one."""
        return self.own_switch.supplier if self.own_switch else self.point.supplier.party()

    @property
    def current(self) -> Appointment | None:
        """The service of the proposal's kind that is appointed now."""
        return self.point.current(self.kind)

    @property
    def proposes_current(self) -> bool:
        """Whether the proposed provider is the one that is appointed now."""
        return self.current is not None and self.current.dip_id == self.proposal.provider_dip_id

    @property
    def by_current_supplier(self) -> bool:
        """Whether the metering point's supplier asks."""
        return self.point.supplier.dip_id == self.proposal.supplier_dip_id

    @property
    def new_segment(self) -> Segment | None:
        """The market segment that the proposed provider serves, when the segment is to change (SEG)."""
        provider = self.world.party(self.proposal.provider_dip_id)
        if provider is None or not self.has_scenario("SEG"):
            return None
        return self.kind.segment_of(provider.role)

    def has_scenario(self, *scenarios: str) -> bool:
        """Whether the proposal's appointment scenario is one of these."""
        return self.proposal.scenario in scenarios

    def days_ahead(self, moment: datetime) -> int:
        """UK calendar days from today to the day of ``moment``; negative for the past."""
        return (uk_midnight(moment).date() - uk_midnight(self.now).date()).days


Check = Callable[[Case], bool]
RULES: Final[dict[str, Check]] = {}


def rule(code: str) -> Callable[[Check], Check]:
    """Register a check under the code that a request gets for breaking it."""

    def keep(check: Check) -> Check:
        RULES[code] = check
        return check

    return keep


def failures(case: Case) -> tuple[str, ...]:
    """Every code whose rule this case breaks, in the order of the codes."""
    return tuple(code for code, check in sorted(RULES.items()) if check(case))


@rule("REG0005")
def registration_unknown(case: Case) -> bool:
    """REG0005: the quoted CSS registration ID has to be known for this MPAN.

    A change of supplier (COS, MCS) has to quote one; any other request may, but then a known one.
    """
    if case.proposal.registration_id is None:
        return case.has_scenario("COS", "MCS")
    return case.switch is None


@rule("REG0006")
def registration_of_other_supplier(case: Case) -> bool:
    """REG0006: the quoted CSS registration has to be of the requesting supplier's own switch."""
    return case.switch is not None and case.own_switch is None


@rule("REG1021")
def not_the_current_supplier(case: Case) -> bool:
    """REG1021: only the current supplier may change or update an appointment outside a switch."""
    return case.has_scenario("CSP", "USP", "SEG") and not case.by_current_supplier


@rule("REG1024")
def update_is_retrospective(case: Case) -> bool:
    """REG1024: an update of the appointment that exists (USP) cannot take effect before today."""
    return case.has_scenario("USP") and _is_past(case)


@rule("REG1025")
def update_names_another_provider(case: Case) -> bool:
    """REG1025: scenario USP can only name the service provider that is appointed now."""
    return case.has_scenario("USP") and not case.proposes_current


@rule("REG1026")
def change_names_current_provider(case: Case) -> bool:
    """REG1026: scenario CSP cannot name the service provider that is appointed now."""
    return case.has_scenario("CSP") and case.proposes_current


@rule("REG1031")
def provider_does_not_serve_segment(case: Case) -> bool:
    """REG1031: the provider's role has to serve the MPAN's market segment.

    S takes MSS and SDS, A takes MSA and ADS, U takes UMSO and UMSDS. With scenario SEG, which changes
    the segment, any role of the right kind will do. A provider nobody knows breaks REG1090 or REG1091.
    """
    provider = case.world.party(case.proposal.provider_dip_id)
    if provider is None:
        return False
    if case.has_scenario("SEG"):
        return provider.role not in case.kind.roles
    return provider.role != case.kind.role_of_segment[case.point.site.market_segment]


@rule("REG1032")
def effective_date_does_not_fit(case: Case) -> bool:
    """REG1032: the date has to be a UK-local midnight, and to follow on from what is there.

    A change of supplier takes effect on the supply start date. Any other change takes effect after the
    appointment that it replaces, and not before the supplier's own supply start date.
    """
    date = case.proposal.effective_from
    if date is None or not is_uk_midnight(date):
        return True
    if case.has_scenario("COS"):
        return case.own_switch is not None and date != case.own_switch.supply_start
    return _before_what_is_there(case, date)


@rule("REG1033")
def scenario_not_allowed(case: Case) -> bool:
    """REG1033: a supplier cannot use ALG, which is the register's own, nor COS once the switch is over.

    COS after the supply start date is refused: the supplier has to send CSP instead.
    """
    if case.has_scenario("ALG"):
        return True
    switch = case.own_switch
    if switch is None or not case.has_scenario("COS"):
        return False
    return not switch.open or case.days_ahead(switch.supply_start) < 0


@rule("REG1034")
def appointment_is_in_the_past(case: Case) -> bool:
    """REG1034: a new appointment cannot take effect before today."""
    return not case.has_scenario("USP") and _is_past(case)


@rule("REG1036")
def mdr_outside_ownership(case: Case) -> bool:
    """REG1036: the nominated meter data retriever starts within the supplier's ownership."""
    date = _mdr_date(case)
    if date is None:
        return False
    switch = case.own_switch
    start = switch.supply_start if switch else case.point.supplier.effective_from
    return start is not None and date < start


@rule("REG1038")
def mpan_is_linked_export(case: Case) -> bool:
    """REG1038: an export MPAN linked to an import MPAN follows the import MPAN's appointments."""
    return case.point.site.energy_direction == "E" and bool(case.point.site.linked)


@rule("REG1039")
def mpan_is_related_secondary(case: Case) -> bool:
    """REG1039: the secondary of a pair of related MPANs follows the primary's appointments."""
    related = case.point.site.related
    return related is not None and related.secondary == case.point.mpan


@rule("REG1081")
def mdr_unknown(case: Case) -> bool:
    """REG1081: the nominated meter data retriever has to be one."""
    dip_id = case.proposal.block.get("supplierNominatedMDRDIPID")
    party = case.world.party(dip_id) if dip_id else None
    return bool(dip_id) and (party is None or party.role not in MDR_ROLES)


@rule("REG1082")
def mdr_too_far_ahead(case: Case) -> bool:
    """REG1082: outside a switch a meter data retriever starts at most five days ahead."""
    date = _mdr_date(case)
    return date is not None and case.own_switch is None and case.days_ahead(date) > MDR_MAX_DAYS_AHEAD


@rule("REG1083")
def mdr_not_at_supply_start(case: Case) -> bool:
    """REG1083: with a change of supplier the meter data retriever starts on the supply start date."""
    date, switch = _mdr_date(case), case.own_switch
    return (
        date is not None and switch is not None and case.has_scenario("COS") and date != switch.supply_start
    )


@rule("REG1090")
def metering_service_mpid_wrong(case: Case) -> bool:
    """REG1090: the proposed metering service's MPID has to be that of its DIP ID."""
    return case.kind.mismatch == "REG1090" and _provider_mismatch(case)


@rule("REG1091")
def data_service_mpid_wrong(case: Case) -> bool:
    """REG1091: the proposed data service's MPID has to be that of its DIP ID."""
    return case.kind.mismatch == "REG1091" and _provider_mismatch(case)


@rule("REG1092")
def mdr_mpid_wrong(case: Case) -> bool:
    """REG1092: the nominated meter data retriever's MPID has to be that of its DIP ID."""
    dip_id = case.proposal.block.get("supplierNominatedMDRDIPID")
    party = case.world.party(dip_id) if dip_id else None
    return party is not None and party.mpid != case.proposal.block.get("supplierNominatedMDRMPID")


@rule("REG1095")
def segment_change_names_current_provider(case: Case) -> bool:
    """REG1095: scenario SEG cannot name the service provider that is appointed now."""
    return case.has_scenario("SEG") and case.proposes_current


@rule("REG1099")
def too_far_ahead(case: Case) -> bool:
    """REG1099: an appointment takes effect at most 28 days ahead."""
    date = case.proposal.effective_from
    return date is not None and case.days_ahead(date) > MAX_DAYS_AHEAD


@rule("REG9005")
def migration_by_other_supplier(case: Case) -> bool:
    """REG9005: scenario MCA can only be used by the current supplier."""
    return case.has_scenario("MCA") and not case.by_current_supplier


@rule("REG9006")
def migration_switch_by_current_supplier(case: Case) -> bool:
    """REG9006: scenario MCS cannot be used by the current supplier."""
    return case.has_scenario("MCS") and case.by_current_supplier


@rule("REG9007")
def already_migrated(case: Case) -> bool:
    """REG9007: the migration scenarios cannot be used for an MPAN that has migrated."""
    return case.proposal.scenario in MIGRATION_SCENARIOS and case.point.site.migrated


@rule("REG9009")
def not_migrated(case: Case) -> bool:
    """REG9009: only the migration scenarios can be used for an MPAN that has not migrated."""
    return case.proposal.scenario not in MIGRATION_SCENARIOS and not case.point.site.migrated


def _is_past(case: Case) -> bool:
    date = case.proposal.effective_from
    return date is not None and case.days_ahead(date) < 0


def _provider_mismatch(case: Case) -> bool:
    provider = case.world.party(case.proposal.provider_dip_id)
    return provider is None or provider.mpid != case.proposal.provider_mpid


def _mdr_date(case: Case) -> datetime | None:
    return read_moment(case.proposal.block.get("supplierNominatedMDREffectiveFromDate"))


def _before_what_is_there(case: Case, date: datetime) -> bool:
    """Updates (USP) may keep the date of the appointment they update."""
    current = case.current.effective_from if case.current else None
    supplier = case.point.supplier.effective_from
    if supplier is not None and case.by_current_supplier and date < supplier:
        return True
    return current is not None and not case.has_scenario("USP") and date <= current
