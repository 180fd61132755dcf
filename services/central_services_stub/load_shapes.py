"""Load shapes (IF-022) of one settlement day, as the load shaping service is ordered to send them. Pure.

They carry no MPAN: they are about a group of metering points, and go to every supplier and data service.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from backbone.clock import dip_timestamp
from participant.consumption import HALF_HOUR, MINUTES, Consumption
from participant.submissions import Arguments, Submission


class LoadShape(Arguments):
    """Arguments of ``send_load_shape``: a UTC settlement day, as a date or a moment in it, and the group.

    ``value``: for each of its 48 half hours, or one value for all. ``gsp_group`` null: every group. The rest
    are the fields of blocks B051 and B052 in the message standard.
    """

    day: str
    gsp_group: str | None = None
    connection_type: Literal["W", "L", "H", "E", "U"] = "W"
    market_segment: Literal["S", "A", "U"] = "S"
    domestic: bool = True
    measurement_quantity: Literal["AI", "AE", "RI", "RE"] = "AI"
    value: str | tuple[str, ...] = "0.250"
    flag: Literal["A", "D", "E", "B"] = "A"
    correlation_id: str | None = None
    reference: str | None = None
    may_be_refused: bool = False

    def submission(self, now: datetime) -> Submission:
        """The message. Raises ValueError for a day that cannot be read, or values that are not 48."""
        ends = Consumption(day=self.day).period_ends(now)
        day = {"settlementDayDate": dip_timestamp(ends[0] - HALF_HOUR), "periodDuration": MINUTES}
        shape = {"LSGroup": self._group(), "LSGroupSettlementPeriods": self._periods(ends)}
        return Submission(
            interface="IF-022",
            event="[LSSPeriodData]",
            blocks={"B903List": [{"settlementDay": day, "LSGSettlementPeriods": [shape]}]},
            correlation_id=self.correlation_id,
            reference=self.reference,
        )

    def _group(self) -> dict[str, Any]:
        return {
            "loadShapeGSPGroupID": self.gsp_group,
            "connectionTypeIndicator": self.connection_type,
            "marketSegmentIndicator": self.market_segment,
            "loadShapeDomesticPremiseIndicator": "T" if self.domestic else "F",
            "measurementQuantityID": self.measurement_quantity,
        }

    def _periods(self, ends: Sequence[datetime]) -> list[dict[str, str]]:
        values = self.value if isinstance(self.value, tuple) else (self.value,) * len(ends)
        if len(values) != len(ends):
            raise ValueError(f"the day has {len(ends)} half hours, and {len(values)} values are given")
        return [
            {"sp": dip_timestamp(end), "loadShapePeriodValue": value, "defaultLoadShapeFlag": self.flag}
            for end, value in zip(ends, values, strict=True)
        ]
