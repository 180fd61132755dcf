"""The register's checks of an appointment against the metering point's connection and market segment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.registration.cases import Case, RuleBook
from services.registration.kinds import DATA, METERING
from services.registration.site_data import Segment

CONSENTS: Final[Mapping[Segment, frozenset[str]]] = {
    "S": frozenset({"H", "D", "M", "N"}),
    "A": frozenset({"H"}),
    "U": frozenset({"H"}),
}
RULES: Final = RuleBook()


@RULES.rule("REG0003")
def connection_is_unmetered(case: Case) -> bool:
    """REG0003: scenario SEG cannot take an MPAN with an unmetered connection out of segment U."""
    unmetered = case.point.site.connection_type == "U"
    return case.has_scenario("SEG") and unmetered and case.segment != "U"


@RULES.rule("REG0004")
def segment_has_no_meters(case: Case) -> bool:
    """REG0004: in segment U no meter data retriever can be nominated, since there are no meters."""
    nominated = case.proposal.block.get("supplierNominatedMDRDIPID")
    return case.segment == "U" and bool(nominated)


@RULES.rule("REG1030")
def operator_of_other_distributor(case: Case) -> bool:
    """REG1030: in segment U the metering service has to be one that the MPAN's distributor has.

    The site data name them as `unmeteredSuppliesOperators`; without that any will do.
    """
    operators = case.point.site.unmetered_operators
    if case.kind is not METERING or case.segment != "U" or operators is None:
        return False
    provider = case.world.party(case.proposal.provider_dip_id)
    return provider is not None and provider.role == "UMSO" and provider.dip_id not in operators


@RULES.rule("REG1031")
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


@RULES.rule("REG1035")
def consent_does_not_fit_segment(case: Case) -> bool:
    """REG1035: outside segment S the proposed consent has to be H, half-hourly; in S it is H, D, M or N."""
    consent = case.proposal.block.get("supplierProposedConsentGranularity")
    return case.kind is DATA and consent not in CONSENTS[case.segment]


@RULES.rule("REG1095")
def segment_change_names_current_provider(case: Case) -> bool:
    """REG1095: scenario SEG cannot name the service provider that is appointed now."""
    return case.has_scenario("SEG") and case.proposes_current
