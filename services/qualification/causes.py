"""What led to a step: the messages that it passes on or answers, and in which of them a participant erred."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from backbone.journal.events import JournalEvent
from services.qualification.binding import Binding
from services.qualification.expectations import compare
from services.qualification.format import Scenario, Step
from services.qualification.messages import message_of
from services.qualification.results import Finding, StepState, StepStatus


@dataclass(frozen=True)
class Cause:
    """A message that led to another. ``wrong``: in what it deviates from its step's expectations and hints.

    ``answered``: whether the step in question answers it, rather than passing it on.
    """

    step: Step
    event: JournalEvent | None
    state: StepState | None
    answered: bool
    wrong: tuple[Finding, ...]


@dataclass(frozen=True)
class Told:
    """What is known of the steps when one of them is looked at."""

    scenario: Scenario
    binding: Binding
    states: Mapping[int, StepState]
    deciding: Mapping[int, JournalEvent]
    values: Mapping[str, Any]


def causes(told: Told, step: Step) -> tuple[Cause, ...]:
    """The messages that led to this step, the nearest first."""
    return tuple(_cause(told, earlier, answered) for earlier, answered in _chain(told.scenario, step))


def _chain(scenario: Scenario, step: Step) -> Iterator[tuple[Step, bool]]:
    """Links lead to earlier steps only, so that this ends."""
    number, answered = step.publishes or step.answers, False
    while number is not None:
        answered = answered or not step.publishes
        step = scenario.step(number)
        yield step, answered
        number = step.publishes or step.answers


def _cause(told: Told, step: Step, answered: bool) -> Cause:
    event, state = told.deciding.get(step.step), told.states.get(step.step)
    hints = compare(step.hints, message_of(event), told.values) if event else ()
    found = (*(state.findings if state else ()), *hints)
    return Cause(step, event, state, answered, tuple(finding for finding in found if not finding.passed))


def blamed(told: Told, step: Step) -> Cause | None:
    """The message of a participant that explains why the harness's part went wrong at this step, if any.

    That is one which led here and deviates; failing that, one that failed its own step before this one.
    """
    binding = told.binding
    mine = [cause for cause in causes(told, step) if binding.waits_for_participant(cause.step)]
    deviating = next((cause for cause in mine if cause.wrong or _failed(cause.state)), None)
    return deviating or next(
        (
            _cause(told, earlier, answered=False)
            for earlier in told.scenario.steps
            if earlier.step < step.step
            and binding.waits_for_participant(earlier)
            and _failed(told.states.get(earlier.step))
        ),
        None,
    )


def _failed(state: StepState | None) -> bool:
    return state is not None and state.status is StepStatus.FAILED
