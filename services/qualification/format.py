"""The scenario format: what a YAML file of ``scenarios/`` may say once ``extends`` and ``use`` are resolved.

Field names are camelCase in the files. Nothing is guessed: unknown fields and wrong types are errors.
Values may hold expressions, ``${supplyStartDate}``; see ``services.qualification.expressions``.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

DIP = "DIP"
STATUS = "STATUS"


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as wrong:
        raise ValueError(f"this is no regular expression: {wrong}") from wrong
    return pattern


Text = Annotated[str, Field(min_length=1)]
Pointer = Annotated[str, Field(pattern=r"^(/[^/]+)+$")]
RoleName = Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9]*$")]
RegularExpression = Annotated[str, AfterValidator(_compiles)]
Code = Annotated[str, Field(pattern=r"^[A-Z]{2,4}\d{3,5}$")]
RefusingStatus = Literal[400, 401, 403, 404, 405, 406, 413, 505]  # after which the DIP does not try again
ServiceName = Annotated[str, Field(pattern=r"^[a-z_]+$")]


class Strict(BaseModel):
    """Base of everything read from a scenario file."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, alias_generator=to_camel, populate_by_name=True
    )


class RoleDefinition(Strict):
    """A party of the scenario.

    ``role`` is the DIP role code (``SUP``). A party ``outside_dip`` has no DIP ID: its journal name is
    its role code, and the harness always plays it.
    """

    role: Text
    title: Text
    participant: bool = True
    outside_dip: bool = False


class Command(Strict):
    """An order to a service of the harness, sent on the message log.

    ``to``: the role whose party is to act, or on whose behalf something is done. ``played_by_harness``:
    send it only when the harness plays that role, since a participant's system takes no orders from us.
    ``played_by_participant``: send it only when a participant plays that role.
    """

    service: ServiceName
    command: Text
    to: RoleName
    arguments: dict[str, Any] = Field(default_factory=dict)
    played_by_harness: RoleName | None = None
    played_by_participant: RoleName | None = None


class Expectation(Strict):
    """What one field of a message must be. Exactly one of the five rules is given.

    ``any_matches``: a pattern that some element of the list there has to match. ``sentence`` tells a tester
    in plain English what is expected and why.
    """

    field: Pointer
    sentence: Text
    equals: Any = None
    one_of: tuple[Any, ...] | None = None
    matches: RegularExpression | None = None
    any_matches: RegularExpression | None = None
    present: bool | None = None

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        rules = {"equals", "one_of", "matches", "any_matches", "present"} & self.model_fields_set
        if len(rules) != 1:
            raise ValueError("give exactly one of equals, oneOf, matches, anyMatches, present")
        return self


class Way(StrEnum):
    """How a step's message travels."""

    SUBMISSION = "submission"  # a party sends it to the DIP
    PUBLICATION = "publication"  # the DIP delivers it to a party
    OUTSIDE = "outside"  # it does not touch the DIP


class DateRule(Strict):
    """A date worked out when a run starts, so many calendar days ahead. Exactly one kind is given.

    Appointments and supply start dates are at UK-local midnight, settlement periods at midnight UTC;
    ``uk_date_days_ahead`` is a UK date without a time.
    """

    uk_midnight_days_ahead: int | None = None
    utc_midnight_days_ahead: int | None = None
    uk_date_days_ahead: int | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError("give exactly one of ukMidnightDaysAhead, utcMidnightDaysAhead, ukDateDaysAhead")
        return self


class Refusal(Strict):
    """That a recipient has to refuse a publication: with one of these statuses, the first as a rule.

    ``because``: what is wrong with the publication, and which rule says so.
    """

    statuses: Annotated[tuple[RefusingStatus, ...], Field(min_length=1)]
    because: Text


class Step(Strict):
    """One row of the scenario's table, with what makes it pass.

    ``publishes``: the step whose message this publication carries. ``answers``: the step this message
    responds to. ``hints`` never fail a step: they are compared when a later answer is a rejection, to
    tell the tester what was probably wrong. ``capture``: names for values of the message that later
    expressions use as ``${captured.name}``. ``release``: orders that make the harness do its part.
    ``inject``: the order that sends the message on the participant's behalf.
    ``advance_to``: the moment to which the run's business clock is moved before this step; an expression
    or a date rule. ``must_not_come_within``: seconds of real waiting in which the message must not come.
    ``refused``: the DIP has to refuse the message, with one of these codes. ``refusal``: the recipient has
    to refuse the publication. ``codes``: those of which a status message has to bring one.
    """

    step: Annotated[int, Field(ge=1)]
    description: Text
    source: RoleName
    recipient: RoleName
    message: Annotated[str, Field(pattern=r"^((IF|PUB)-\d{3}|REP-\d{3}[A-Z]?|CSS\d{5}|STATUS)$")]
    event: Annotated[str, Field(pattern=r"^\[[A-Za-z0-9-]+\]$")] | None = None
    valid: Literal["Auto", "N/A"] = "Auto"
    evidence: Literal["None", "Auto"] = "None"
    guidance: Text | None = None
    publishes: int | None = None
    answers: int | None = None
    expect: tuple[Expectation, ...] = ()
    hints: tuple[Expectation, ...] = ()
    capture: dict[str, Pointer] = Field(default_factory=dict)
    release: tuple[Command, ...] = ()
    inject: Command | None = None
    advance_to: DateRule | Text | None = None
    must_not_come_within: Annotated[float, Field(gt=0, le=3600)] | None = None
    refused: tuple[Code, ...] = ()
    refusal: Refusal | None = None
    codes: tuple[Code, ...] = ()

    @property
    def way(self) -> Way:
        """How the message travels, read from who is at its ends."""
        if self.recipient == DIP:
            return Way.SUBMISSION
        return Way.PUBLICATION if self.source == DIP else Way.OUTSIDE

    @property
    def owner(self) -> str:
        """The role that has to act: the sender, or for a publication the receiver."""
        return self.recipient if self.source == DIP else self.source


class MpanFixture(Strict):
    """The metering point a run is about: a fresh one per run, under this distributor ID."""

    distributor: Annotated[int, Field(ge=10, le=99)]
    site_data: dict[str, Any]


class Timeouts(Strict):
    """Seconds. ``participant``: for each wait, unless the run says otherwise. ``harness``: for our own part.

    ``settle``: how long after a failure the consequences of messages under way are still collected.
    """

    participant: Annotated[float, Field(gt=0)] = 300
    harness: Annotated[float, Field(gt=0)] = 60
    settle: Annotated[float, Field(gt=0)] = 2


class Scenario(Strict):
    """One test case: roles, the MPAN it needs, and its steps.

    ``theme``: what it is listed under; the name of the folder the file is in, unless it says otherwise.
    """

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]*$")]
    revision: Annotated[int, Field(ge=1)]
    theme: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")] = "other"
    title: Text
    test_scenario: Text
    test_case: Text
    summary: Text
    contracts: tuple[Text, ...]
    timeouts: Timeouts = Timeouts()
    roles: dict[RoleName, RoleDefinition]
    data: dict[str, DateRule | str] = Field(default_factory=dict)
    mpan: MpanFixture
    prepare: tuple[Command, ...] = ()
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]

    def step(self, number: int) -> Step:
        """The step with this number. Raises KeyError when there is none."""
        for step in self.steps:
            if step.step == number:
                return step
        raise KeyError(number)
