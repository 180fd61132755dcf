"""What comes in to maintain a metering point: from the message to what the register holds and answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from backbone.journal.events import Kind
from contracts import envelope
from contracts.envelope import MpanBlock
from participant.handlers import DipOut, HandlerRegistry, Incoming, JournalNote, Outgoing, World
from services.registration import direct_contracts, energising, metering, relationships, supplier_data
from services.registration.cases import UNKNOWN_MPAN
from services.registration.changes import Change, ChangeCase, answer, response
from services.registration.progress import pass_time
from services.registration.proposals import read_moment
from services.registration.register import MeteringPoint
from services.registration.site_changes import SiteChange, change_site

Outcome = tuple[MeteringPoint | None, Sequence[Outgoing]]
Decide = Callable[[ChangeCase], tuple[MeteringPoint, DipOut]]
_ANSWERED: Final[tuple[tuple[str, str, Decide], ...]] = (
    ("PUB-005", metering.ANSWER, metering.change_meters),
    ("PUB-019", relationships.ANSWER, relationships.change_relationship),
    ("PUB-025", supplier_data.ANSWER, supplier_data.change_supplier_data),
    ("PUB-038", direct_contracts.ANSWER, direct_contracts.change_direct_contract),
)


def maintain(registry: HandlerRegistry[MeteringPoint]) -> None:
    """Take what changes the facts about a metering point."""
    for publication, interface, decide in _ANSWERED:
        registry.handles(publication)(_answering(interface, decide))
    energised = _answering(energising.ANSWER, energising.change_energisation)
    registry.handles("PUB-007", energising.EVENT)(energised)
    registry.handles("PUB-040")(annual_consumption)
    registry.command("change_site")(site_changed)


def _answering(
    interface: str, decide: Decide
) -> Callable[[MeteringPoint | None, Incoming, datetime, World], Outcome]:
    def handle(point: MeteringPoint | None, incoming: Incoming, now: datetime, world: World) -> Outcome:
        change = Change.read(incoming)
        if point is None:
            return None, [_unknown(change, interface, incoming, world)]
        point, late = pass_time(point, now, world)
        after, told = decide(ChangeCase(point, change, now, world))
        return after, [*late, told]

    return handle


def annual_consumption(
    point: MeteringPoint | None, incoming: Incoming, now: datetime, world: World
) -> Outcome:
    """IF-040: hold the annual consumption, unless what is held is of a later day. Nothing answers it."""
    if point is None:
        return None, []
    block = envelope.custom(incoming.message)["B059"]
    since = read_moment(block["annualConsumptionEffectiveFromDate"])
    if since is None or since < point.since_of("annual_consumption"):
        return point, []
    quality = block["annualConsumptionQualityIndicator"]
    held = point.with_fact("annual_consumption", block["annualConsumption"], since)
    return held.with_site(annual_consumption_quality=quality), []


def site_changed(point: MeteringPoint | None, incoming: Incoming, now: datetime, world: World) -> Outcome:
    """Order ``change_site``: hold what the distributor or CSS says of the site, and announce it.

    Raises LookupError for an MPAN that is not in the register, ValueError for what cannot be changed.
    """
    if point is None:
        raise LookupError(f"{incoming.mpan} is not in the register")
    point, late = pass_time(point, now, world)
    after, messages = change_site(point, SiteChange.model_validate(dict(incoming.message)))
    done = JournalNote(Kind.HARNESS_PREPARED, {"command": incoming.name})
    return after, [*late, *messages, done]


def _unknown(change: Change, interface: str, incoming: Incoming, world: World) -> DipOut:
    """The answer about an MPAN that is not in the register: nothing else can be checked."""
    header = envelope.header(incoming.message)
    block = MpanBlock(incoming.mpan, header.distributor_dip_id or "", header.gsp_group or "")
    if change.custom:
        return answer(change, interface, incoming.to, block, (UNKNOWN_MPAN,), world)
    return DipOut(
        incoming.to,
        interface,
        change.event,
        None,
        mpan=block,
        primary=(change.sender,),
        response=response((UNKNOWN_MPAN,), world),
        correlation_id=change.correlation_id,
    )
