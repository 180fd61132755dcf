"""The verdict: a pure fold over the journal. Same scenario, binding, events and moment, same result.

A step is decided by the earliest event that matches it and decides no step before it, whenever that
event came: a message sent before anyone waited for it counts. A step that waits too long is decided by
the clock: against the participant where it had to act, as the harness's own error where we had to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from backbone.journal.events import JournalEvent, Kind
from services.qualification import claims, explain, orders
from services.qualification.binding import Binding
from services.qualification.business_time import in_real_time
from services.qualification.causes import Told, blamed
from services.qualification.conclude import Conclusion, Question, attempts_of, conclude, stayed_away
from services.qualification.format import Scenario, Step, Way
from services.qualification.matching import UNDER_WAY, Pattern, matching, nearest, pattern
from services.qualification.missteps import misstep
from services.qualification.results import Phase, RunState, StepState, StepStatus, Verdict, roll_up

_NO_BLAME = "this says nothing about the participant"

COULD_NOT_JUDGE = "The harness could not judge the run"


@dataclass
class _Fold:
    """What has been read from the journal so far. ``own``: the notes of what was attributed to the run."""

    scenario: Scenario
    binding: Binding
    events: Sequence[JournalEvent]
    now: datetime
    own: Mapping[str, JournalEvent]
    steps: dict[int, StepState] = field(default_factory=dict)
    deciding: dict[int, JournalEvent] = field(default_factory=dict)
    captured: dict[str, Any] = field(default_factory=dict)

    @property
    def taken(self) -> set[str]:
        return {event.id for event in self.deciding.values()}

    @property
    def first_open(self) -> Step | None:
        return next((step for step in self.scenario.steps if step.step not in self.steps), None)

    @property
    def broken(self) -> StepState | None:
        """The first step that ended the run."""
        return next((s for _, s in sorted(self.steps.items()) if not s.status.fine), None)

    @property
    def told(self) -> Told:
        values = {**self.binding.values, "captured": self.captured}
        return Told(self.scenario, self.binding, self.steps, self.deciding, values)

    def wanted(self, step: Step) -> Pattern:
        source = self.deciding.get(step.publishes or 0)
        return pattern(self.scenario, step, self.binding, source.transaction_id if source else None)


def evaluate(scenario: Scenario, binding: Binding, events: Sequence[JournalEvent], now: datetime) -> RunState:
    """Judge a run. ``events``: those of its MPAN and of its participants, in the journal's order."""
    own = claims.notes(binding, events)
    read = claims.as_own(binding.mpan, own, in_real_time(binding, events))
    fold = _Fold(scenario, binding, read, now, own)
    for step in scenario.steps:
        _conclude(fold, step)
    cancelled = orders.find(binding, events, orders.CANCEL)
    if cancelled:
        return _cancelled(fold, cancelled)
    missing, waited = orders.unconfirmed(scenario, binding, events), fold.first_open
    if missing and waited and fold.broken is None:
        return _preparing(fold, waited, missing, now)
    return _judge(fold, now)


def _conclude(fold: _Fold, step: Step) -> None:
    if step.publishes and step.publishes not in fold.steps:
        return
    question = Question(step, fold.wanted(step), fold.told)
    ruling = orders.ruled(fold.binding, fold.events, step)
    earlier = orders.before(fold.events, ruling)
    now = (ruling and ruling.state.at) or fold.now
    judge = _absent if step.must_not_come_within else _present
    conclusion = judge(replace(fold, events=earlier, now=now), question) or ruling
    if conclusion is not None:
        _take(fold, step, conclusion)


def _present(fold: _Fold, question: Question) -> Conclusion | None:
    return conclude(question, fold.events, fold.taken)


def _absent(fold: _Fold, question: Question) -> Conclusion | None:
    """What must not come is waited for like anything else: once all before it is done."""
    step = question.step
    if any(earlier.step not in fold.steps for earlier in fold.scenario.steps if earlier.step < step.step):
        return None
    if orders.unconfirmed(fold.scenario, fold.binding, fold.events):
        return None
    return stayed_away(question, fold.events, fold.taken, _since(fold, step), fold.now)


def _take(fold: _Fold, step: Step, conclusion: Conclusion) -> None:
    text = claims.explained(conclusion.state.explanation, fold.own, conclusion.event)
    fold.steps[step.step] = conclusion.state.model_copy(update={"explanation": text})
    fold.captured.update(conclusion.captured)
    if conclusion.event is not None:
        fold.deciding[step.step] = conclusion.event


