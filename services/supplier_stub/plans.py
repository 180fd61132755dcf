"""What a supplier of the harness intends for an MPAN, and how far it has come.

The models are the arguments of the commands ``plan`` and ``request_switch`` too (camelCase).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from contracts.envelope import MpanBlock
from participant.standing_back import StandsBack


class Facts(BaseModel):
    """Base of what the supplier keeps: frozen, and strict about names so that a typo is seen."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Retriever(Facts):
    """A meter data retriever that the supplier nominates with its data service."""

    dip_id: str
    mpid: str
    effective_from_date: AwareDatetime | None = None


class PlannedAppointment(Facts):
    """A service to appoint once the site is known. ``kind``: MS metering service, DS data service.

    ``effective_from_date`` is the supply start date unless given. ``registration_id`` overrides the one
    that the site information carries, and is left out of the request when empty.
    """

    kind: Literal["MS", "DS"]
    dip_id: Annotated[str, Field(min_length=10, max_length=10)]
    mpid: str
    effective_from_date: AwareDatetime | None = None
    contract_reference: str | None = None
    appointment_scenario: str = "COS"
    registration_id: str | None = None
    retriever: Retriever | None = None
    consent_granularity: Literal["H", "D", "M", "N"] = "H"
    domestic: bool = True
    fallback_read_frequency: Literal["W", "F", "M", "Q", "S", "A"] | None = None


class Plan(Facts):
    """What the supplier intends. ``supply_start_date``: a UK-local midnight."""

    supply_start_date: AwareDatetime
    registration_reference: str = "SWITCH"
    appointments: tuple[PlannedAppointment, ...] = ()


class Site(Facts):
    """What IF-002 said: block M0, the registration and the correlation of the message."""

    distributor_dip_id: str
    gsp_group: str
    registration_id: str | None
    correlation_id: str | None

    def mpan_block(self, mpan: str) -> MpanBlock:
        """Block M0 for messages about this MPAN."""
        return MpanBlock(mpan, self.distributor_dip_id, self.gsp_group)


class Outcome(Facts):
    """An answer to a request: ``event`` of the answer, R0's code and messages."""

    interface: str
    event: str
    code: str | None
    messages: tuple[str, ...] = ()


class SupplierView(Facts):
    """Everything one supplier knows of one MPAN."""

    plan: Plan | None = None
    site: Site | None = None
    requested: bool = False
    outcomes: tuple[Outcome, ...] = ()


class Suppliers(Facts, StandsBack):
    """The views of an MPAN, by DIP ID: incoming and outgoing supplier may both be the harness's."""

    views: dict[str, SupplierView] = Field(default_factory=dict)

    def of(self, dip_id: str) -> SupplierView:
        """One supplier's view; an empty one when it knows nothing yet."""
        return self.views.get(dip_id) or SupplierView()

    def with_view(self, dip_id: str, view: SupplierView) -> Suppliers:
        """The same views with one changed."""
        return self.model_copy(update={"views": self.views | {dip_id: view}})
