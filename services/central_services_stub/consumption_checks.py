"""How the market-wide data service checks half-hourly consumption (IF-021), one function per rule. Pure.

Each check answers whether its rule is *broken*. Codes and their wording are the market's; where the published
material leaves the exact condition open, the docstring says how the rule is read here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final

FINAL_RUN_DAYS: Final = 14 * 31
HALF_HOUR: Final = timedelta(minutes=30)
_QUANTITIES: Final[Mapping[str, tuple[str, ...]]] = {
    "[ActivePower]": ("AI", "AE"),
    "[ReactivePower]": ("RI", "RE"),
}
_AMENDED: Final = "9"


@dataclass(frozen=True, slots=True)
class Period:
    """A half hour: its end, its settlement day, its value in kWh and what is said of it.

    ``end`` and ``day`` are None where they cannot be read.
    """

    end: datetime | None
    day: datetime | None
    value: float
    quality: str
    estimation_reason: str | None
    amendment_reason: str | None

    @property
    def estimated(self) -> bool:
        """Whether the quality says that it is not actual."""
        return not self.quality.startswith("A")


@dataclass(frozen=True, slots=True)
class Submission:
    """A message, and what settlement knows of the MPAN. ``energised`` None: nothing is known."""

    event: str
    custom: Mapping[str, Any]
    now: datetime
    energised: bool | None = None
    disconnected: bool = False

    def periods(self) -> Sequence[Period]:
        """All half hours of the message, in its order."""
        return [_period(day, one) for day in self.days() for one in day["consumptionPeriods"]]

    def days(self) -> Sequence[Mapping[str, Any]]:
        """The settlement days of the message."""
        found: Sequence[Mapping[str, Any]] = self.custom["B900"]["settlementDayConsumptionPeriods"]
        return found

    def ends(self) -> list[datetime]:
        """The ends of the half hours that can be read, in order of time."""
        return sorted(period.end for period in self.periods() if period.end is not None)


def wrong_quantity(given: Submission) -> bool:
    """ECS1002: active power is measured as AI or AE, reactive power as RI or RE."""
    return given.custom["B900"]["MQID"]["measurementQuantityID"] not in _QUANTITIES.get(given.event, ())


def too_late(given: Submission) -> bool:
    """ECS1003: the half hours are not older than the final run (RF), 14 months; the length is ours."""
    return any(end < given.now - timedelta(days=FINAL_RUN_DAYS) for end in given.ends())


def end_does_not_fit(given: Submission) -> bool:
    """ECS1005: a half hour ends on the hour or half past, within its settlement day."""
    return any(not _fits(period) for period in given.periods())


def duplicated(given: Submission) -> bool:
    """ECS1006: no half hour is given twice."""
    return any(later == earlier for earlier, later in pairwise(given.ends()))


def overlapping(given: Submission) -> bool:
    """ECS1007: half hours do not overlap."""
    return any(timedelta(0) < later - earlier < HALF_HOUR for earlier, later in pairwise(given.ends()))


def estimated_while_de_energised(given: Submission) -> bool:
    """ECS1008: of an MPAN that is not energised only actual consumption is taken."""
    return given.energised is False and any(period.estimated for period in given.periods())


def after_disconnection(given: Submission) -> bool:
    """ECS1009: nothing is recorded for an MPAN that is disconnected or terminated."""
    return given.disconnected


def negative(given: Submission) -> bool:
    """ECS1010: consumption is not negative."""
    return any(period.value < 0 for period in given.periods())


def not_zero(given: Submission) -> bool:
    """ECS1011: with a quality of type ZE consumption is zero."""
    return any(period.quality.startswith("ZE") and period.value != 0 for period in given.periods())


def before_connection_type(given: Submission) -> bool:
    """ECS1013: no half hour ends before the connection type that the message names began."""
    since = _moment(given.custom["B067"]["connectionTypeEffectiveFromDate"])
    return since is not None and any(end <= since for end in given.ends())


def day_not_utc(given: Submission) -> bool:
    """ECS1014: a settlement day begins at 00:00:00 UTC."""
    return any(not _is_utc_midnight(_day(day)) for day in given.days())


def reason_missing(given: Submission) -> bool:
    """ECS1015: what is estimated says for what reason."""
    return any(period.estimated and period.estimation_reason is None for period in given.periods())


def amendment_reason_missing(given: Submission) -> bool:
    """ECS1016: what is estimated because of a consumption amendment says for what reason it was amended."""
    return any(one.estimation_reason == _AMENDED and not one.amendment_reason for one in given.periods())


RULES: Final[Mapping[str, Callable[[Submission], bool]]] = {
    "ECS1002": wrong_quantity,
    "ECS1003": too_late,
    "ECS1005": end_does_not_fit,
    "ECS1006": duplicated,
    "ECS1007": overlapping,
    "ECS1008": estimated_while_de_energised,
    "ECS1009": after_disconnection,
    "ECS1010": negative,
    "ECS1011": not_zero,
    "ECS1013": before_connection_type,
    "ECS1014": day_not_utc,
    "ECS1015": reason_missing,
    "ECS1016": amendment_reason_missing,
}


def broken(given: Submission) -> tuple[str, ...]:
    """The codes of every rule that a submission breaks."""
    return tuple(code for code, rule in RULES.items() if rule(given))


def consumes_while_de_energised(given: Submission) -> bool:
    """Whether there is consumption at an MPAN that is not energised: taken, with a warning."""
    return given.energised is False and any(period.value > 0 for period in given.periods())


def _period(day: Mapping[str, Any], one: Mapping[str, Any]) -> Period:
    return Period(
        end=_moment(one["sp"]),
        day=_day(day),
        value=float(one["v"]),
        quality=one["q"],
        estimation_reason=one.get("e"),
        amendment_reason=one.get("arc"),
    )


def _fits(period: Period) -> bool:
    if period.end is None or period.day is None:
        return False
    into_the_day = period.end - period.day
    return into_the_day % HALF_HOUR == timedelta(0) and period.day < period.end <= period.day + timedelta(
        days=1
    )


def _day(day: Mapping[str, Any]) -> datetime | None:
    return _moment(day["settlementDay"]["settlementDayDate"])


def _is_utc_midnight(moment: datetime | None) -> bool:
    return moment is not None and moment.astimezone(UTC).time() == datetime.min.time()


def _moment(text: str) -> datetime | None:
    """The schema only counts characters."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
