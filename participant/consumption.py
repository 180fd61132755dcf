"""Half-hourly consumption (IF-021) of one day, as a data service of the harness is ordered to send it. Pure.

Settlement days are UTC days of 48 half hours; a UK day has 48, or 46 and 50 when the clocks change, and in
summer its first two belong to the UTC day before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any, Final, Literal, Self

from pydantic import Field, model_validator

from backbone.clock import UK, dip_timestamp, uk_midnight
from participant.submissions import Arguments, DipId, Submission

HALF_HOUR: Final = timedelta(minutes=30)
MINUTES: Final = 30
Change = Literal["lastSpringChange", "lastAutumnChange"]
_MONTH_OF: Final[Mapping[str, int]] = {"lastSpringChange": 3, "lastAutumnChange": 10}
_QUANTITY_OF: Final[Mapping[str, str]] = {"[ActivePower]": "AI", "[ReactivePower]": "RI"}


class Consumption(Arguments):
    """Arguments of ``send_consumption``. Exactly one of ``day`` and ``uk_day`` is given.

    ``day``: a UTC settlement day; ``uk_day``: a UK-local day, or the latest day before today on which the
    clocks changed. Either as a date or as a moment in it. ``consumption``: kWh for every period, or one value
    for each. ``connection_type_from``: by default the day itself. ``fields`` and the rest as for ``send``.
    """

    day: str | None = None
    uk_day: Change | str | None = None
    event: Literal["[ActivePower]", "[ReactivePower]"] = "[ActivePower]"
    measurement_quantity: Literal["AI", "AE", "RI", "RE"] | None = None
    consumption: str | tuple[str, ...] = "0.250"
    quality: str = "A"
    estimation_reason: str | None = None
    amendment_reason: str | None = None
    connection_type: Literal["W", "L", "H", "E", "U"] = "W"
    connection_type_from: str | None = None
    fields: dict[str, Any] = Field(default_factory=dict)
    distributor: DipId | None = None
    correlation_id: str | None = None
    reference: str | None = None
    may_be_refused: bool = False

    @model_validator(mode="after")
    def _one_day(self) -> Self:
        if (self.day is None) == (self.uk_day is None):
            raise ValueError("give one of day, ukDay")
        return self

    def period_ends(self, now: datetime) -> Sequence[datetime]:
        """The ends of the day's half hours, UTC. Raises ValueError for a day that cannot be read."""
        if self.day is not None:
            start = datetime.combine(_date(self.day, UTC), datetime.min.time(), UTC)
            return list(_ends(start, start + timedelta(days=1)))
        first = _uk_midnight_of(self.uk_day or "", now)
        return list(_ends(first, uk_midnight(first, 1)))

    def submission(self, issuer: str, now: datetime) -> Submission:
        """The message. ``issuer``: DIP ID of the data service. Raises ValueError."""
        ends = self.period_ends(now)
        since = self.connection_type_from or dip_timestamp(uk_midnight(ends[0] - HALF_HOUR))
        return Submission(
            interface="IF-021",
            event=self.event,
            blocks={
                "B044": {"issuingDataServiceDIPID": issuer},
                "B067": {
                    "connectionTypeIndicator": self.connection_type,
                    "connectionTypeEffectiveFromDate": since,
                },
                "B900": {
                    "MQID": {"measurementQuantityID": self.measurement_quantity or _QUANTITY_OF[self.event]},
                    "settlementDayConsumptionPeriods": self._days(ends),
                },
            },
            fields=self.fields,
            distributor=self.distributor,
            correlation_id=self.correlation_id,
            reference=self.reference,
        )

    def _days(self, ends: Sequence[datetime]) -> list[dict[str, Any]]:
        values = self.consumption if isinstance(self.consumption, tuple) else (self.consumption,) * len(ends)
        if len(values) != len(ends):
            raise ValueError(f"the day has {len(ends)} half hours, and {len(values)} values are given")
        periods = zip(ends, values, strict=True)
        return [
            {
                "settlementDay": {"settlementDayDate": dip_timestamp(day), "periodDuration": MINUTES},
                "consumptionPeriods": [self._period(end, value) for end, value in of_day],
            }
            for day, of_day in groupby(periods, key=lambda period: _utc_day(period[0]))
        ]

    def _period(self, end: datetime, value: str) -> dict[str, Any]:
        return {
            "sp": dip_timestamp(end),
            "v": value,
            "q": self.quality,
            "e": self.estimation_reason,
            "arc": self.amendment_reason,
        }


def _ends(start: datetime, finish: datetime) -> Iterator[datetime]:
    end = start.astimezone(UTC) + HALF_HOUR
    while end <= finish:
        yield end
        end += HALF_HOUR


def _utc_day(end: datetime) -> datetime:
    """The UTC midnight that begins the settlement day of the half hour with this end."""
    return (end - HALF_HOUR).replace(hour=0, minute=0)


def _uk_midnight_of(day: str, now: datetime) -> datetime:
    if day in _MONTH_OF:
        return _last_change(_MONTH_OF[day], now)
    return datetime.combine(_date(day, UK), datetime.min.time(), UK)


def _last_change(month: int, now: datetime) -> datetime:
    """The latest day before today on which the clocks changed in this month: its last Sunday."""
    today = now.astimezone(UK).date()
    changes = [_last_sunday(year, month) for year in (today.year, today.year - 1)]
    day = next(change for change in changes if change < today)
    return datetime.combine(day, datetime.min.time(), UK)


def _last_sunday(year: int, month: int) -> date:
    last = date(year, month, 31)  # March and October have 31 days
    return last - timedelta(days=(last.weekday() + 1) % 7)


def _date(text: str, zone: Any) -> date:
    """The day of a date or of a moment in it."""
    if "T" not in text:
        return date.fromisoformat(text)
    return datetime.fromisoformat(text).astimezone(zone).date()
