"""What distributors and CSS maintain about a site: the register holds it and tells everybody.

IF-018, IF-043, IF-044 and IF-009; IF-050 where the registration status changes, IF-045 where the consent no
longer fits. What comes in from a distributor does not come through the DIP, so the harness orders it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import AwareDatetime, Field

from participant.handlers import DipOut
from services.registration import site_blocks
from services.registration.register import MeteringPoint, uk_stamp
from services.registration.segment_checks import CONSENTS
from services.registration.site_data import Facts, SiteData

Blocks = Mapping[str, Any]
ADDRESS: Final = frozenset(
    {"meteringPointPostcode", *(f"addressLine{number}" for number in range(1, 10)), "GSPGroupID"}
)


class SiteChange(Facts):
    """Arguments of ``change_site``. ``event``: with brackets. ``site_data``: the fields that change."""

    event: str
    effective_from: AwareDatetime
    site_data: dict[str, Any] = Field(default_factory=dict)
    additional_information: str | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """One event: its interface, the site data it may change, and what its message says of the site."""

    interface: str
    fields: frozenset[str]
    blocks: Callable[[MeteringPoint, SiteChange], Blocks]


def _only(*names: str) -> Callable[[MeteringPoint, SiteChange], Blocks]:
    def blocks(point: MeteringPoint, change: SiteChange) -> Blocks:
        held = {**site_blocks.supporting_data(point), **site_blocks.domestic_premises(point)}
        return {name: held[name] for name in names}

    return blocks


def _address(point: MeteringPoint, change: SiteChange) -> Blocks:
    since = {"GSPGroupEffectiveFromDate": uk_stamp(change.effective_from)}
    return {"B001": since, "B022": site_blocks.site(point)["B022"]}


def _disconnection(point: MeteringPoint, change: SiteChange) -> Blocks:
    return {
        "B041": {
            "disconnectionEffectiveFromDate": uk_stamp(change.effective_from),
            "additionalInformation": change.additional_information,
        }
    }


def _reconnection(point: MeteringPoint, change: SiteChange) -> Blocks:
    return {"B098": {"reconnectionEffectiveFromDate": uk_stamp(change.effective_from)}}


def _deregistration(point: MeteringPoint, change: SiteChange) -> Blocks:
    return {"B042": {"CSSMPANDeRegistrationDate": uk_stamp(change.effective_from)}}


KINDS: Final[Mapping[str, Kind]] = {
    "[AddressChg]": Kind("IF-018", ADDRESS, _address),
    "[GSPChg]": Kind("IF-018", ADDRESS, _address),
    "[DUOSTariffIDChg]": Kind("IF-018", frozenset({"DUOSTariffID"}), _only("B024")),
    "[DomPremInd]": Kind("IF-018", frozenset({"domesticPremiseIndicator"}), _only("B028")),
    "[EnergyDirection]": Kind("IF-018", frozenset({"energyDirection"}), _only("B023")),
    "[MUMIndicator]": Kind("IF-018", frozenset({"meteredIndicator"}), _only("B023")),
    "[DCCEnrolment]": Kind("IF-018", frozenset({"DCCServiceFlag"}), _only("B029")),
    "[ConnectionTypeChange]": Kind("IF-043", frozenset({"connectionTypeIndicator"}), _only("B023")),
    "[MarketSegmentChange]": Kind("IF-044", frozenset({"marketSegmentIndicator"}), _only("B026", "B023")),
    "[MPANDisconnection]": Kind("IF-009", frozenset(), _disconnection),
    "[MPANReconnection]": Kind("IF-009", frozenset(), _reconnection),
    "[CSSDeRegistration]": Kind("IF-009", frozenset(), _deregistration),
}
_STATUS_OF: Final[Mapping[str, tuple[str, str]]] = {  # RMP status, MP status
    "[MPANDisconnection]": ("T", "X"),
    "[MPANReconnection]": ("O", "T"),
    "[CSSDeRegistration]": ("T", "X"),
}


def change_site(point: MeteringPoint, change: SiteChange) -> tuple[MeteringPoint, Sequence[DipOut]]:
    """Hold the change and announce it. Raises ValueError for an event or a field that does not belong."""
    kind = KINDS.get(change.event)
    if kind is None:
        raise ValueError(f"{change.event or 'no event'} is none of {', '.join(KINDS)}")
    foreign = change.site_data.keys() - kind.fields
    if foreign:
        raise ValueError(f"{change.event} does not change {', '.join(sorted(foreign))}")
    after = _with_status(_applied(point, change), change)
    messages = [_message(after, kind.interface, change.event, kind.blocks(after, change))]
    if change.event in _STATUS_OF:
        messages.append(_message(after, "IF-050", "[MPStatusChange]", _statuses(change)))
    if _consent_no_longer_fits(point, after):
        messages.append(_message(after, "IF-045", "[ConsentGranularityInvalid]", {}))
    return after, messages


def _consent_no_longer_fits(before: MeteringPoint, after: MeteringPoint) -> bool:
    """Whether another market segment makes the consent that is held invalid."""
    held = after.site.consent_granularity
    moved = before.site.market_segment != after.site.market_segment
    return moved and held is not None and held not in CONSENTS[after.site.market_segment]


def _applied(point: MeteringPoint, change: SiteChange) -> MeteringPoint:
    names = {field.alias: name for name, field in SiteData.model_fields.items()}
    for field, value in change.site_data.items():
        name = names.get(field) or field
        checked = getattr(point.with_site_data({field: value}).site, name)
        if name == "market_segment":
            point = point.with_segment(checked, change.effective_from)
        else:
            point = point.with_fact(name, checked, change.effective_from)
    return point


def _with_status(point: MeteringPoint, change: SiteChange) -> MeteringPoint:
    if change.event not in _STATUS_OF:
        return point
    ended = None if change.event == "[MPANReconnection]" else change.effective_from
    return point.model_copy(update={"disconnected": ended})


def _statuses(change: SiteChange) -> Blocks:
    rmp, mp = _STATUS_OF[change.event]
    since = uk_stamp(change.effective_from)
    return {
        "B079": {
            "RMPStatus": rmp,
            "RMPStatusEffectiveFromDate": since,
            "MPStatus": mp,
            "MPStatusEffectiveFromDate": since,
        }
    }


def _message(point: MeteringPoint, interface: str, event: str, custom: Blocks) -> DipOut:
    return DipOut(point.registration_service, interface, event, custom, mpan=point.mpan_block())
