"""What the registration service does with each thing it is told: reading, deciding, answering."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import orjson

from backbone.journal.events import Kind
from contracts import css, envelope
from contracts.envelope import MpanBlock
from participant.handlers import HandlerRegistry, Incoming, JournalNote, Outgoing, World
from participant.party_orders import take_sending_orders
from participant.standing_back import stand_back
from services.registration.appointments import decide, provider_answered, refuse_unknown_mpan
from services.registration.cases import UNKNOWN_MPAN
from services.registration.kinds import DATA, METERING, ServiceKind
from services.registration.loading import metering_point
from services.registration.maintenance import maintain
from services.registration.progress import next_due, pass_time, take_effect
from services.registration.proposals import read_proposal
from services.registration.register import MeteringPoint, SwitchStatus
from services.registration.retrieving import Update, outcome, update_retriever
from services.registration.switching import apply_status, read_switch, site_information

Outcome = tuple[MeteringPoint | None, Sequence[Outgoing]]

CSS: Final = "CSS"
registry: Final = HandlerRegistry(MeteringPoint)
take_sending_orders(registry)
maintain(registry)


@registry.command("load_mpan")
def load_mpan(point: MeteringPoint | None, incoming: Incoming, now: datetime, world: World) -> Outcome:
    """Put a metering point into the register, in place of what was there.

    Raises ValueError for site data that cannot be used: a fault of the harness.
    """
    loaded = metering_point(incoming.mpan, incoming.to, incoming.message, now)
    return loaded, [JournalNote(Kind.HARNESS_PREPARED, {"command": incoming.name})]


@registry.command("stand_back")
def keep_silent(point: MeteringPoint | None, incoming: Incoming, now: datetime, world: World) -> Outcome:
    """Send nothing about the MPAN, or not the interfaces named. Raises LookupError for one not loaded."""
    if point is None:
        raise LookupError(f"{incoming.mpan} is not in the register")
    return stand_back(point, incoming, now, world)


@registry.css(css.PENDING_REGISTRATION)
def registration_pending(
    point: MeteringPoint | None, incoming: Incoming, now: datetime, world: World
) -> Outcome:
    """CSS02800: remember the switch and tell the incoming supplier about the site (IF-002)."""
    received = _css_note(Kind.CSS_MESSAGE, incoming)
    switch, problems = read_switch(incoming.message, world)
    problems = (*_not_from_css(incoming), *problems)
    if point is None:
        problems = (*problems, world.catalogue.code_text(UNKNOWN_MPAN))
    if point is None or switch is None or problems:
        return point, [received, _css_note(Kind.CSS_REFUSED, incoming, problems)]
    if point.switch(switch.registration_id) is not None:
        return point, [received]
    return point.with_switch(switch), [received, site_information(point, switch)]


@registry.css(css.REGISTRATION_STATUS)
def registration_status(
    point: MeteringPoint | None, incoming: Incoming, now: datetime, world: World
) -> Outcome:
    """CSS02370: a switch is confirmed, secured or cancelled, with all that follows from it.

    Nothing lapses for want of the very news that this message brings.
    """
    received, header = _css_note(Kind.CSS_MESSAGE, incoming), css.header(incoming.message)
    switch = point.switch(header.registration_id) if point is not None else None
    problems = _not_from_css(incoming)
    if switch is None:
        text = f"/data/registrationId: no switch {header.registration_id} of {incoming.mpan} is known"
        problems = (*problems, text)
    if point is None or switch is None or problems:
        return point, [received, _css_note(Kind.CSS_REFUSED, incoming, problems)]
    point, late = take_effect(point, now)
    point, messages = apply_status(point, switch, SwitchStatus(str(header.status)))
    after, following = pass_time(point, now, world)
    return after, [received, *late, *messages, *following]


@registry.timer(next_due)
def time_has_passed(point: MeteringPoint | None, incoming: Incoming, now: datetime, world: World) -> Outcome:
    """A supply start date, the first day of a service or the last day for an answer has come."""
    return (None, []) if point is None else pass_time(point, now, world)


@registry.command("clock_advanced")
def clock_advanced(point: MeteringPoint | None, incoming: Incoming, now: datetime, world: World) -> Outcome:
    """The business clock of the MPAN has moved: what was due by now happens."""
    done = JournalNote(Kind.HARNESS_PREPARED, {"command": incoming.name})
    if point is None:
        return None, [done]
    after, messages = pass_time(point, now, world)
    return after, [*messages, done]


@registry.handles("PUB-031", METERING.event("App"))
def metering_service_proposed(
    point: MeteringPoint | None, incoming: Incoming, now: datetime, world: World
) -> Outcome:
    """IF-031 [MSApp]: check and answer (IF-032), then ask the provider (IF-033)."""
    return _proposed(point, incoming, METERING, now, world)


@registry.handles("PUB-031", DATA.event("App"))
def data_service_proposed(
    point: MeteringPoint | None, incoming: Incoming, now: datetime, world: World
) -> Outcome:
    """IF-031 [DSApp]: check and answer (IF-032), then ask the provider (IF-033)."""
    return _proposed(point, incoming, DATA, now, world)


@registry.handles("PUB-034", METERING.event("AppSPResponse"))
def metering_service_answered(
    point: MeteringPoint | None, incoming: Incoming, now: datetime, world: World
) -> Outcome:
    """IF-034 [MSAppSPResponse]: tell supplier and provider how it ended (IF-035)."""
    return _answered(point, incoming, METERING, now, world)


@registry.handles("PUB-034", DATA.event("AppSPResponse"))
def data_service_answered(
    point: MeteringPoint | None, incoming: Incoming, now: datetime, world: World
) -> Outcome:
    """IF-034 [DSAppSPResponse]: tell supplier and provider how it ended (IF-035)."""
    return _answered(point, incoming, DATA, now, world)


@registry.handles("PUB-034", "[SDS-MDRUpdate]")
def retriever_updated(
    point: MeteringPoint | None, incoming: Incoming, now: datetime, world: World
) -> Outcome:
    """IF-034 [SDS-MDRUpdate]: check and answer (IF-035 [SDS-MDROutcome])."""
    header, custom = envelope.header(incoming.message), envelope.custom(incoming.message)
    update = Update(header.sender or "", custom, header.initial_correlation_id)
    if point is None:
        return None, [outcome(update, incoming.to, _mpan_block(incoming), (UNKNOWN_MPAN,), world)]
    point, late = pass_time(point, now, world)
    after, answer = update_retriever(point, update, now, world)
    return after, [*late, answer]


def _proposed(
    point: MeteringPoint | None, incoming: Incoming, kind: ServiceKind, now: datetime, world: World
) -> Outcome:
    proposal = read_proposal(incoming.message, kind)
    if point is not None:
        point, late = pass_time(point, now, world)
        after, messages = decide(point, proposal, now, world)
        return after, [*late, *messages]
    return None, [refuse_unknown_mpan(proposal, incoming.to, _mpan_block(incoming), world)]


def _answered(
    point: MeteringPoint | None, incoming: Incoming, kind: ServiceKind, now: datetime, world: World
) -> Outcome:
    if point is None:
        return None, []
    provider = envelope.header(incoming.message).sender or ""
    point, late = pass_time(point, now, world)
    answer = envelope.custom(incoming.message)["B007"]
    after, messages = provider_answered(point, kind, provider, answer, world)
    return after, [*late, *messages]


def _mpan_block(incoming: Incoming) -> MpanBlock:
    """Block M0 as it came, for an answer about an MPAN that is not in the register."""
    header = envelope.header(incoming.message)
    return MpanBlock(incoming.mpan, header.distributor_dip_id or "", header.gsp_group or "")


def _not_from_css(incoming: Incoming) -> tuple[str, ...]:
    """A party with an API key can reach this service too, but only CSS decides about switches."""
    if incoming.sender == CSS:
        return ()
    return (f"only CSS announces registrations; this comes from {incoming.sender or 'an unknown party'}",)


def _css_note(kind: Kind, incoming: Incoming, problems: Sequence[str] = ()) -> JournalNote:
    header = css.header(incoming.message)
    return JournalNote(
        kind,
        {"problems": list(problems)} if problems else {},
        interface=incoming.name,
        sender=incoming.sender,
        recipient=incoming.to,
        reference=header.event_id,
        correlation_id=header.correlation_id,
        body=orjson.dumps(incoming.message).decode(),
    )
