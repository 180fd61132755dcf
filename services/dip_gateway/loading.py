"""Holdings as they are loaded: from JSON or YAML, for MPANs whose history did not pass through here. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from services.dip_gateway.errors import RequestInvalid
from services.dip_gateway.holdings import ALWAYS, Holding


class HoldingEntry(BaseModel):
    """One line: who holds which role for an MPAN, since when (empty: since ever), until when."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    mpan: str = Field(pattern=r"^\d{13}$")
    role: str = Field(pattern=r"^[A-Z]{3,5}$")
    dip_id: str = Field(alias="dipId", min_length=10, max_length=10)
    begins: AwareDatetime | None = Field(default=None, alias="from")
    ends: AwareDatetime | None = Field(default=None, alias="to")

    def holding(self) -> Holding:
        return Holding(self.mpan, self.role, self.dip_id, self.begins or ALWAYS, self.ends)


def read_holdings(values: object) -> list[Holding]:
    """Holdings from a list of entries, or one. Raises RequestInvalid with what is wrong where."""
    entries: Sequence[object] = values if isinstance(values, list) else [values]
    try:
        return [HoldingEntry.model_validate(entry).holding() for entry in entries]
    except ValidationError as fault:
        lines = [f"{'.'.join(map(str, e['loc'])) or 'entry'}: {e['msg']}" for e in fault.errors()]
        raise RequestInvalid("; ".join(lines)) from fault


def shown(holding: Holding) -> dict[str, str | None]:
    """A holding in the form it is loaded in."""
    return {
        "mpan": holding.mpan,
        "role": holding.role,
        "dipId": holding.dip_id,
        "from": None if holding.begins == ALWAYS else _text(holding.begins),
        "to": None if holding.ends is None else _text(holding.ends),
    }


def _text(moment: datetime) -> str:
    return moment.isoformat()
