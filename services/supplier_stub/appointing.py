"""Asking for a service provider: the messages IF-031 that a plan and a site lead to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from backbone.clock import UK, dip_timestamp
from participant.handlers import DipOut
from services.supplier_stub.plans import Plan, PlannedAppointment, Site, SupplierView


def request_when_ready(view: SupplierView, supplier: str, mpan: str) -> tuple[SupplierView, Sequence[DipOut]]:
    """Send the planned requests once both plan and site are known, and never twice."""
    if view.plan is None or view.site is None or view.requested or not view.plan.appointments:
        return view, []
    messages = [
        appointment_request(view.plan, view.site, one, supplier, mpan) for one in view.plan.appointments
    ]
    return view.model_copy(update={"requested": True}), messages


def appointment_request(
    plan: Plan, site: Site, appointment: PlannedAppointment, supplier: str, mpan: str
) -> DipOut:
    """IF-031. The registration service is a secondary recipient: the DIP looks it up, nobody names it."""
    registration_id = appointment.registration_id
    if registration_id is None:
        registration_id = site.registration_id
    registration = {"B013": {"CSSRegistrationID": registration_id}} if registration_id else {}
    date = _stamp(appointment.effective_from_date or plan.supply_start_date)
    proposal = _metering(appointment, date) if appointment.kind == "MS" else _data(appointment, date)
    return DipOut(
        sender=supplier,
        interface="IF-031",
        event=f"[{appointment.kind}App]",
        custom={**registration, **proposal},
        mpan=site.mpan_block(mpan),
        correlation_id=site.correlation_id,
    )


def _metering(appointment: PlannedAppointment, date: str) -> Mapping[str, Any]:
    return {
        "B070": {
            "proposedMeteringServiceDIPID": appointment.dip_id,
            "proposedMeteringServiceMPID": appointment.mpid,
            "proposedMeteringServiceDIPEffectiveFromDate": date,
            "contractReferenceMeteringService": appointment.contract_reference,
            "appointmentScenario": appointment.appointment_scenario,
        }
    }


def _data(appointment: PlannedAppointment, date: str) -> Mapping[str, Any]:
    retriever = appointment.retriever
    retriever_from = retriever and retriever.effective_from_date
    return {
        "B071": {
            "proposedDataServiceDIPID": appointment.dip_id,
            "proposedDataServiceMPID": appointment.mpid,
            "proposedDataServiceDIPEffectiveFromDate": date,
            "contractReferenceDataService": appointment.contract_reference,
            "appointmentScenario": appointment.appointment_scenario,
            "supplierNominatedMDRDIPID": retriever and retriever.dip_id,
            "supplierNominatedMDRMPID": retriever and retriever.mpid,
            "supplierNominatedMDREffectiveFromDate": retriever
            and (_stamp(retriever_from) if retriever_from else date),
            "supplierProposedConsentGranularity": appointment.consent_granularity,
            "supplierProposedDomesticIndicator": appointment.domestic,
            "traditionalFallBackReadFrequency": appointment.fallback_read_frequency,
        }
    }


def _stamp(moment: datetime) -> str:
    """UK-local time, the form of supply and appointment dates."""
    return dip_timestamp(moment.astimezone(UK))
