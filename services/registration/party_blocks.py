"""Who serves a metering point, as the blocks of the message standard (B002, B003, B005, B007 … B019)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.registration.kinds import METERING, ServiceKind
from services.registration.register import Appointment, MeteringPoint, Proposal, Switch, uk_stamp
from services.registration.site_data import Party

Blocks = Mapping[str, Any]


def registration(registration_id: str | None) -> Blocks:
    """B013, left out when there is no registration."""
    return {"B013": {"CSSRegistrationID": registration_id}} if registration_id is not None else {}


def requesting_supplier(supplier: Party) -> Blocks:
    """B012."""
    return {
        "B012": {
            "serviceProviderAppointmentRequestingSupplierDIPID": supplier.dip_id,
            "serviceProviderAppointmentRequestingSupplierMPID": supplier.mpid,
        }
    }


def outcome(code: str, reason: str | None) -> Blocks:
    """B007. ``code``: A, R or L; ``reason``: the code with its text."""
    return {"B007": {"responseCode": code, "proposedAppointmentResponseCode": reason}}


def incumbent_services(point: MeteringPoint) -> Blocks:
    """B005: the services appointed now, null for one that is not."""
    metering, data = point.metering_service, point.data_service
    if metering is None and data is None:
        return {}
    return {
        "B005": {
            "currentMeteringServiceDIPID": metering and metering.dip_id,
            "currentMeteringServiceMPID": metering and metering.mpid,
            "currentDataServiceDIPID": data and data.dip_id,
            "currentDataServiceMPID": data and data.mpid,
        }
    }


def incumbent_metering_service(point: MeteringPoint) -> Blocks:
    """B072, left out when there is none."""
    service = point.metering_service
    if service is None:
        return {}
    return {
        "B072": {
            "incumbentMeteringServiceDIPID": service.dip_id,
            "incumbentMeteringServiceMPID": service.mpid,
        }
    }


def incoming_supplier(switch: Switch) -> Blocks:
    """B002."""
    return {
        "B002": {
            "incomingSupplierDIPID": switch.supplier.dip_id,
            "incomingSupplierMPID": switch.supplier.mpid,
            "supplierEffectiveFromDate": uk_stamp(switch.supply_start),
        }
    }


def outgoing_supplier(point: MeteringPoint, switch: Switch) -> Blocks:
    """B003: the current supplier's supply ends when the incoming one's begins."""
    return {
        "B003": {
            "outgoingSupplierDIPID": point.supplier.dip_id,
            "outgoingSupplierMPID": point.supplier.mpid,
            "supplierEffectiveToDate": uk_stamp(switch.supply_start),
        }
    }


def active_service(proposal: Proposal) -> Blocks:
    """B014 or B015: the appointment as it was proposed, now confirmed."""
    kind, block = proposal.kind, proposal.block
    incoming = f"incoming{kind.field_part}"
    common = {
        f"{incoming}DIPID": proposal.provider_dip_id,
        f"{incoming}MPID": proposal.provider_mpid,
        f"{incoming}EffectiveFromDate": block[kind.date_field],
        kind.contract_field: proposal.contract_reference,
        "appointmentScenario": proposal.scenario,
    }
    if kind is METERING:
        return {"B014": common}
    frequency = "traditionalFallBackReadFrequency"
    return {"B015": {**common, frequency: block.get(frequency)}}


def assigned_mdr(proposal: Proposal) -> Blocks:
    """B019: the meter data retriever that the supplier nominated, when it did so in full."""
    names = ("DIPID", "MPID", "EffectiveFromDate")
    nominated = {name: proposal.block.get(f"supplierNominatedMDR{name}") for name in names}
    if None in nominated.values():
        return {}
    return {"B019": {f"assignedMDR{name}": value for name, value in nominated.items()}}


def coming_service(kind: ServiceKind, service: Appointment) -> Blocks:
    """B010 or B011: the service that takes the place of another."""
    return {"B010" if kind is METERING else "B011": _incoming(kind, service)}


def partner_service(kind: ServiceKind, service: Appointment) -> Blocks:
    """B016 or B017: the metering point's other service."""
    return {"B016" if kind is METERING else "B017": _incoming(kind, service)}


def ending_service(kind: ServiceKind, service: Appointment, at: str, reason: str) -> Blocks:
    """B008 or B009: the service that ends, when, and the code of why."""
    part = kind.field_part
    lower = part[0].lower() + part[1:]
    return {
        "B008" if kind is METERING else "B009": {
            f"deAppointed{part}DIPID": service.dip_id,
            f"deAppointed{part}MPID": service.mpid,
            f"{lower}EffectiveFromDate": uk_stamp(service.effective_from),
            f"{lower}EffectiveToDate": at,
            "deAppointmentReasonCode": reason,
        }
    }


def _incoming(kind: ServiceKind, service: Appointment) -> Blocks:
    incoming = f"incoming{kind.field_part}"
    return {
        f"{incoming}DIPID": service.dip_id,
        f"{incoming}MPID": service.mpid,
        f"{incoming}EffectiveFromDate": uk_stamp(service.effective_from),
    }
