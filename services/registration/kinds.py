"""The two kinds of service a supplier appoints, and the names the message standard gives to their parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from contracts.identifiers import DATA_SERVICES, METERING_SERVICES
from participant.service_provider import DATA_SERVICE, METERING_SERVICE, ServiceProvider
from services.registration.site_data import Segment

KindName = Literal["metering", "data"]


@dataclass(frozen=True, slots=True)
class ServiceKind:
    """Metering service or data service.

    ``provider``: its event codes, its proposal's block and how it may answer. ``role_of_segment``: the DIP
    role that serves each market segment. ``mismatch``: the REG code for an MPID that is not the DIP ID's.
    """

    name: KindName
    title: str
    provider: ServiceProvider
    field_part: str
    contract_field: str
    roles: frozenset[str]
    role_of_segment: Mapping[Segment, str]
    mismatch: str

    @property
    def block(self) -> str:
        """``B070``"""
        return self.provider.proposal

    @property
    def no_appointment(self) -> str:
        """``[NoMSAppointed]``"""
        return f"[No{self.provider.prefix}Appointed]"

    @property
    def dip_id_field(self) -> str:
        """``proposedMeteringServiceDIPID``"""
        return f"proposed{self.field_part}DIPID"

    @property
    def mpid_field(self) -> str:
        """``proposedMeteringServiceMPID``"""
        return f"proposed{self.field_part}MPID"

    @property
    def date_field(self) -> str:
        """``proposedMeteringServiceDIPEffectiveFromDate``"""
        return f"proposed{self.field_part}DIPEffectiveFromDate"

    def segment_of(self, role: str) -> Segment | None:
        """The market segment that a DIP role serves; None for a role of another kind."""
        return next((segment for segment, serves in self.role_of_segment.items() if serves == role), None)

    def event(self, what: str) -> str:
        """The event code for ``what``: ``AppInitialResp`` gives ``[MSAppInitialResp]``."""
        return self.provider.event(what)


METERING: Final = ServiceKind(
    name="metering",
    title="metering service",
    provider=METERING_SERVICE,
    field_part="MeteringService",
    contract_field="contractReferenceMeteringService",
    roles=METERING_SERVICES,
    role_of_segment={"S": "MSS", "A": "MSA", "U": "UMSO"},
    mismatch="REG1090",
)
DATA: Final = ServiceKind(
    name="data",
    title="data service",
    provider=DATA_SERVICE,
    field_part="DataService",
    contract_field="contractReferenceDataService",
    roles=DATA_SERVICES,
    role_of_segment={"S": "SDS", "A": "ADS", "U": "UMSDS"},
    mismatch="REG1091",
)
KINDS: Final[Mapping[KindName, ServiceKind]] = {"metering": METERING, "data": DATA}
