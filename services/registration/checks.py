"""The register's checks of a request to appoint a service provider (IF-031), one function per rule.

Each check answers whether its rule is *broken*; ``failures`` runs them all and reports every code. Codes
and their wording are the market's; where the published material leaves the exact condition open, the
docstring says how the rule is read here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from services.registration import retriever_checks, segment_checks
from services.registration.cases import Case, Check, RuleBook
from services.registration.register import SwitchStatus, is_uk_midnight

MAX_DAYS_AHEAD: Final = 28
MIGRATION_SCENARIOS: Final = frozenset({"MCA", "MCS"})
APPOINTMENT_RULES: Final = RuleBook()


@APPOINTMENT_RULES.rule("REG0005")
def registration_unknown(case: Case) -> bool:
    """REG0005: the quoted CSS registration ID has to be known for this MPAN.

    A change of supplier (COS, MCS) has to quote one; any other request may, but then a known one.
    """
    if case.proposal.registration_id is None:
        return case.has_scenario("COS", "MCS")
    return case.switch is None


@APPOINTMENT_RULES.rule("REG0006")
def registration_of_other_supplier(case: Case) -> bool:
    """REG0006: the quoted CSS registration has to be of the requesting supplier's own switch."""
    return case.switch is not None and case.own_switch is None


@APPOINTMENT_RULES.rule("REG1021")
def not_the_current_supplier(case: Case) -> bool:
    """REG1021: only the current supplier may change or update an appointment outside a switch."""
    return case.has_scenario("CSP", "USP", "SEG") and not case.by_current_supplier


@APPOINTMENT_RULES.rule("REG1024")
def update_is_retrospective(case: Case) -> bool:
    """REG1024: an update of the appointment that exists (USP) cannot take effect before today."""
    return case.has_scenario("USP") and _is_past(case)


@APPOINTMENT_RULES.rule("REG1025")
def update_names_another_provider(case: Case) -> bool:
    """REG1025: scenario USP can only name the service provider that is appointed now."""
    return case.has_scenario("USP") and not case.proposes_current


@APPOINTMENT_RULES.rule("REG1026")
def change_names_current_provider(case: Case) -> bool:
    """REG1026: scenario CSP cannot name the service provider that is appointed now."""
    return case.has_scenario("CSP") and case.proposes_current


@APPOINTMENT_RULES.rule("REG1032")
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


@APPOINTMENT_RULES.rule("REG1033")
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


@APPOINTMENT_RULES.rule("REG1034")
def appointment_is_in_the_past(case: Case) -> bool:
    """REG1034: a new appointment cannot take effect before today."""
    return not case.has_scenario("USP") and _is_past(case)


@APPOINTMENT_RULES.rule("REG1038")
def mpan_is_linked_export(case: Case) -> bool:
    """REG1038: an export MPAN linked to an import MPAN follows the import MPAN's appointments."""
    return case.point.site.energy_direction == "E" and bool(case.point.site.linked)


@APPOINTMENT_RULES.rule("REG1039")
def mpan_is_related_secondary(case: Case) -> bool:
    """REG1039: the secondary of a pair of related MPANs follows the primary's appointments."""
    return any(pair.secondary == case.point.mpan for pair in case.point.relations())


@APPOINTMENT_RULES.rule("REG1090")
def metering_service_mpid_wrong(case: Case) -> bool:
    """REG1090: the proposed metering service's MPID has to be that of its DIP ID."""
    return case.kind.mismatch == "REG1090" and _provider_mismatch(case)


@APPOINTMENT_RULES.rule("REG1091")
def data_service_mpid_wrong(case: Case) -> bool:
    """REG1091: the proposed data service's MPID has to be that of its DIP ID."""
    return case.kind.mismatch == "REG1091" and _provider_mismatch(case)


@APPOINTMENT_RULES.rule("REG1099")
def too_far_ahead(case: Case) -> bool:
    """REG1099: an appointment takes effect at most 28 days ahead."""
    date = case.proposal.effective_from
    return date is not None and case.days_ahead(date) > MAX_DAYS_AHEAD


@APPOINTMENT_RULES.rule("REG9004")
def switch_of_another_under_way(case: Case) -> bool:
    """REG9004: nothing migrates while a switch to another supplier is under way."""
    under_way = (SwitchStatus.PENDING, SwitchStatus.CONFIRMED)
    others = (s for s in case.point.switches if s.supplier.dip_id != case.proposal.supplier_dip_id)
    migrates = case.proposal.scenario in MIGRATION_SCENARIOS
    return migrates and any(switch.status in under_way for switch in others)


@APPOINTMENT_RULES.rule("REG9005")
def migration_by_other_supplier(case: Case) -> bool:
    """REG9005: scenario MCA can only be used by the current supplier."""
    return case.has_scenario("MCA") and not case.by_current_supplier


@APPOINTMENT_RULES.rule("REG9006")
def migration_switch_by_current_supplier(case: Case) -> bool:
    """REG9006: scenario MCS cannot be used by the current supplier."""
    return case.has_scenario("MCS") and case.by_current_supplier


@APPOINTMENT_RULES.rule("REG9007")
def already_migrated(case: Case) -> bool:
    """REG9007: the migration scenarios cannot be used for an MPAN that has migrated."""
    return case.proposal.scenario in MIGRATION_SCENARIOS and case.point.site.migrated


@APPOINTMENT_RULES.rule("REG9009")
def not_migrated(case: Case) -> bool:
    """REG9009: only the migration scenarios can be used for an MPAN that has not migrated."""
    return case.proposal.scenario not in MIGRATION_SCENARIOS and not case.point.site.migrated


RULES: Final[Mapping[str, Check]] = {**APPOINTMENT_RULES, **segment_checks.RULES, **retriever_checks.RULES}


def failures(case: Case) -> tuple[str, ...]:
    """Every code whose rule this case breaks, in the order of the codes."""
    return tuple(code for code, check in sorted(RULES.items()) if check(case))


def _is_past(case: Case) -> bool:
    date = case.proposal.effective_from
    return date is not None and case.days_ahead(date) < 0


def _provider_mismatch(case: Case) -> bool:
    provider = case.world.party(case.proposal.provider_dip_id)
    return provider is None or provider.mpid != case.proposal.provider_mpid


def _before_what_is_there(case: Case, date: datetime) -> bool:
    """Updates (USP) may keep the date of the appointment they update."""
    current = case.current.effective_from if case.current else None
    supplier = case.point.supplier.effective_from
    if supplier is not None and case.by_current_supplier and date < supplier:
        return True
    return current is not None and not case.has_scenario("USP") and date <= current
