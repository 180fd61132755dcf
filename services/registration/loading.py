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
        raise ValueError(f"GSPGroupID is needed: distributor {mpan[:2]} may be in any GSP group")
    return MeteringPoint(
        mpan=mpan,
        registration_service=registration_service,
        since=since,
        site=site.model_copy(update={"gsp_group": group}),
        supplier=Holder(
            dip_id=site.supplier_dip_id,
            mpid=site.supplier_mpid,
            effective_from=site.supplier_from or since,
        ),
        metering_service=_appointment(
            site.metering_service_dip_id, site.metering_service_mpid, site.metering_service_from or since
        ),
        data_service=_appointment(
            site.data_service_dip_id, site.data_service_mpid, site.data_service_from or since
        ),
        meter_data_retriever=_appointment(site.retriever_dip_id, site.retriever_mpid, since),
    )


def _appointment(dip_id: str | None, mpid: str | None, effective_from: datetime) -> Appointment | None:
    """Raises ValueError for a DIP ID without an MPID, or the other way round."""
    if dip_id is None and mpid is None:
        return None
    if dip_id is None or mpid is None:
        raise ValueError("a service is given by both its DIP ID and its MPID")
    return Appointment(dip_id=dip_id, mpid=mpid, effective_from=effective_from)
