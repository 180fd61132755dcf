"""The switches that CSS knows of one MPAN, and what it tells others about them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from pydantic import BaseModel, ConfigDict

from backbone.clock import uk_midnight
from contracts import css
from participant.standing_back import StandsBack

_REGISTRATIONS: Final = uuid5(NAMESPACE_URL, "registrations of the Central Switching Service")
OPEN: Final = frozenset({"Pending", "Confirmed"})


class Registration(BaseModel):
    """One switch. ``request``: the CSS01700 that began it, as it came."""

    model_config = ConfigDict(frozen=True)

    registration_id: str
    supplier_mpid: str
    supplier_dip_id: str | None = None
    request: dict[str, Any]
    status: str = "Pending"

    @property
    def open(self) -> bool:
        """Whether it is still to be decided whether the switch happens."""
        return self.status in OPEN

    @property
    def supply_start(self) -> datetime | None:
        """The UK-local midnight that begins the day on which the supply is to start."""
        asked = css.header(self.request).supply_start_date
        return None if asked is None else uk_midnight(asked)

    def pending(self, now: datetime) -> dict[str, Any]:
        """CSS02800 for this switch."""
        return css.pending_registration(
            self.request,
            registration_id=self.registration_id,
            now=now,
            supplier_dip_id=self.supplier_dip_id,
        )


class MpanSwitches(StandsBack):
    """All switches of one MPAN, oldest first.

    ``registration_service``: MPID of the registration service that is told, None for the harness's own.
    ``held``: whether CSS leaves its switches unsecured when their supply start date comes.
    """

    model_config = ConfigDict(frozen=True)

    registrations: tuple[Registration, ...] = ()
    registration_service: str | None = None
    held: bool = False

    def by_request(self, request: Mapping[str, Any]) -> Registration | None:
        """The switch that this very request began."""
        return next((r for r in self.registrations if r.request == request), None)

    def by_id(self, registration_id: str | None) -> Registration | None:
        """The switch with this registration ID; the newest one for None."""
        found = (r for r in reversed(self.registrations) if registration_id in (None, r.registration_id))
        return next(found, None)

    def pending(self) -> Registration | None:
        """The switch under way, if there is one."""
        return next((r for r in self.registrations if r.open), None)

    def next_start(self) -> datetime | None:
        """The supply start date on which CSS is to secure a switch by itself."""
        starts = [r.supply_start for r in self.registrations if r.open and not self.held]
        return min((start for start in starts if start is not None), default=None)

    def starting(self, now: datetime) -> tuple[Registration, ...]:
        """The switches under way whose supply start date has come."""
        return tuple(
            r for r in self.registrations if r.open and r.supply_start is not None and r.supply_start <= now
        )

    def with_registration(self, registration: Registration) -> MpanSwitches:
        """The same switches with one added, or put in place of the one with its ID."""
        others = tuple(r for r in self.registrations if r.registration_id != registration.registration_id)
        return self.model_copy(update={"registrations": (*others, registration)})


def begin(request: Mapping[str, Any], incoming_id: str, supplier_dip_id: str | None = None) -> Registration:
    """A new switch. Its registration ID follows from what came in, so a repetition gives the same one."""
    header = css.header(request)
    return Registration(
        registration_id=str(uuid5(_REGISTRATIONS, incoming_id)),
        supplier_mpid=header.supplier_mpid or "",
        supplier_dip_id=supplier_dip_id,
        request=dict(request),
    )
