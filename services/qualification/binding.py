"""Who plays what in a run: the scenario's roles bound to parties."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from services.qualification.errors import BindingInvalid
from services.qualification.format import RoleDefinition, Scenario, Step

Mode = Literal["automatic", "stepwise"]


class PartyFacts(Protocol):
    """What binding needs to know about a party of the directory."""

    @property
    def dip_id(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def mpid(self) -> str: ...
    @property
    def organisation(self) -> str: ...
    @property
    def harness(self) -> bool: ...


class Document(BaseModel):
    """Base of what is kept with a run and written to evidence: frozen, camelCase in JSON."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class BoundParty(Document):
    """One role of the scenario and the party that plays it. Outside the DIP, ``dip_id`` is the role code."""

    name: str
    title: str
    role: str
    dip_id: str
    mpid: str
    organisation: str
    participant: bool


class Binding(Document):
    """One run's facts: everything besides the journal that a verdict depends on.

    ``values``: what the scenario's expressions may name. ``injected``: messages the harness sends on the
    participant's behalf. ``timeout``: seconds for each wait for the participant. ``mode``: how the run
    begins; in stepwise mode each message of the harness waits for the tester. ``created``: real time;
    ``ahead_seconds``: how far the MPAN's business time was ahead of that already.
    ``without_mpan``: messages of the scenario that carry no MPAN, as interface and as publication.
    """

    run: str
    mpan: str
    parties: dict[str, BoundParty]
    values: dict[str, Any]
    injected: tuple[str, ...] = ()
    timeout: float
    created: datetime
    mode: Mode = "automatic"
    ahead_seconds: float = 0
    without_mpan: tuple[str, ...] = ()

    def participants(self) -> tuple[BoundParty, ...]:
        return tuple(party for party in self.parties.values() if party.participant)

    def owner(self, step: Step) -> BoundParty:
        """The party that has to act at this step."""
        return self.parties[step.owner]

    def on_behalf(self, step: Step) -> bool:
        """Whether the harness sends this step's message for the participant."""
        return self.owner(step).participant and step.message in self.injected

    def waits_for_participant(self, step: Step) -> bool:
        return self.owner(step).participant and not self.on_behalf(step)


def bind(
    scenario: Scenario, participants: Mapping[str, str], directory: Iterable[PartyFacts]
) -> dict[str, BoundParty]:
    """Bind every role: ``participants`` (role name to DIP ID) as asked, the rest to harness parties.

    No party plays two roles. Raises BindingInvalid when a wish cannot be met.
    """
    parties = {party.dip_id: party for party in directory}
    bound = {name: _wished(scenario, name, dip_id.strip(), parties) for name, dip_id in participants.items()}
    _refuse_double(bound)
    for name, definition in scenario.roles.items():
        if name not in bound:
            taken = {party.dip_id for party in bound.values()}
            bound[name] = _harness_party(name, definition, parties, taken)
    return {name: bound[name] for name in scenario.roles}


def _wished(scenario: Scenario, name: str, dip_id: str, parties: Mapping[str, PartyFacts]) -> BoundParty:
    definition = scenario.roles.get(name)
    if definition is None:
        known = ", ".join(scenario.roles)
        raise BindingInvalid(f"{scenario.id} has no role {name}. Its roles: {known}.")
    if not definition.participant:
        raise BindingInvalid(f"{name} ({definition.title}) is always played by the harness in {scenario.id}.")
    party = parties.get(dip_id)
    if party is None:
        raise BindingInvalid(
            f"{name}: no participant has the DIP ID {dip_id}. Add it with: dipemu participants add."
        )
    if party.role != definition.role:
        text = (
            f"{name}: {dip_id} holds the role {party.role}, but {definition.title} needs {definition.role}."
        )
        raise BindingInvalid(text)
    return _bound(name, definition, party, participant=True)


def _refuse_double(bound: Mapping[str, BoundParty]) -> None:
    seen: dict[str, str] = {}
    for name, party in bound.items():
        if party.dip_id in seen:
            raise BindingInvalid(f"{seen[party.dip_id]} and {name} cannot both be {party.dip_id}.")
        seen[party.dip_id] = name


def _harness_party(
    name: str, definition: RoleDefinition, parties: Mapping[str, PartyFacts], taken: set[str]
) -> BoundParty:
    if definition.outside_dip:
        return BoundParty(
            name=name, title=definition.title, role=definition.role, dip_id=definition.role,
            mpid="", organisation=definition.title, participant=False,
        )  # fmt: skip
    free: Sequence[PartyFacts] = sorted(
        (p for p in parties.values() if p.harness and p.role == definition.role and p.dip_id not in taken),
        key=lambda party: party.dip_id,
    )
    if not free:
        raise BindingInvalid(f"{name}: the harness has no party left with the role {definition.role}.")
    return _bound(name, definition, free[0], participant=False)


def _bound(name: str, definition: RoleDefinition, party: PartyFacts, *, participant: bool) -> BoundParty:
    return BoundParty(
        name=name, title=definition.title, role=definition.role, dip_id=party.dip_id,
        mpid=party.mpid, organisation=party.organisation, participant=participant,
    )  # fmt: skip


def check_injection(scenario: Scenario, inject: Iterable[str]) -> None:
    """Raises BindingInvalid for a message that the harness cannot send on a participant's behalf."""
    possible = {step.message for step in scenario.steps if step.inject}
    for message in inject:
        if message not in possible:
            known = ", ".join(sorted(possible)) or "none"
            raise BindingInvalid(f"{message} cannot be injected in {scenario.id}. What can: {known}.")
