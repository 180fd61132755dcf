"""Decides one step from the journal, where the journal decides it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from backbone.journal.events import JournalEvent, Kind
from services.qualification import explain
from services.qualification.binding import Binding
from services.qualification.causes import Told, blamed, causes
from services.qualification.expectations import compare
from services.qualification.expressions import pointer_lookup
from services.qualification.format import Refusal, Step, Way
from services.qualification.matching import GOOD, UNDER_WAY, Pattern, first_match, matching
from services.qualification.messages import message_of, response_of
from services.qualification.results import Attempt, Finding, StepState, StepStatus

_RESPONSE_CODE = "/payload/CommonBlock/R0/responseCode"
_REJECTED = "R"


@dataclass(frozen=True)
class Conclusion:
    """A decided step, the event that decided it, and the values its message gave."""

    state: StepState
    event: JournalEvent | None
    captured: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Question:
    """One step to be decided, with what is known of the others."""

    step: Step
    wanted: Pattern
    told: Told

    @property
    def binding(self) -> Binding:
        return self.told.binding

    @property
    def values(self) -> Mapping[str, Any]:
        return self.told.values

    @property
    def author(self) -> Step:
        """The step in which the message was written: a publication carries that of another."""
        return self.told.scenario.step(self.step.publishes) if self.step.publishes else self.step


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
    def by_participant(self) -> bool:
        """Whether a participant wrote the message; who receives a publication is no author of it."""
        if self.step.way is Way.PUBLICATION and not self.step.publishes:
            return self.event.sender in self._participants
        return self.binding.waits_for_participant(self.author) or self._not_ours

    @property
    def by_owner(self) -> bool:
        """Whether a participant did what there was to do at this step."""
        return self.binding.waits_for_participant(self.step) or self._not_ours

    @property
    def refused_by_participant(self) -> bool:
        """Whether the message went to a participant outside the DIP, which did not take it."""
        return self.step.way is Way.OUTSIDE and self.binding.parties[self.step.recipient].participant

    @property
    def _not_ours(self) -> bool:
        """Whether the participant sent itself what the harness was to send on its behalf."""
        sent = self.event.sender in self._participants and "onBehalfOf" not in self.event.details
        return sent and self.binding.on_behalf(self.step)

    @property
    def _participants(self) -> set[str]:
        return {party.dip_id for party in self.binding.participants()}

    def went_wrong(self, by_participant: bool, text: str, findings: Iterable[Finding] = ()) -> StepState:
        """The state of a step that went wrong, by the doing of a participant or of the harness.

        Where the harness only does what a participant's wrong message made it do, that message is to blame.
        """
        if by_participant:
            return self.state(StepStatus.FAILED, text, findings)
        cause = blamed(self.told, self.step)
        if cause is None:
            return self.state(StepStatus.ERROR, text, findings)
        return self.state(StepStatus.FAILED, explain.led_to(text, cause, self.binding), findings)


def conclude(question: Question, events: Sequence[JournalEvent], taken: Collection[str]) -> Conclusion | None:
    """The conclusion about a step, or None while the journal does not decide it.

    ``taken``: events that decided earlier steps.
    """
    wanted = question.wanted
    event = first_match(wanted, events, taken)
    if event is None:
        return None
    belonging = dict.fromkeys((*(e.id for e in matching(wanted, events, UNDER_WAY)), event.id))
    case = Case(**vars(question), event=event, attempts=attempts_of(wanted, events), events=tuple(belonging))
    if case.step.refusal is not None:
        return Conclusion(_answered(case, case.step.refusal), event)
    if event.kind in wanted.kinds[1:]:
        return Conclusion(_gone_wrong(case), event)
    if wanted.refused and not set(event.codes) & set(case.step.refused):
        text = explain.refused_otherwise(case.step, case.binding, event)
        return Conclusion(case.went_wrong(case.by_owner, text, _violations(event)), event)
    return _compared(case)


def _answered(case: Case, refusal: Refusal) -> StepState:
    """What came back for the first POST of a publication that is to be refused."""
    status = case.event.details.get("status")
    if status in refusal.statuses:
        return case.state(StepStatus.PASSED, explain.refused_as_it_should(case.step, case.binding, status))
    return case.went_wrong(case.by_owner, explain.taken(case.step, case.binding, refusal, case.event))


def stayed_away(question: Question, events: Sequence[JournalEvent], taken: Collection[str], since: datetime,
                now: datetime) -> Conclusion | None:  # fmt: skip
    """The conclusion about a step whose message must not come; None while it still might.

    ``since``: when the waiting began. What came earlier in the run, and belongs to no step, came too.
    """
    wanted, step = question.wanted, question.step
    until = since + timedelta(seconds=step.must_not_come_within or 0)
    came = (GOOD[wanted.way], *UNDER_WAY) if wanted.way is Way.PUBLICATION else (GOOD[wanted.way],)
    found = (e for e in matching(wanted, events, came) if e.id not in taken and e.at <= until)
    event = next(found, None)
    if event is not None:
        case = Case(**vars(question), event=event, attempts=(), events=(event.id,))
        return Conclusion(case.went_wrong(case.by_participant, explain.came_all_the_same(step, event)), event)
    if now < until:
        return None
    text = explain.stayed_away(step)
    return Conclusion(StepState(step=step.step, status=StepStatus.PASSED, explanation=text, at=until), None)


def _gone_wrong(case: Case) -> StepState:
    if case.wanted.refused:
        text = explain.not_refused(case.step, case.binding, case.event)
        return case.went_wrong(case.by_owner, text)
    if case.step.way is Way.PUBLICATION:
        return case.went_wrong(case.by_owner, explain.abandoned(case.step, case.binding, case.attempts))
    findings = tuple(_violations(case.event))
    text = explain.refused(case.step, case.binding, case.event, findings)
    return case.went_wrong(case.by_owner or case.refused_by_participant, text, findings)


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
    if any(finding.pointer == _RESPONSE_CODE and finding.seen == _REJECTED for finding in wrong):
        return _rejected(case, message, findings)
    return case.went_wrong(case.by_participant, explain.field_findings(findings, case.step), findings)


def _rejected(case: Case, message: Any, findings: tuple[Finding, ...]) -> StepState:
    """A rejection is no malfunction of who rejects: it is the answer to the message that caused it."""
    _, texts = response_of(message)
    codes = tuple(Finding(sentence=text, code=text.partition(" ")[0]) for text in texts)
    cause = next((cause for cause in causes(case.told, case.step) if cause.answered), None)
    everything = (*findings, *codes, *(cause.wrong if cause else ()))
    text = explain.rejected(case.author, case.binding, cause, everything)
    if cause is not None and case.binding.waits_for_participant(cause.step):
        return case.state(StepStatus.FAILED, text, everything)
    return case.went_wrong(case.by_participant, text, everything)


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
