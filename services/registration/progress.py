"""What the passing of time does to a metering point: changes take effect, and what was too late lapses.

Time is looked at when ``next_due`` has come, and before anything else that comes in for the metering point
is dealt with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from backbone.clock import uk_midnight
from participant.handlers import DipOut, World
from services.registration import site_blocks
from services.registration.activation import CHANGE_OF_SUPPLIER, service_ends
from services.registration.appointments import lapse
from services.registration.kinds import DATA, METERING, ServiceKind
from services.registration.register import MeteringPoint, Request, uk_stamp

Step = tuple[MeteringPoint, Sequence[DipOut]]

LATE_AFTER_DAYS: Final[Mapping[str, int]] = {"COS": 1, "MCS": 1, "SEG": 29}
REASON_OF_LAPSE: Final[Mapping[str, str]] = {"SEG": "REG1037"}


def pass_time(point: MeteringPoint, now: datetime, world: World) -> Step:
    """The metering point as it is at ``now``, and what that means for others."""
    point, lapsed = lapse_what_is_late(point, now, world)
    point, changed = take_effect(point, now)
    return point, [*lapsed, *changed]


def take_effect(point: MeteringPoint, now: datetime) -> Step:
    """The suppliers and services whose day has come serve the metering point."""
    point, ended = change_supplier(point, now)
    point, moved = change_services(point, now)
    return point, [*ended, *moved]


def next_due(point: MeteringPoint) -> datetime | None:
    """The next moment at which ``pass_time`` has something to do; None when it never will by itself."""
    coming = (point.next_supplier, point.next_metering_service, point.next_data_service)
    moments = [holder.effective_from for holder in coming if holder is not None]
    late = [late_from(point, request) for request in point.requests if request.open]
    return min([*moments, *(moment for moment in late if moment is not None)], default=None)


def lapse_what_is_late(point: MeteringPoint, now: datetime, world: World) -> Step:
    """Requests that were not taken up in time after the supply start date lapse."""
    messages: list[DipOut] = []
    for request in point.requests:
        late = late_from(point, request)
        if request.open and late is not None and now >= late:
            code = REASON_OF_LAPSE.get(request.proposal.scenario)
            point, told = lapse(point, request, code and world.catalogue.code_text(code))
            messages += told
    return point, messages


def late_from(point: MeteringPoint, request: Request) -> datetime | None:
    """The moment from which an open request is too late; None for one that may wait for ever.

    Only requests under a switch are tied to its supply start date: a change of supplier (COS, MCS) has until
    the end of that day, a change of segment (SEG) 28 days more. The length of that window is ours.
    """
    switch = point.switch(request.proposal.registration_id)
    days = LATE_AFTER_DAYS.get(request.proposal.scenario)
    return None if switch is None or days is None else uk_midnight(switch.supply_start, days)


def change_supplier(point: MeteringPoint, now: datetime) -> Step:
    """The incoming supplier takes over. A service that it has not appointed again ends that day."""
    gaining = point.next_supplier
    if gaining is None or now < gaining.effective_from:
        return point, []
    messages: list[DipOut] = []
    for kind in (METERING, DATA):
        point, told = _end_if_not_appointed(point, kind, uk_stamp(gaining.effective_from))
        messages += told
    return point.model_copy(update={"supplier": gaining, "next_supplier": None}), messages


def change_services(point: MeteringPoint, now: datetime) -> Step:
    """Confirmed services begin. One of another market segment takes the metering point there (IF-044)."""
    messages: list[DipOut] = []
    for kind in (METERING, DATA):
        coming = point.next(kind)
        if coming is None or now < coming.effective_from:
            continue
        point = point.with_current(kind, coming).with_next(kind, None)
        if coming.segment is not None and coming.segment != point.site.market_segment:
            point = point.with_segment(coming.segment, coming.effective_from)
            messages.append(_segment_changes(point))
    return point, messages


def _segment_changes(point: MeteringPoint) -> DipOut:
    site = site_blocks.site(point)
    return DipOut(
        sender=point.registration_service,
        interface="IF-044",
        event="[MarketSegmentChange]",
        custom={"B026": site["B026"], "B023": site["B023"]},
        mpan=point.mpan_block(),
    )


def _end_if_not_appointed(point: MeteringPoint, kind: ServiceKind, at: str) -> Step:
    """IF-037 without a successor, and IF-045 to remind of it."""
    current = point.current(kind)
    if current is None or point.next(kind) is not None:
        return point, []
    switch = next((s for s in point.switches if uk_stamp(s.supply_start) == at), None)
    ended = service_ends(point, kind, current, at, CHANGE_OF_SUPPLIER, switch=switch)
    reminder = DipOut(
        sender=point.registration_service,
        interface="IF-045",
        event=kind.no_appointment,
        custom={},
        mpan=point.mpan_block(),
    )
    return point.with_current(kind, None), [ended, reminder]