def _judge(fold: _Fold, now: datetime) -> RunState:
    if fold.broken is not None:
        return _settle(fold, fold.broken, now)
    waited = fold.first_open
    if waited is None:
        return _finished(fold)
    since = _since(fold, waited)
    held = orders.held(fold.binding, fold.events, waited)
    state = _held(fold, waited, since) if held else _waiting(fold, waited, since)
    fault = _fault(fold, since)
    if fault is not None and now >= _quiet(fold, fault.at):
        return _clock_decides(fold, _faulty(fold, waited, fault))
    if state.deadline is not None and now >= state.deadline:
        return _clock_decides(fold, _timed_out(fold, waited, state))
    fold.steps[waited.step] = state
    checks = [moment for moment in (state.deadline, fault and _quiet(fold, fault.at)) if moment]
    return _state(fold, Phase.RUNNING, None, state.explanation, min(checks, default=None))


def _held(fold: _Fold, step: Step, since: datetime) -> StepState:
    """Until the tester presses Run nobody is waited for, so nobody can be too late."""
    text = explain.held(step, fold.binding)
    behalf = fold.binding.on_behalf(step)
    status = StepStatus.HELD
    return StepState(step=step.step, status=status, explanation=text, on_behalf=behalf, waiting_since=since)


def _waiting(fold: _Fold, step: Step, since: datetime) -> StepState:
    held, under_way = _under_way(fold, step)
    attempts = attempts_of(fold.wanted(step), fold.events)
    on_participant = fold.binding.waits_for_participant(step) and (
        step.way is not Way.PUBLICATION or under_way
    )
    status = StepStatus.WAITING_FOR_PARTICIPANT if on_participant else StepStatus.WAITING_FOR_HARNESS
    seconds = fold.binding.timeout if on_participant else fold.scenario.timeouts.harness
    seconds = step.must_not_come_within or seconds
    return StepState(
        step=step.step,
        status=status,
        explanation=explain.waiting(step, fold.binding, held=held, attempts=attempts),
        near_misses=nearest(fold.wanted(step), fold.events, fold.taken),
        attempts=attempts,
        on_behalf=fold.binding.on_behalf(step),
        waiting_since=since,
        deadline=since + timedelta(seconds=seconds),
    )


def _under_way(fold: _Fold, step: Step) -> tuple[bool, bool]:
    """Whether the publication is held for want of a webhook, and whether it is on its way at all."""
    if step.way is not Way.PUBLICATION or (step.publishes and step.publishes not in fold.steps):
        return False, False
    found = matching(fold.wanted(step), fold.events, UNDER_WAY)
    kinds = [event.kind for event in found if "step" not in event.details]  # held by a step: for the tester
    return bool(kinds) and kinds[-1] is Kind.HELD, bool(kinds)


def _timed_out(fold: _Fold, step: Step, waiting: StepState) -> StepState:
    held, _ = _under_way(fold, step)
    on_participant = waiting.status is StepStatus.WAITING_FOR_PARTICIPANT
    seconds = fold.binding.timeout if on_participant else fold.scenario.timeouts.harness
    text = explain.timed_out(
        step, fold.binding, seconds, waiting.near_misses, held=held, attempts=waiting.attempts
    )
    cause = None if on_participant else blamed(fold.told, step)
    said = None if on_participant or cause else misstep(fold.told, step, fold.events)
    if cause is not None:
        text = explain.led_to(text, cause, fold.binding)
    elif said is not None:
        text = f"{text} {said}"
    status = StepStatus.FAILED if on_participant or cause or said else StepStatus.ERROR
    return waiting.model_copy(update={"status": status, "explanation": text, "at": waiting.deadline})


def _faulty(fold: _Fold, step: Step, fault: JournalEvent) -> StepState:
    reason = fault.details.get("fault") or fault.details.get("reason") or fault.details.get("error")
    text = f"{fault.service} of the harness failed" + (f": {reason}." if reason else ".")
    return StepState(
        step=step.step, status=StepStatus.ERROR, explanation=text, at=fault.at, events=(fault.id,)
    )


def _clock_decides(fold: _Fold, state: StepState) -> RunState:
    fold.steps[state.step] = state
    return _finished(fold)


def _since(fold: _Fold, step: Step) -> datetime:
    """When the waiting for this step began."""
    before = [s.at for number, s in fold.steps.items() if number < step.step and s.at]
    since = max([fold.binding.created, *before])
    for moment in sorted(orders.moments(fold.binding, fold.events, step)):
        over = step.must_not_come_within and moment >= since + timedelta(seconds=step.must_not_come_within)
        since = since if over else max(since, moment)
    return since


