"""Decides one step from the journal, where the journal decides it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from backbone.journal.events import JournalEvent, Kind
from services.qualification import explain
from services.qualification.binding import Binding
from services.qualification.expectations import compare
from services.qualification.expressions import pointer_lookup
from services.qualification.format import Scenario, Step, Way
from services.qualification.matching import UNDER_WAY, Pattern, first_match, matching
from services.qualification.messages import message_of, response_of
from services.qualification.results import Attempt, Finding, StepState, StepStatus

_RESPONSE_CODE = "/payload/CommonBlock/R0/responseCode"


@dataclass(frozen=True)
class Conclusion:
    """A decided step, the event that decided it, and the values its message gave."""

    state: StepState
    event: JournalEvent | None
    captured: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """One step to be decided. ``cause``: the event that decided the step which this one answers."""

    scenario: Scenario
    step: Step
    binding: Binding
    wanted: Pattern
    values: Mapping[str, Any]
    cause: JournalEvent | None


@dataclass(frozen=True)
class Case(Question):
    """All that the decision about one step rests on, now that the deciding event is known."""

    event: JournalEvent
    attempts: tuple[Attempt, ...]
    events: tuple[str, ...]

    def state(self, status: StepStatus, text: str, findings: Iterable[Finding] = ()) -> StepState:
        return StepState(
            step=self.step.step,
            status=status,
            explanation=text,
            at=self.event.at,
            events=self.events,
            findings=tuple(findings),
            attempts=self.attempts,
            on_behalf=self.binding.on_behalf(self.step),
        )

    @property
    def blame(self) -> StepStatus:
        """The status of a step that went wrong by the doing of its owner."""
        return StepStatus.FAILED if self.binding.waits_for_participant(self.step) else StepStatus.ERROR


def conclude(question: Question, events: Sequence[JournalEvent], taken: Collection[str]) -> Conclusion | None:
    """The conclusion about a step, or None while the journal does not decide it.

    ``taken``: events that decided earlier steps.
    """
    wanted = question.wanted
    event = first_match(wanted, events, taken)
    if event is None:
        return None
    belonging = (*(e.id for e in matching(wanted, events, UNDER_WAY)), event.id)
    case = Case(**vars(question), event=event, attempts=attempts_of(wanted, events), events=belonging)
    if event.kind is wanted.kinds[1]:
        return Conclusion(_gone_wrong(case), event)
    return _compared(case)


def _gone_wrong(case: Case) -> StepState:
    if case.step.way is Way.PUBLICATION:
        return case.state(case.blame, explain.abandoned(case.step, case.binding, case.attempts))
    findings = tuple(_violations(case.event))
    return case.state(case.blame, explain.refused(case.step, case.binding, case.event, findings), findings)


def _violations(event: JournalEvent) -> Iterable[Finding]:
    found = event.details.get("violations") or event.details.get("problems") or ()
    for item in found:
        if isinstance(item, str):
            yield Finding(sentence=item)
            continue
        yield Finding(
            pointer=str(item.get("pointer", "")),
            expected=item.get("expected"),
            seen=item.get("value"),
            code=item.get("code"),
            sentence=str(item.get("message", "The message breaks a rule.")),
        )


def _compared(case: Case) -> Conclusion:
    message = message_of(case.event)
    findings = compare(case.step.expect, message, case.values)
    captured = {
        name: value
        for name, pointer in case.step.capture.items()
        for found, value in [pointer_lookup(message, pointer)]
        if found
    }
    return Conclusion(_state(case, message, findings), case.event, captured)


def _state(case: Case, message: Any, findings: tuple[Finding, ...]) -> StepState:
    wrong = [finding for finding in findings if not finding.passed]
    if not wrong:
        text = explain.passed(case.step, case.binding, case.event, case.attempts)
        return case.state(StepStatus.PASSED, text, findings)
    if any(finding.pointer == _RESPONSE_CODE for finding in wrong):
        return _rejected(case, message, findings)
    return case.state(case.blame, explain.field_findings(findings, case.step), findings)


def _rejected(case: Case, message: Any, findings: tuple[Finding, ...]) -> StepState:
    """A rejection is nobody's malfunction: it is the answer to the message that caused it."""
    _, texts = response_of(message)
    codes = tuple(Finding(sentence=text, code=text.partition(" ")[0]) for text in texts)
    cause = case.scenario.step(case.step.answers) if case.step.answers else None
    hints = compare(cause.hints, message_of(case.cause), case.values) if cause and case.cause else ()
    everything = (*findings, *codes, *(hint for hint in hints if not hint.passed))
    reference = case.cause.reference if case.cause else None
    text = explain.rejected(case.step, case.binding, cause, reference, everything)
    return case.state(StepStatus.FAILED, text, everything)


def attempts_of(wanted: Pattern, events: Sequence[JournalEvent]) -> tuple[Attempt, ...]:
    """Every POST of this publication to the recipient's webhook, in order."""
    if wanted.way is not Way.PUBLICATION:
        return ()
    kinds = (Kind.DELIVERY_ATTEMPTED, Kind.DELIVERED, Kind.DELIVERY_ABANDONED)
    posts = (event for event in matching(wanted, events, kinds) if _was_posted(event))
    return tuple(_attempt(event, number) for number, event in enumerate(posts, start=1))


def _was_posted(event: JournalEvent) -> bool:
    """An abandoned delivery without an attempt (nowhere to send it) is no POST."""
    return event.kind is not Kind.DELIVERY_ABANDONED or "attempt" in event.details


def _attempt(event: JournalEvent, number: int) -> Attempt:
    details = event.details
    return Attempt(
        number=details.get("attempt", number),
        at=event.at,
        url=details.get("url"),
        status=details.get("status"),
        error=details.get("error"),
        answer=details.get("answer"),
        next_in_seconds=details.get("nextAttemptInSeconds"),
    )
