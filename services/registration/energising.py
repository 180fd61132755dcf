"""Energisation: a metering service says that a metering point's status has changed, IF-007 → IF-008."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from backbone.clock import uk_midnight
from contracts.envelope import MpanBlock, ResponseBlock
from participant.handlers import DipOut, World
from services.registration.proposals import read_moment
from services.registration.register import MeteringPoint

EVENT: Final = "[EnergisationStatusChange]"
BLOCK: Final = "B025"


@dataclass(frozen=True, slots=True)
class Change:
    """What a metering service reports: block B025 of its message."""

    sender: str
    block: Mapping[str, Any]
    correlation_id: str | None

    @property
    def since(self) -> datetime | None:
        """From when; None where the date cannot be read."""
        return read_moment(self.block["energisationStatusEffectiveFromDate"])


@dataclass(frozen=True, slots=True)
class ChangeCase:
    """One change of one metering point, at one moment."""

    point: MeteringPoint
    change: Change
    now: datetime
    world: World

    @property
    def by_operator(self) -> bool:
        """Whether an unmetered supplies operator reports it: its sites have no meters."""
        sender = self.world.party(self.change.sender)
        return sender is not None and sender.role == "UMSO"


def connection_is_unmetered(case: ChangeCase) -> bool:
    """REG0003: of an unmetered connection only an unmetered supplies operator reports it."""
    return case.point.site.connection_type == "U" and not case.by_operator


def segment_is_unmetered(case: ChangeCase) -> bool:
    """REG0004: in segment U only an unmetered supplies operator reports it."""
    return case.point.site.market_segment == "U" and not case.by_operator


def not_appointed(case: ChangeCase) -> bool:
    """REG1002: the sender has to be the metering service that is appointed on the day of the change."""
    service, since = case.point.metering_service, case.change.since
    if service is None or service.dip_id != case.change.sender:
        return True
    return since is not None and since < service.effective_from


def out_of_sequence(case: ChangeCase) -> bool:
    """REG1014: the day of the change cannot be before that of the status held."""
    held, since = case.point.energisation_since, case.change.since
    return held is not None and since is not None and since < held


def in_the_future(case: ChangeCase) -> bool:
    """REG1020: the day of the change cannot be after today."""
    since = case.change.since
    return since is not None and uk_midnight(since) > uk_midnight(case.now)


def unreadable(case: ChangeCase) -> bool:
    """REG1022: the date has to be readable."""
    return case.change.since is None


RULES: Final[Mapping[str, Callable[[ChangeCase], bool]]] = {
    "REG0003": connection_is_unmetered,
    "REG0004": segment_is_unmetered,
    "REG1002": not_appointed,
    "REG1014": out_of_sequence,
    "REG1020": in_the_future,
    "REG1022": unreadable,
}


def change_energisation(
    point: MeteringPoint, change: Change, now: datetime, world: World
) -> tuple[MeteringPoint, DipOut]:
    """Check a change and answer it; one that passes is held from its date on."""
    case = ChangeCase(point, change, now, world)
    codes = [code for code, broken in RULES.items() if broken(case)]
    answer = notification(change, point.registration_service, point.mpan_block(), codes, world)
    since = change.since
    if codes or since is None:
        return point, answer
    return point.with_energisation(change.block["energisationStatus"], since), answer


def notification(change: Change, sender: str, mpan: MpanBlock, codes: Sequence[str], world: World) -> DipOut:
    """IF-008 to everybody who serves the metering point; a refusal also to whoever asked, who may not."""
    texts = tuple(world.catalogue.code_text(code) for code in codes)
    return DipOut(
        sender=sender,
        interface="IF-008",
        event=EVENT,
        custom={BLOCK: dict(change.block)},
        mpan=mpan,
        primary=(change.sender,) if texts else (),
        response=ResponseBlock("R", texts) if texts else ResponseBlock("A"),
        correlation_id=change.correlation_id,
    )