def _fault(fold: _Fold, since: datetime) -> JournalEvent | None:
    """A fault of the harness during this wait that concerns this run."""
    for event in fold.events:
        ours = event.run == fold.binding.run or event.mpan == fold.binding.mpan
        if event.kind is Kind.SERVICE_FAULT and ours and event.at >= since:
            return event
    return None


def _quiet(fold: _Fold, since: datetime) -> datetime:
    """When the run has settled: nothing more has happened on its MPAN for a while."""
    settle = timedelta(seconds=fold.scenario.timeouts.settle)
    last = max([since, *(event.at for event in fold.events if event.mpan == fold.binding.mpan)])
    return min(
        last + settle, since + timedelta(seconds=max(fold.binding.timeout, fold.scenario.timeouts.settle))
    )


def _settle(fold: _Fold, broken: StepState, now: datetime) -> RunState:
    quiet = _quiet(fold, broken.at or now)
    if fold.first_open is None or now >= quiet:
        return _finished(fold)
    return _state(fold, Phase.SETTLING, None, _summary(fold, broken.status), quiet)


def _preparing(fold: _Fold, waited: Step, missing: Sequence[str], now: datetime) -> RunState:
    since = max([fold.binding.created, *orders.resumed(fold.binding, fold.events)])
    deadline = since + timedelta(seconds=fold.scenario.timeouts.harness)
    fault = _fault(fold, since)
    if fault is not None:
        return _clock_decides(fold, _faulty(fold, waited, fault))
    if now < deadline:
        return _state(fold, Phase.PREPARING, None, "The harness prepares the run.", deadline)
    text = f"The harness did not prepare the run: no confirmation of {', '.join(missing)}."
    return _clock_decides(
        fold, StepState(step=waited.step, status=StepStatus.ERROR, explanation=text, at=deadline)
    )


def _cancelled(fold: _Fold, order: JournalEvent) -> RunState:
    waited = fold.first_open
    if waited is not None:
        text = "The run was cancelled while this step was waited for."
        state = StepState(step=waited.step, status=StepStatus.UNKNOWN, explanation=text, at=order.at)
        fold.steps[waited.step] = state
    return _finished(fold)


def _finished(fold: _Fold) -> RunState:
    verdict = roll_up(_all(fold))
    worst = next((s.status for s in _all(fold) if s.status.value == verdict.value), StepStatus.PASSED)
    return _state(fold, Phase.FINISHED, verdict, _summary(fold, worst), None)


def _summary(fold: _Fold, status: StepStatus) -> str:
    steps = _all(fold)
    first = next((s for s in steps if s.status is status), None)
    if status is StepStatus.FAILED and first:
        return f"Step {first.step} failed. {first.explanation}"
    if status is StepStatus.ERROR and first:
        return f"The harness failed at step {first.step}; {_NO_BLAME}. {first.explanation}"
    if status is StepStatus.UNKNOWN and first:
        return f"Step {first.step} was not judged. {first.explanation}"
    return explain.all_fine(steps)


def broken_off(scenario: Scenario, last: RunState | None, reason: str, now: datetime) -> RunState:
    """A run that a fault of the harness ended while it was judged. ``last``: as it was last judged."""
    steps = last.steps if last else tuple(_or_not_run(None, step) for step in scenario.steps)
    open_ = (s.step for s in steps if not s.status.fine and s.status is not StepStatus.FAILED)
    waited = next(open_, scenario.steps[-1].step)
    text = f"{COULD_NOT_JUDGE}: {reason}."
    broken = StepState(step=waited, status=StepStatus.ERROR, explanation=text, at=now)
    return RunState(
        phase=Phase.FINISHED,
        verdict=Verdict.ERROR,
        summary=f"The harness failed at step {waited}; {_NO_BLAME}. {text}",
        steps=tuple(broken if state.step == waited else state for state in steps),
        captured=last.captured if last else {},
    )


def _state(
    fold: _Fold, phase: Phase, verdict: Verdict | None, summary: str, next_check: datetime | None
) -> RunState:
    return RunState(
        phase=phase,
        verdict=verdict,
        summary=summary,
        steps=_all(fold),
        captured=fold.captured,
        next_check=next_check,
        course=orders.course(fold.binding, fold.events),
    )


def _all(fold: _Fold) -> tuple[StepState, ...]:
    return tuple(_or_not_run(fold.steps.get(step.step), step) for step in fold.scenario.steps)


def _or_not_run(state: StepState | None, step: Step) -> StepState:
    return state or StepState(step=step.step, status=StepStatus.NOT_RUN)


def events_of(state: RunState) -> Iterable[str]:
    """IDs of every event that belongs to a step."""
    return (event for step in state.steps for event in step.events)
