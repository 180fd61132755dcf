"""Checks of a scenario that its format alone cannot make: names that lead nowhere, steps out of order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from services.qualification.expressions import names
from services.qualification.format import DIP, STATUS, DateRule, Scenario, Step, Way
from services.qualification.yaml_lines import pointers

Finding = tuple[str, str]  # JSON pointer into the file, plain sentence

_BUILT_IN = {"mpan", "siteData", "distributor", "gspGroup", "run.id", "run.number"}
_PARTY_FIELDS = ("dipId", "mpid", "role", "title")


def findings(scenario: Scenario) -> Iterator[Finding]:
    """Everything a scenario that has the right shape still gets wrong."""
    yield from _numbering(scenario)
    yield from _roles(scenario)
    for index, step in enumerate(scenario.steps):
        where = f"/steps/{index}"
        yield from _message(step, where)
        yield from _links(scenario, step, where)
        yield from _guidance(scenario, step, where)
    yield from _commands(scenario)
    yield from _expressions(scenario)


def _numbering(scenario: Scenario) -> Iterator[Finding]:
    for index, step in enumerate(scenario.steps):
        if step.step != index + 1:
            yield (
                f"/steps/{index}/step",
                f"Steps are numbered 1, 2, 3 …: expected {index + 1}, not {step.step}.",
            )


def _roles(scenario: Scenario) -> Iterator[Finding]:
    if DIP in scenario.roles:
        yield "/roles/DIP", "The DIP is always there and is not a role to be bound."
    for name, role in scenario.roles.items():
        if role.outside_dip and role.participant:
            yield f"/roles/{name}/participant", f"{name} is outside the DIP, so only the harness can play it."


_PREFIXES = {
    Way.SUBMISSION: ("IF-", "REP-"), Way.PUBLICATION: ("PUB-", "REP-", STATUS), Way.OUTSIDE: ("CSS",),
}  # fmt: skip


def _message(step: Step, where: str) -> Iterator[Finding]:
    prefixes = _PREFIXES[step.way]
    if not step.message.startswith(prefixes):
        start = " or ".join(prefixes)
        text = f"A message from {step.source} to {step.recipient} starts with {start}, not {step.message}."
        yield f"{where}/message", text
    if step.way is Way.SUBMISSION and step.event is None:
        yield where, f"{step.message} needs its event code, in square brackets."
    if step.message == STATUS and not step.codes:
        yield where, "A status message needs codes, of which it has to bring one."
    if step.codes and step.message != STATUS:
        yield f"{where}/codes", "Only a status message has codes; compare those of others with expect."
    if step.refused and step.way is not Way.SUBMISSION:
        yield f"{where}/refused", f"Only the DIP refuses with codes; step {step.step} sends nothing to it."
    if step.refusal and (step.way is not Way.PUBLICATION or step.message == STATUS):
        yield f"{where}/refusal", f"Only a publication is refused so; step {step.step} is none."
    if step.refusal and (step.expect or step.capture):
        yield f"{where}/refusal", "Of a publication that is to be refused nothing is expected or captured."
    if step.must_not_come_within is not None:
        yield from _absent(step, where)


def _absent(step: Step, where: str) -> Iterator[Finding]:
    given = {
        "expect": step.expect, "hints": step.hints, "capture": step.capture, "release": step.release,
        "inject": step.inject, "refused": step.refused, "refusal": step.refusal,
    }  # fmt: skip
    for name, value in given.items():
        if value:
            yield f"{where}/{name}", f"A message that must not come has no {name}."


def _links(scenario: Scenario, step: Step, where: str) -> Iterator[Finding]:
    known = {*scenario.roles, DIP}
    for end, role in (("source", step.source), ("recipient", step.recipient)):
        if role not in known:
            yield f"{where}/{end}", f"{role} is not among the roles of this scenario."
    earlier = {other.step: other for other in scenario.steps if other.step < step.step}
    for link, number in (("publishes", step.publishes), ("answers", step.answers)):
        if number is not None and number not in earlier:
            yield f"{where}/{link}", f"Step {number} does not come before step {step.step}."
    for link, number in (("publishes", step.publishes), ("answers", step.answers)):
        linked = earlier.get(number or 0)
        if linked and linked.must_not_come_within is not None:
            yield f"{where}/{link}", f"The message of step {number} must not come."
    published = earlier.get(step.publishes or 0)
    if published and step.message != STATUS and published.message.replace("IF-", "PUB-") != step.message:
        yield (
            f"{where}/publishes",
            f"Step {published.step} is {published.message}, not the source of {step.message}.",
        )


def _guidance(scenario: Scenario, step: Step, where: str) -> Iterator[Finding]:
    owner = scenario.roles.get(step.owner)
    if owner and owner.participant and not step.guidance:
        yield (
            where,
            f"{step.owner} may be a participant: say in guidance what it is to do at step {step.step}.",
        )


def _commands(scenario: Scenario) -> Iterator[Finding]:
    for where, command in _all_commands(scenario):
        for field in ("to", "playedByHarness", "playedByParticipant"):
            role = command.get(field)
            if role is not None and role not in scenario.roles:
                yield f"{where}/{field}", f"{role} is not among the roles of this scenario."


def _all_commands(scenario: Scenario) -> Iterator[tuple[str, dict[str, Any]]]:
    for index, command in enumerate(scenario.prepare):
        yield f"/prepare/{index}", command.model_dump(by_alias=True)
    for index, step in enumerate(scenario.steps):
        for number, command in enumerate(step.release):
            yield f"/steps/{index}/release/{number}", command.model_dump(by_alias=True)
        if step.inject:
            yield f"/steps/{index}/inject", step.inject.model_dump(by_alias=True)


def _expressions(scenario: Scenario) -> Iterator[Finding]:
    known = _BUILT_IN | {f"roles.{name}.{field}" for name in scenario.roles for field in _PARTY_FIELDS}
    for name, value in scenario.data.items():
        if not isinstance(value, DateRule):
            yield from _unknown(value, known, f"/data/{name}")
        known = known | {name}
    yield from _unknown(scenario.mpan.site_data, known, "/mpan/siteData")
    for index, command in enumerate(scenario.prepare):
        yield from _unknown(command.arguments, known, f"/prepare/{index}/arguments")
    yield from _step_expressions(scenario, known)


def _step_expressions(scenario: Scenario, known: set[str]) -> Iterator[Finding]:
    for index, step in enumerate(scenario.steps):
        for kind, expectations in (("expect", step.expect), ("hints", step.hints)):
            for number, expectation in enumerate(expectations):
                where = f"/steps/{index}/{kind}/{number}"
                yield from _unknown(expectation.equals, known, f"{where}/equals")
                yield from _unknown(list(expectation.one_of or ()), known, f"{where}/oneOf")
        yield from _unknown(step.advance_to, known, f"/steps/{index}/advanceTo")
        for number, command in enumerate(step.release):
            yield from _unknown(command.arguments, known, f"/steps/{index}/release/{number}/arguments")
        if step.inject:
            yield from _unknown(step.inject.arguments, known, f"/steps/{index}/inject/arguments")
        told = {name for name in known if not name.startswith("captured.")}  # before the first step
        yield from _unknown(step.guidance, told, f"/steps/{index}/guidance")
        known = known | {f"captured.{name}" for name in step.capture}


def _unknown(template: Any, known: set[str], where: str) -> Iterator[Finding]:
    if known.issuperset(names(template)):
        return
    for pointer, value in pointers(template, where):
        for name in names(value) if isinstance(value, str) else ():
            if name not in known:
                yield pointer, f"${{{name}}} is not a value of this scenario."
