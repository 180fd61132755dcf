"""Appointing a service provider: from the supplier's request to the answer that everybody gets.

IF-031 → checks → IF-032; when it passed, IF-033 to the proposed provider → IF-034 → IF-035.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from contracts.envelope import MpanBlock, ResponseBlock
from participant.handlers import DipOut, World
from services.registration import blocks
from services.registration.checks import UNKNOWN_MPAN, Case, failures
from services.registration.kinds import METERING, ServiceKind
from services.registration.register import MeteringPoint, Proposal, Request, RequestStatus

SUPERSEDED = "REG1089"


def refuse_unknown_mpan(proposal: Proposal, sender: str, mpan: MpanBlock, world: World) -> DipOut:
    """IF-032 for an MPAN that is not in the register: nothing else can be checked."""
    return initial_response(proposal, sender, mpan, (UNKNOWN_MPAN,), world)


def decide(
    point: MeteringPoint, proposal: Proposal, now: datetime, world: World
) -> tuple[MeteringPoint, Sequence[DipOut]]:
    """Check a proposal. One that passes goes to its provider and supersedes what it replaces."""
    case = Case(point, proposal, now, world)
    codes = failures(case)
    answer = initial_response(proposal, point.registration_service, point.mpan_block(), codes, world)
    if codes:
        return point, [answer]
    after, superseded = supersede(point, proposal, world)
    request = Request(proposal=proposal, supplier=case.requester)
    return after.with_request(request), [answer, *superseded, provider_request(after, request)]


def initial_response(
    proposal: Proposal, sender: str, mpan: MpanBlock, codes: Sequence[str], world: World
) -> DipOut:
    """IF-032 to the requesting supplier: accepted, or rejected with every code that applies."""
    texts = tuple(world.catalogue.code_text(code) for code in codes)
    return DipOut(
        sender=sender,
        interface="IF-032",
        event=proposal.kind.event("AppInitialResp"),
        custom=_echo(proposal),
        mpan=mpan,
        primary=(proposal.supplier_dip_id,),
        response=ResponseBlock("R", texts) if texts else ResponseBlock("A"),
        correlation_id=proposal.correlation_id,
    )


def provider_request(point: MeteringPoint, request: Request) -> DipOut:
    """IF-033: the proposed provider is asked, with all it needs to know about the site."""
    return DipOut(
        sender=point.registration_service,
        interface="IF-033",
        event=request.proposal.kind.event("AppSPRequest"),
        custom={
            **blocks.requesting_supplier(request.supplier),
            **_echo(request.proposal),
            **blocks.incumbent_metering_service(point),
            **blocks.everything_about_the_site(point),
        },
        mpan=point.mpan_block(),
        primary=(request.proposal.provider_dip_id,),
        correlation_id=request.proposal.correlation_id,
    )


def provider_answered(
    point: MeteringPoint, kind: ServiceKind, provider: str, answer: Mapping[str, Any], world: World
) -> tuple[MeteringPoint, Sequence[DipOut]]:
    """What a provider's IF-034 changes. ``answer``: its block B007. Nothing, when nothing was asked of it."""
    request = awaiting(point, kind, provider)
    if request is None:
        return point, []
    accepted = answer["responseCode"] == "A"
    status = RequestStatus.ACCEPTED if accepted else RequestStatus.REJECTED
    what = "AppAccepted" if accepted else "AppRejected"
    reason = answer["proposedAppointmentResponseCode"]
    messages = [appointment_status(point, request, what, str(answer["responseCode"]), reason)]
    if accepted:
        messages += request_meter_details(point, request, reason)
    return point.with_request_status(request, status), messages


def appointment_status(
    point: MeteringPoint, request: Request, what: str, code: str, reason: str | None
) -> DipOut:
    """IF-035 to the supplier and the proposed provider. ``what``: AppAccepted, AppRejected, AppLapsed."""
    proposal = request.proposal
    return DipOut(
        sender=point.registration_service,
        interface="IF-035",
        event=proposal.kind.event(what),
        custom={
            **blocks.outcome(code, reason),
            **blocks.requesting_supplier(request.supplier),
            **_echo(proposal),
            **(_assigned_mdr(proposal) if code == "A" else {}),
        },
        mpan=point.mpan_block(),
        primary=(request.supplier.dip_id, proposal.provider_dip_id),
        correlation_id=proposal.correlation_id,
    )


def request_meter_details(point: MeteringPoint, request: Request, reason: str | None) -> Sequence[DipOut]:
    """IF-035 [IMS-SendMTD]: the outgoing metering service is to send its meter details to the new one."""
    incumbent, proposal = point.metering_service, request.proposal
    changes = incumbent is not None and incumbent.dip_id != proposal.provider_dip_id
    if proposal.kind is not METERING or incumbent is None or not changes:
        return []
    return [
        DipOut(
            sender=point.registration_service,
            interface="IF-035",
            event="[IMS-SendMTD]",
            custom={
                **blocks.outcome("A", reason),
                **blocks.requesting_supplier(request.supplier),
                **_echo(proposal),
            },
            mpan=point.mpan_block(),
            primary=(incumbent.dip_id,),
            correlation_id=proposal.correlation_id,
        )
    ]


def supersede(
    point: MeteringPoint, proposal: Proposal, world: World
) -> tuple[MeteringPoint, Sequence[DipOut]]:
    """REG1089: a later appointment of the same kind by the same supplier takes the place of an open one."""
    reason = world.catalogue.code_text(SUPERSEDED)
    messages = []
    for request in point.requests:
        same_supplier = request.supplier.dip_id == proposal.supplier_dip_id
        if request.open and same_supplier and request.proposal.kind is proposal.kind:
            point = point.with_request_status(request, RequestStatus.SUPERSEDED)
            messages.append(appointment_status(point, request, "AppRejected", "R", reason))
    return point, messages


def awaiting(point: MeteringPoint, kind: ServiceKind, provider: str) -> Request | None:
    """The newest request that this provider has not answered yet."""
    return next(
        (
            request
            for request in reversed(point.requests)
            if request.status is RequestStatus.WITH_PROVIDER
            and request.proposal.kind is kind
            and request.proposal.provider_dip_id == provider
        ),
        None,
    )


def _echo(proposal: Proposal) -> Mapping[str, Any]:
    return {**blocks.registration(proposal.registration_id), proposal.kind.block: proposal.block}


def _assigned_mdr(proposal: Proposal) -> Mapping[str, Any]:
    """B019: the meter data retriever that the supplier nominated, when it did so in full."""
    names = ("DIPID", "MPID", "EffectiveFromDate")
    nominated = {name: proposal.block.get(f"supplierNominatedMDR{name}") for name in names}
    if None in nominated.values():
        return {}
    return {"B019": {f"assignedMDR{name}": value for name, value in nominated.items()}}
