"""The command ``load_mpan``: a metering point enters the register."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from backbone.clock import uk_midnight
from contracts.identifiers import distributor_of, gsp_group_of
from services.registration.register import Appointment, MeteringPoint
from services.registration.site_data import Holder, SiteData

_YEARS_OF_HISTORY = timedelta(days=2 * 365)


def metering_point(
    mpan: str, registration_service: str, arguments: Mapping[str, Any], now: datetime
) -> MeteringPoint:
    """Read the arguments ``{"siteData": {…}}``, or the site data itself, into a fresh metering point.

    Facts without a date hold since two years before ``now``. Raises ValueError (pydantic's) for site data
    that cannot be used, or when neither it nor the MPAN tells the GSP group.
    """
    site = SiteData.model_validate(arguments.get("siteData", arguments))
    since = site.since or uk_midnight(now - _YEARS_OF_HISTORY)
    group = site.gsp_group or gsp_group_of(distributor_of(mpan))
    if group is None:
        raise ValueError(f"gspGroup is needed: distributor {mpan[:2]} may be in any GSP group")
    return MeteringPoint(
        mpan=mpan,
        registration_service=registration_service,
        since=since,
        site=site.model_copy(update={"gsp_group": group}),
        supplier=_dated(site.supplier, since),
        metering_service=_appointment(site.metering_service, since),
        data_service=_appointment(site.data_service, since),
    )


def _dated(holder: Holder, since: datetime) -> Holder:
    return holder.model_copy(update={"effective_from": holder.effective_from or since})


def _appointment(holder: Holder | None, since: datetime) -> Appointment | None:
    return None if holder is None else Appointment(**_dated(holder, since).model_dump())
