"""Confirming: what the register sends when a switch is secured and when an appointment is settled.

A secured switch leads to IF-001; a settled appointment to IF-036 and, where it replaces another service,
IF-037. Both are sent ahead of the day they take effect, as the event MSDeAppUpdate implies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from participant.handlers import DipOut
from services.registration import party_blocks, site_blocks
from services.registration.kinds import DATA, METERING, ServiceKind
from services.registration.proposals import read_moment
from services.registration.register import (
    Appointment,
    MeteringPoint,
    Request,
    RequestStatus,
    Switch,
    uk_stamp,
)
from services.registration.site_data import Holder

REASON_OF_SCENARIO: Final[Mapping[str, str]] = {
    "COS": "CSUPP",
    "MCS": "CSUPP",
    "CSP": "CSERV",
    "MCA": "CSERV",
    "SEG": "CSEGM",
}
CHANGE_OF_SUPPLIER: Final = "CSUPP"


def confirm_supplier(point: MeteringPoint, switch: Switch) -> tuple[MeteringPoint, DipOut]:
    """IF-001: the incoming supplier gets the metering point on the supply start date."""
    message = DipOut(
        sender=point.registration_service,
        interface="IF-001",
        event="[ChangeOfSupplier]",
        custom={
            **party_blocks.registration(switch.registration_id),
            **party_blocks.incoming_supplier(switch),
            **party_blocks.outgoing_supplier(point, switch),
            **site_blocks.domestic_premises_from_css(switch),
            **party_blocks.incumbent_services(point),
            **site_blocks.direct_contracts(point),
            **site_blocks.supporting_data(point),
            **site_blocks.linked_and_related(point),
        },
        mpan=point.mpan_block(),
        primary=(switch.supplier.dip_id,),
    )
    gaining = Holder(
        dip_id=switch.supplier.dip_id, mpid=switch.supplier.mpid, effective_from=switch.supply_start
    )
    return point.model_copy(update={"next_supplier": gaining}), message


def confirm_appointment(point: MeteringPoint, request: Request) -> tuple[MeteringPoint, Sequence[DipOut]]:
    """IF-036, and IF-037 for the service that is replaced, if one is."""
    proposal = request.proposal
    date = proposal.effective_from
    if date is None:
        raise ValueError("a request without a readable date never passes the checks")
    coming = Appointment(
        dip_id=proposal.provider_dip_id,
        mpid=proposal.provider_mpid,
        effective_from=date,
        contract_reference=proposal.contract_reference,
        segment=request.segment,
    )
    messages = [appointment_active(point, request), *_replaced(point, request, coming)]
    after = point.with_request_status(request, RequestStatus.ACTIVE).with_next(proposal.kind, coming)
    return _with_retriever(after, request), messages


def appointment_active(point: MeteringPoint, request: Request) -> DipOut:
    """IF-036 to supplier, services, distributor and central parties; the DIP looks all of them up."""
    proposal = request.proposal
    return DipOut(
        sender=point.registration_service,
        interface="IF-036",
        event=proposal.kind.event("AppActive"),
        custom={
            **party_blocks.requesting_supplier(request.supplier),
            **party_blocks.registration(proposal.registration_id),
            **(
                _active_metering(point, request)
                if proposal.kind is METERING
                else _active_data(point, request)
            ),
            **party_blocks.incumbent_services(point),
            **site_blocks.supporting_data(point),
            **site_blocks.domestic_premises(point),
            **site_blocks.meters(point),
            **site_blocks.linked_and_related(point),
        },
        mpan=point.mpan_block(),
        correlation_id=proposal.correlation_id,
    )


def service_ends(
    point: MeteringPoint,
    kind: ServiceKind,
    ending: Appointment,
    at: str,
    reason: str,
    coming: Appointment | None = None,
    switch: Switch | None = None,
) -> DipOut:
    """IF-037: a service ends at ``at``; ``coming`` takes its place, if anybody does."""
    return DipOut(
        sender=point.registration_service,
        interface="IF-037",
        event=kind.event("DeApp"),
        custom={
            **(party_blocks.registration(switch.registration_id) if switch else {}),
            **party_blocks.ending_service(kind, ending, at, reason),
            **(party_blocks.coming_service(kind, coming) if coming else {}),
            **(party_blocks.incoming_supplier(switch) if switch else {}),
        },
        mpan=point.mpan_block(),
    )


def _with_retriever(point: MeteringPoint, request: Request) -> MeteringPoint:
    """A data service brings the meter data retriever that the supplier nominated with it."""
    block = party_blocks.assigned_mdr(request.proposal).get("B019", {})
    date = read_moment(block.get("assignedMDREffectiveFromDate"))
    if request.proposal.kind is not DATA or date is None:
        return point
    retriever = Holder(dip_id=block["assignedMDRDIPID"], mpid=block["assignedMDRMPID"], effective_from=date)
    return point.model_copy(update={"meter_data_retriever": retriever})


def _replaced(point: MeteringPoint, request: Request, coming: Appointment) -> Sequence[DipOut]:
    """What the service that is replaced is told, for the first time or again because of a change of plan."""
    kind = request.proposal.kind
    current, planned = point.current(kind), point.next(kind)
    if current is None or current.dip_id == coming.dip_id:
        return []
    if planned is not None and planned.dip_id != coming.dip_id:
        return [_replacement_changes(point, request, coming)]
    reason = REASON_OF_SCENARIO.get(request.proposal.scenario, "CSERV")
    switch = point.switch(request.proposal.registration_id) if reason == CHANGE_OF_SUPPLIER else None
    return [service_ends(point, kind, current, uk_stamp(coming.effective_from), reason, coming, switch)]


def _replacement_changes(point: MeteringPoint, request: Request, coming: Appointment) -> DipOut:
    """IF-037 update: the service that ends learns who takes its place instead of the one it was told."""
    kind = request.proposal.kind
    return DipOut(
        sender=point.registration_service,
        interface="IF-037",
        event=kind.event("DeAppUpdate"),
        custom={
            **party_blocks.registration(request.proposal.registration_id),
            **party_blocks.coming_service(kind, coming),
        },
        mpan=point.mpan_block(),
    )


def _active_metering(point: MeteringPoint, request: Request) -> Mapping[str, Any]:
    partner = point.next(DATA) or point.data_service
    return {
        **party_blocks.active_service(request.proposal),
        **(party_blocks.partner_service(DATA, partner) if partner else {}),
    }


def _active_data(point: MeteringPoint, request: Request) -> Mapping[str, Any]:
    partner, proposal = point.next(METERING) or point.metering_service, request.proposal
    consent = proposal.block["supplierProposedConsentGranularity"]
    return {
        **party_blocks.active_service(proposal),
        **party_blocks.assigned_mdr(proposal),
        **(party_blocks.partner_service(METERING, partner) if partner else {}),
        **site_blocks.consent(consent, proposal.block[DATA.date_field]),
    }
