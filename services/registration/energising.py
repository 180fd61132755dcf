"""Energisation: a metering service says that a metering point's status has changed, IF-007 → IF-008."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from backbone.clock import uk_midnight
from participant.handlers import DipOut
from services.registration.changes import ChangeCase, Rules, answer, broken
from services.registration.register import MeteringPoint

EVENT: Final = "[EnergisationStatusChange]"
ANSWER: Final = "IF-008"
BLOCK: Final = "B025"


def connection_is_unmetered(case: ChangeCase) -> bool:
    """REG0003: of an unmetered connection only an unmetered supplies operator reports it."""
    return case.point.site.connection_type == "U" and not _by_operator(case)


def segment_is_unmetered(case: ChangeCase) -> bool:
    """REG0004: in segment U only an unmetered supplies operator reports it."""
    return case.point.site.market_segment == "U" and not _by_operator(case)


def not_appointed(case: ChangeCase) -> bool:
    """REG1002: the sender has to be the metering service that is appointed on the day of the change."""
    service, since = case.point.metering_service, _since(case)
    if service is None or service.dip_id != case.change.sender:
        return True
    return since is not None and since < service.effective_from


def out_of_sequence(case: ChangeCase) -> bool:
    """REG1014: the day of the change cannot be before that of the status held."""
    held, since = case.point.energisation_since, _since(case)
    return held is not None and since is not None and since < held


def in_the_future(case: ChangeCase) -> bool:
    """REG1020: the day of the change cannot be after today."""
    since = _since(case)
    return since is not None and uk_midnight(since) > uk_midnight(case.now)


def unreadable(case: ChangeCase) -> bool:
    """REG1022: the date has to be readable."""
    return _since(case) is None


RULES: Final[Rules] = {
    "REG0003": connection_is_unmetered,
    "REG0004": segment_is_unmetered,
    "REG1002": not_appointed,
    "REG1014": out_of_sequence,
    "REG1020": in_the_future,
    "REG1022": unreadable,
}


def change_energisation(case: ChangeCase) -> tuple[MeteringPoint, DipOut]:
    """Check a change and answer it; one that passes is held from its date on."""
    point, codes, since = case.point, broken(RULES, case), _since(case)
    told = answer(case.change, ANSWER, point.registration_service, point.mpan_block(), codes, case.world)
    if codes or since is None:
        return point, told
    return point.with_energisation(case.change.custom[BLOCK]["energisationStatus"], since), told


def _since(case: ChangeCase) -> datetime | None:
    return case.change.moment(BLOCK, "energisationStatusEffectiveFromDate")


def _by_operator(case: ChangeCase) -> bool:
    """Whether an unmetered supplies operator reports it: its sites have no meters."""
    sender = case.world.party(case.change.sender)
    return sender is not None and sender.role == "UMSO"
