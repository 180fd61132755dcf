"""What suppliers maintain: consent, in-home display, smart meter system operator, SSC; IF-025 → IF-026."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from participant.handlers import DipOut
from services.registration.changes import ChangeCase, Rules, answer, broken
from services.registration.register import MeteringPoint
from services.registration.segment_checks import CONSENTS

ANSWER: Final = "IF-026"
_PROFILE_CLASSES: Final = frozenset(range(9))
Fact = tuple[str, str, str]  # name in the register, field of the message, field of its date


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind of supplier data: its block, and what of the register it sets."""

    block: str
    facts: Sequence[Fact]
    needs_meter: bool = True


KINDS: Final[Mapping[str, Kept]] = {
    "ConsentGranularity": Kept(
        "B068",
        (("consent_granularity", "consentGranularity", "consentGranularityEffectiveFromDate"),),
        needs_meter=False,
    ),
    "IHDInfo": Kept("B030", (("in_home_display", "IHDInstallStatus", "IHDEffectiveFromDate"),)),
    "SMSO": Kept("B031", (("smso", "SMSOID", "SMSOEffectiveFromDate"),)),
    "SSCandProfileClass": Kept(
        "B032",
        (
            ("profile_class", "profileClass", "profileClassEffectiveFromDate"),
            ("ssc", "SSC", "SSCEffectiveFromDate"),
        ),
    ),
}


def connection_is_unmetered(case: ChangeCase) -> bool:
    """REG0003: what belongs to a meter cannot be set for an unmetered connection."""
    return _kept(case).needs_meter and case.point.site.connection_type == "U"


def segment_is_unmetered(case: ChangeCase) -> bool:
    """REG0004: what belongs to a meter cannot be set in segment U."""
    return _kept(case).needs_meter and case.point.site.market_segment == "U"


def registration_unknown(case: ChangeCase) -> bool:
    """REG0005: a quoted CSS registration ID has to be known for this MPAN."""
    return case.registration is not None and case.switch is None


def registration_of_other_supplier(case: ChangeCase) -> bool:
    """REG0006: a quoted CSS registration has to be of the sender's own switch."""
    return case.switch is not None and case.switch.supplier.dip_id != case.change.sender


def already_empty(case: ChangeCase) -> bool:
    """REG0009: what the register does not hold cannot be taken out of it."""
    return any(
        field in _block(case) and _block(case)[field] is None and getattr(case.point.site, name) is None
        for name, field, _ in _kept(case).facts
        if len(_kept(case).facts) == 1
    )


def out_of_sequence(case: ChangeCase) -> bool:
    """REG1014: the day of the change cannot be before that of what is held (profile class: REG1041)."""
    return any(_older(case, fact) for fact in _kept(case).facts if fact[0] != "profile_class")


def not_the_current_supplier(case: ChangeCase) -> bool:
    """REG1021: the sender has to be the current supplier, or the one that quotes its own switch."""
    own = case.switch is not None and case.switch.supplier.dip_id == case.change.sender
    return not own and case.point.supplier.dip_id != case.change.sender


def unreadable(case: ChangeCase) -> bool:
    """REG1022: the dates have to be readable."""
    return any(
        _block(case).get(date) is not None and _since(case, date) is None for *_, date in _kept(case).facts
    )


def consent_is_retrospective(case: ChangeCase) -> bool:
    """REG1024: consent cannot change before today."""
    since = case.change.moment("B068", "consentGranularityEffectiveFromDate")
    return since is not None and case.days_ahead(since) < 0


def consent_does_not_fit_segment(case: ChangeCase) -> bool:
    """REG1035: outside segment S consent has to be H, half-hourly; in S it is H, D, M or N."""
    consent = case.change.custom.get("B068", {}).get("consentGranularity")
    return consent is not None and consent not in CONSENTS[case.point.site.market_segment]


def profile_class_not_later(case: ChangeCase) -> bool:
    """REG1041: a profile class begins after the one that is held."""
    held, since = case.point.since_of("profile_class"), _since(case, "profileClassEffectiveFromDate")
    return since is not None and case.point.site.profile_class is not None and since <= held


def profile_class_unknown(case: ChangeCase) -> bool:
    """REG1045: a profile class is 0 to 8."""
    profile_class = case.change.custom.get("B032", {}).get("profileClass")
    return profile_class is not None and int(profile_class) not in _PROFILE_CLASSES


def date_missing(case: ChangeCase) -> bool:
    """REG1088: what is set has to have its date."""
    return any(
        _block(case).get(field) is not None and _block(case).get(date) is None
        for _, field, date in _kept(case).facts
    )


def display_before_meter(case: ChangeCase) -> bool:
    """REG1096: an in-home display is not there before the first meter."""
    since = case.change.moment("B030", "IHDEffectiveFromDate")
    installed = [meter.installed or case.point.since for meter in case.point.site.meters]
    return since is not None and bool(installed) and since < min(installed)


RULES: Final[Rules] = {
    "REG0003": connection_is_unmetered,
    "REG0004": segment_is_unmetered,
    "REG0005": registration_unknown,
    "REG0006": registration_of_other_supplier,
    "REG0009": already_empty,
    "REG1014": out_of_sequence,
    "REG1021": not_the_current_supplier,
    "REG1022": unreadable,
    "REG1024": consent_is_retrospective,
    "REG1035": consent_does_not_fit_segment,
    "REG1041": profile_class_not_later,
    "REG1045": profile_class_unknown,
    "REG1088": date_missing,
    "REG1096": display_before_meter,
}


def change_supplier_data(case: ChangeCase) -> tuple[MeteringPoint, DipOut]:
    """Check what a supplier sets and answer it; what passes is held from its date on."""
    point, codes = case.point, broken(RULES, case)
    after = point
    for name, field, date in () if codes else _kept(case).facts:
        if field in _block(case):
            after = after.with_fact(name, _block(case)[field], _since(case, date))
    return after, answer(
        case.change, ANSWER, point.registration_service, point.mpan_block(), codes, case.world
    )


def _kept(case: ChangeCase) -> Kept:
    return KINDS[case.change.event.strip("[]")]


def _block(case: ChangeCase) -> Mapping[str, Any]:
    found: Mapping[str, Any] = case.change.custom[_kept(case).block]
    return found


def _since(case: ChangeCase, date: str) -> datetime | None:
    return case.change.moment(_kept(case).block, date)


def _older(case: ChangeCase, fact: Fact) -> bool:
    name, _, date = fact
    since = _since(case, date)
    return since is not None and since < case.point.since_of(name)
