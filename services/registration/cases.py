"""A request to appoint a service provider (IF-031) as the register's checks see it, and their registry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from backbone.clock import uk_midnight
from participant.handlers import World
from services.registration.kinds import ServiceKind
from services.registration.register import Appointment, MeteringPoint, Proposal, Switch
from services.registration.site_data import Party, Segment

UNKNOWN_MPAN: Final = "REG0000"


@dataclass(frozen=True, slots=True)
class Case:
    """One proposal for one metering point, at one moment, among the parties of ``world``."""

    point: MeteringPoint
    proposal: Proposal
    now: datetime
    world: World

    @property
    def kind(self) -> ServiceKind:
        """Metering service or data service."""
        return self.proposal.kind

    @property
    def switch(self) -> Switch | None:
        """The switch that the request quotes, if the register knows it."""
        return self.point.switch(self.proposal.registration_id)

    @property
    def own_switch(self) -> Switch | None:
        """The quoted switch, when it is the requesting supplier's own."""
        switch = self.switch
        mine = switch is not None and switch.supplier.dip_id == self.proposal.supplier_dip_id
        return switch if mine else None

    @property
    def requester(self) -> Party:
        """The supplier that asks. Once all checks pass it is the switch's supplier or the current one."""
        return self.own_switch.supplier if self.own_switch else self.point.supplier.party()

    @property
    def current(self) -> Appointment | None:
        """The service of the proposal's kind that is appointed now."""
        return self.point.current(self.kind)

    @property
    def proposes_current(self) -> bool:
        """Whether the proposed provider is the one that is appointed now."""
        return self.current is not None and self.current.dip_id == self.proposal.provider_dip_id

    @property
    def by_current_supplier(self) -> bool:
        """Whether the metering point's supplier asks."""
        return self.point.supplier.dip_id == self.proposal.supplier_dip_id

    @property
    def new_segment(self) -> Segment | None:
        """The market segment that the proposed provider serves, when the segment is to change (SEG)."""
        provider = self.world.party(self.proposal.provider_dip_id)
        if provider is None or not self.has_scenario("SEG"):
            return None
        return self.kind.segment_of(provider.role)

    @property
    def segment(self) -> Segment:
        """The market segment that the metering point is in once the request takes effect."""
        return self.new_segment or self.point.site.market_segment

    def has_scenario(self, *scenarios: str) -> bool:
        """Whether the proposal's appointment scenario is one of these."""
        return self.proposal.scenario in scenarios

    def days_ahead(self, moment: datetime) -> int:
        """UK calendar days from today to the day of ``moment``; negative for the past."""
        return (uk_midnight(moment).date() - uk_midnight(self.now).date()).days


Check = Callable[[Case], bool]


class RuleBook(dict[str, Check]):
    """Checks by the code that a request gets for breaking them."""

    def rule(self, code: str) -> Callable[[Check], Check]:
        """Register a check under its code."""

        def keep(check: Check) -> Check:
            self[code] = check
            return check

        return keep
