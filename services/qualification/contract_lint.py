"""Checks a scenario against the message contracts that it names: events, roles, field pointers."""

from __future__ import annotations

from collections.abc import Iterator

from contracts import Block, Catalogue, ContractError, Variant, load_catalogue, routing
from services.qualification.format import STATUS, Scenario, Step, Way
from services.qualification.lint import Finding


def contract_findings(scenario: Scenario) -> Iterator[Finding]:
    """Everything in a scenario that its message contracts do not know or do not allow."""
    for index, version in enumerate(scenario.contracts):
        try:
            catalogue = load_catalogue(version)
        except ContractError as unknown:
            yield f"/contracts/{index}", f"{unknown}."
            continue
        for place, step in enumerate(scenario.steps):
            yield from _step(scenario, step, catalogue, f"/steps/{place}")


def _step(scenario: Scenario, step: Step, catalogue: Catalogue, where: str) -> Iterator[Finding]:
    sent = None if step.message == STATUS else _sent(scenario, step)
    if sent is None or sent.event is None:
        return
    try:
        variant = catalogue.variant(sent.message, sent.event)
        rule = routing.rule(catalogue, sent.message, sent.event)
    except ContractError as unknown:
        yield f"{where}/event", f"{unknown}."
        return
    role = scenario.roles[step.owner].role if step.owner in scenario.roles else None
    if step.way is Way.SUBMISSION and role and role not in rule.senders:
        yield f"{where}/source", f"{sent.message} {sent.event} is not sent by {role}."
    expected = step.way is Way.PUBLICATION and step.must_not_come_within is None
    if expected and role and role not in rule.recipients | rule.secondary_next:
        yield f"{where}/recipient", f"{step.message} {sent.event} does not go to {role}."
    yield from _out_of_time(scenario, step, variant, where)
    yield from _pointers(step, variant, where)


def _out_of_time(scenario: Scenario, step: Step, variant: Variant, where: str) -> Iterator[Finding]:
    """Only what is about the run's MPAN lives in the run's own time."""
    moved = any(other.advance_to for other in scenario.steps if other.step <= step.step)
    numbered = variant.common.field("M0") or variant.common.field("M1")
    if moved and step.way is Way.SUBMISSION and not numbered:
        text = "carries no MPAN, so it cannot be sent in the time of a run whose clock was moved"
        yield where, f"{step.message} {step.event} {text} (advanceTo)."


def _sent(scenario: Scenario, step: Step) -> Step | None:
    """The step in which the message of this step was sent to the DIP."""
    if step.way is Way.PUBLICATION:
        return next((other for other in scenario.steps if other.step == step.publishes), None)
    return step if step.way is Way.SUBMISSION else None


def _pointers(step: Step, variant: Variant, where: str) -> Iterator[Finding]:
    for kind, expectations in (("expect", step.expect), ("hints", step.hints)):
        for number, expectation in enumerate(expectations):
            if not _leads_somewhere(expectation.field, variant):
                yield f"{where}/{kind}/{number}/field", _nowhere(expectation.field, variant)
    for name, pointer in step.capture.items():
        if not _leads_somewhere(pointer, variant):
            yield f"{where}/capture/{name}", _nowhere(pointer, variant)


def _nowhere(pointer: str, variant: Variant) -> str:
    return f"{pointer} leads nowhere in {variant.interface} [{variant.name}]."


def _leads_somewhere(pointer: str, variant: Variant) -> bool:
    _, first, *parts = pointer.split("/")
    if first != "payload":
        return False
    block: Block | None = variant.payload
    for part in parts:
        if part.isdecimal():
            continue
        field = block.field(part) if block else None
        if field is None:
            return False
        block = field.type if isinstance(field.type, Block) else None
    return True
