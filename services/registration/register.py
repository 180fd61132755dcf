"""The MPAN register: one metering point with its site data, its services, its switch and its requests.

A metering point is the state that the registration service keeps per MPAN. It never changes in place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from backbone.clock import UK, dip_timestamp, uk_midnight
from contracts.envelope import MpanBlock
from participant.standing_back import StandsBack
from services.registration.kinds import KINDS, KindName, ServiceKind
from services.registration.site_data import (
    DipId,
    Energisation,
    Facts,
    Holder,
    Mpan,
    Party,
    RelatedMpans,
    Segment,
    SiteData,
)

Scenario = Literal["COS", "CSP", "USP", "SEG", "MCA", "MCS", "ALG"]


class SwitchStatus(StrEnum):
    """How far a switch has come at CSS."""

    PENDING = "Pending"
    CONFIRMED = "Confirmed"
    SECURED_ACTIVE = "SecuredActive"
    CANCELLED = "Cancelled"


class Switch(Facts):
    """A change of supplier known from CSS. ``supply_start``: a UK-local midnight."""

    registration_id: str
    supplier: Party
    supply_start: AwareDatetime
    domestic_premises: bool
    status: SwitchStatus = SwitchStatus.PENDING

    @property
    def open(self) -> bool:
        """Whether appointments may still be made under it."""
        return self.status is not SwitchStatus.CANCELLED


class Proposal(Facts):
    """What a supplier asks for in IF-031. ``effective_from`` is None where the date cannot be read.

    ``block`` is the proposal's block as it was sent; replies echo it. ``correlation_id`` is the one the
    DIP gave the request.
    """

    kind_name: KindName
    supplier_dip_id: str
    provider_dip_id: str
    provider_mpid: str
    effective_from: AwareDatetime | None
    scenario: str
    contract_reference: str | None
    registration_id: str | None
    correlation_id: str | None
    block: dict[str, Any]

    @property
    def kind(self) -> ServiceKind:
        """Metering service or data service."""
        return KINDS[self.kind_name]


class RequestStatus(StrEnum):
    """How far an accepted request for an appointment has come."""

    WITH_PROVIDER = "with provider"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    LAPSED = "lapsed"
    ACTIVE = "active"


class Request(Facts):
    """A proposal that passed the register's checks.

    ``supplier``: who asked. ``segment``: the market segment that the metering point is to move to.
    """

    proposal: Proposal
    supplier: Party
    segment: Segment | None = None
    status: RequestStatus = RequestStatus.WITH_PROVIDER

    @property
    def open(self) -> bool:
        """Whether it may still become an appointment."""
        return self.status in (RequestStatus.WITH_PROVIDER, RequestStatus.ACCEPTED)

    def to_come(self, now: datetime) -> bool:
        """Whether it is open, or confirmed and not yet effective."""
        date = self.proposal.effective_from
        planned = self.status is RequestStatus.ACTIVE and date is not None and date > now
        return self.open or planned


class Appointment(Holder):
    """A service that serves the metering point now or from a date that has been confirmed.

    ``segment``: the market segment that the metering point moves to with it, if it does (scenario SEG).
    """

    contract_reference: str | None = None
    segment: Segment | None = None


class MeteringPoint(Facts, StandsBack):
    """Everything the register holds about one MPAN.

    ``since``: date of every fact that carries none. ``next_metering_service`` and ``next_data_service``
    are confirmed and not yet effective. ``dated``: since when facts of the site hold that have changed, by
    their names in ``SiteData``. ``disconnected``: from when it is disconnected or terminated.
    """

    mpan: Mpan
    registration_service: DipId
    since: AwareDatetime
    site: SiteData
    segment_since: AwareDatetime | None = None
    energisation_since: AwareDatetime | None = None
    dated: dict[str, AwareDatetime] = Field(default_factory=dict)
    disconnected: AwareDatetime | None = None
    supplier: Holder
    next_supplier: Holder | None = None
    metering_service: Appointment | None = None
    next_metering_service: Appointment | None = None
    data_service: Appointment | None = None
    next_data_service: Appointment | None = None
    meter_data_retriever: Holder | None = None
    switches: tuple[Switch, ...] = ()
    requests: tuple[Request, ...] = Field(default=())

    def mpan_block(self) -> MpanBlock:
        """Block M0."""
        return MpanBlock(self.mpan, self.site.distributor_dip_id, self.site.gsp_group or "")

    def current(self, kind: ServiceKind) -> Appointment | None:
        """The service of this kind that is appointed now."""
        return self.metering_service if kind.name == "metering" else self.data_service

    def next(self, kind: ServiceKind) -> Appointment | None:
        """The service of this kind that is confirmed and not yet effective."""
        return self.next_metering_service if kind.name == "metering" else self.next_data_service

    def since_of(self, fact: str) -> datetime:
        """Since when a fact of the site holds, by its name in ``SiteData``."""
        return self.dated.get(fact, self.since)

    def with_site(self, **facts: object) -> MeteringPoint:
        """The same metering point with other facts about the site, by their names in ``SiteData``."""
        return self.model_copy(update={"site": self.site.model_copy(update=facts)})

    def with_site_data(self, fields: Mapping[str, Any]) -> MeteringPoint:
        """The same with fields in the message standard's names. Raises ValueError for what cannot be used."""
        known = self.site.model_dump(by_alias=True)
        return self.model_copy(update={"site": SiteData.model_validate({**known, **fields})})

    def with_fact(self, fact: str, value: object, since: datetime | None) -> MeteringPoint:
        """The same metering point with one fact of the site changed since that day."""
        dated = self.dated | ({fact: since} if since is not None else {})
        return self.with_site(**{fact: value}).model_copy(update={"dated": dated})

    def relations(self) -> tuple[RelatedMpans, ...]:
        """The pairs of related MPANs that this one is part of."""
        return (*((self.site.related,) if self.site.related else ()), *self.site.more_related)

    def with_relations(self, pairs: Sequence[RelatedMpans]) -> MeteringPoint:
        """The same metering point with these pairs of related MPANs."""
        return self.with_site(related=next(iter(pairs), None), more_related=tuple(pairs[1:]))

    def with_segment(self, segment: Segment, since: datetime) -> MeteringPoint:
        """The same metering point, in another market segment since that day."""
        site = self.site.model_copy(update={"market_segment": segment})
        return self.model_copy(update={"site": site, "segment_since": since})

    def with_energisation(self, status: Energisation, since: datetime) -> MeteringPoint:
        """The same metering point, energised or de-energised since that day."""
        site = self.site.model_copy(update={"energisation": status})
        return self.model_copy(update={"site": site, "energisation_since": since})

    def with_current(self, kind: ServiceKind, service: Appointment | None) -> MeteringPoint:
        """The same metering point with another service of this kind, or none, from now on."""
        return self.model_copy(update={f"{kind.name}_service": service})

    def with_next(self, kind: ServiceKind, service: Appointment | None) -> MeteringPoint:
        """The same metering point with another confirmed service of this kind, or none."""
        return self.model_copy(update={f"next_{kind.name}_service": service})

    def switch(self, registration_id: str | None) -> Switch | None:
        """The switch with this registration ID."""
        return next((s for s in self.switches if s.registration_id == registration_id), None)

    def with_switch(self, switch: Switch) -> MeteringPoint:
        """The same metering point with this switch added, or put in place of the one with its ID."""
        others = tuple(s for s in self.switches if s.registration_id != switch.registration_id)
        return self.model_copy(update={"switches": (*others, switch)})

    def with_request(self, request: Request) -> MeteringPoint:
        """The same metering point with one more request."""
        return self.model_copy(update={"requests": (*self.requests, request)})

    def with_request_status(self, request: Request, status: RequestStatus) -> MeteringPoint:
        """The same metering point with ``request`` (one of its own) in another status."""
        return self.with_request_changed(request, request.model_copy(update={"status": status}))

    def with_request_changed(self, request: Request, changed: Request) -> MeteringPoint:
        """The same metering point with ``changed`` in place of ``request``, which is one of its own."""
        return self.model_copy(
            update={"requests": tuple(changed if r is request else r for r in self.requests)}
        )


def uk_stamp(moment: datetime) -> str:
    """The market's DateTime in UK-local time, the form of supply and appointment dates."""
    return dip_timestamp(moment.astimezone(UK))


def is_uk_midnight(moment: datetime) -> bool:
    """Whether this is the beginning of a day in the UK."""
    return uk_midnight(moment) == moment
