"""Appointing a service provider: from the supplier's request to the answer that everybody gets.

IF-031 → checks → IF-032; when it passed, IF-033 to the proposed provider → IF-034 → IF-035.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from contracts.envelope import MpanBlock, ResponseBlock
from participant.handlers import DipOut, World
from participant.service_provider import ACCEPTED
from services.registration import party_blocks, site_blocks
from services.registration.activation import confirm_appointment
from services.registration.cases import UNKNOWN_MPAN, Case
from services.registration.checks import failures
from services.registration.kinds import DATA, METERING, ServiceKind
from services.registration.register import MeteringPoint, Proposal, Request, RequestStatus, SwitchStatus

SUPERSEDED: Final = "REG1089"
INVALID_ANSWER: Final = "REG1094"
_CODE: Final = re.compile(r"[A-Z]+\d+")
SWITCH_SCENARIOS: Final = frozenset({"COS", "MCS"})


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
    after, superseded = supersede(point, proposal, now, world)
    request = Request(proposal=proposal, supplier=case.requester, segment=case.new_segment)
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
            **party_blocks.requesting_supplier(request.supplier),
            **_echo(request.proposal),
            **party_blocks.incumbent_metering_service(point),
            **site_blocks.everything_about_the_site(point),
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
    reason = answer["proposedAppointmentResponseCode"]
    if not makes_sense(kind, answer["responseCode"], reason, world):
        text = world.catalogue.code_text(INVALID_ANSWER)
        told = appointment_status(point, request, "AppRejected", "R", text)
        return point.with_request_status(request, RequestStatus.REJECTED), [told]
    if answer["responseCode"] != "A":
        told = appointment_status(point, request, "AppRejected", str(answer["responseCode"]), reason)
        return point.with_request_status(request, RequestStatus.REJECTED), [told]
    told = appointment_status(point, request, "AppAccepted", "A", reason)
    details = request_meter_details(point, request, reason)
    accepted = request.model_copy(update={"status": RequestStatus.ACCEPTED})
    after, confirmed = confirm_when_settled(point.with_request_changed(request, accepted), accepted)
    return after, [told, *details, *confirmed]


def makes_sense(kind: ServiceKind, outcome: object, reason: str | None, world: World) -> bool:
    """Whether an answer's outcome and reason go together; otherwise it gets REG1094.

    A, accepted, goes with SP000 or with no reason; R, refused, with another code that a provider of this kind
    gives. What follows the code is not looked at.
    """
    named = _CODE.match(reason or "")
    code = named[0] if named else ""
    if outcome == "A":
        return reason is None or code == ACCEPTED
    return outcome == "R" and code != ACCEPTED and kind.provider.has_code(code, world.catalogue)


def confirm_when_settled(point: MeteringPoint, request: Request) -> tuple[MeteringPoint, Sequence[DipOut]]:
    """Confirm an accepted appointment, unless it waits for its switch to be secured."""
    switch = point.switch(request.proposal.registration_id)
    waits = request.proposal.scenario in SWITCH_SCENARIOS and (
        switch is None or switch.status is not SwitchStatus.SECURED_ACTIVE
    )
    return (point, []) if waits else confirm_appointment(point, request)


def lapse(
    point: MeteringPoint, request: Request, reason: str | None = None
) -> tuple[MeteringPoint, Sequence[DipOut]]:
    """IF-035 Lapsed: the request could not be matched with a secured switch, or for the reason given."""
    told = appointment_status(point, request, "AppLapsed", "L", reason)
    return point.with_request_status(request, RequestStatus.LAPSED), [told]


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
            **party_blocks.outcome(code, reason),
            **party_blocks.requesting_supplier(request.supplier),
            **_echo(proposal),
            **(party_blocks.assigned_mdr(proposal) if code == "A" and proposal.kind is DATA else {}),
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
                **party_blocks.outcome("A", reason),
                **party_blocks.requesting_supplier(request.supplier),
                **_echo(proposal),
            },
            mpan=point.mpan_block(),
            primary=(incumbent.dip_id,),
            correlation_id=proposal.correlation_id,
        )
    ]


def supersede(
    point: MeteringPoint, proposal: Proposal, now: datetime, world: World
) -> tuple[MeteringPoint, Sequence[DipOut]]:
    """REG1089: a later appointment of the same kind by the same supplier takes the place of one to come."""
    reason = world.catalogue.code_text(SUPERSEDED)
    messages = []
    for request in point.requests:
        same_supplier = request.supplier.dip_id == proposal.supplier_dip_id
        if request.to_come(now) and same_supplier and request.proposal.kind is proposal.kind:
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
    return {**party_blocks.registration(proposal.registration_id), proposal.kind.block: proposal.block}
