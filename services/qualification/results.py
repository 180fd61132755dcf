"""What a verdict consists of: step results, findings, near misses, and the state of a run."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from services.qualification.binding import Document, Mode


class StepStatus(StrEnum):
    """The result of one step. The values are written to evidence and never change meaning."""

    NOT_RUN = "not run"
    WAITING_FOR_PARTICIPANT = "waiting for participant"
    WAITING_FOR_HARNESS = "waiting for harness"
    HELD = "held for the tester"  # stepwise mode: the harness does its part when the tester presses Run
    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"  # the harness's own fault, never the participant's
    UNKNOWN = "unknown"  # the run ended before the step could be judged
    SKIPPED = "skipped"
    ATTESTED = "attested"  # a person vouches for it

    @property
    def label(self) -> str:
        """The word that people read; ``Passed``, ``Failed`` and ``Not Run`` are the framework's own."""
        return "Not Run" if self is StepStatus.NOT_RUN else self.value.capitalize()

    @property
    def fine(self) -> bool:
        """Whether the run may go on to the next step."""
        return self in (StepStatus.PASSED, StepStatus.ATTESTED, StepStatus.SKIPPED)


class Verdict(StrEnum):
    """The result of a run."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    UNKNOWN = "unknown"


class Phase(StrEnum):
    """Where a run stands."""

    PREPARING = "preparing"
    RUNNING = "running"
    SETTLING = "settling"  # it has failed; the consequences of messages under way are still collected
    FINISHED = "finished"


ROLL_UP: tuple[tuple[StepStatus, Verdict], ...] = (
    (StepStatus.ERROR, Verdict.ERROR),
    (StepStatus.FAILED, Verdict.FAILED),
    (StepStatus.UNKNOWN, Verdict.UNKNOWN),
    (StepStatus.WAITING_FOR_PARTICIPANT, Verdict.UNKNOWN),
    (StepStatus.WAITING_FOR_HARNESS, Verdict.UNKNOWN),
    (StepStatus.HELD, Verdict.UNKNOWN),
    (StepStatus.NOT_RUN, Verdict.UNKNOWN),
    (StepStatus.PASSED, Verdict.PASSED),
    (StepStatus.ATTESTED, Verdict.PASSED),
    (StepStatus.SKIPPED, Verdict.PASSED),
)
"""Worst first: a run's verdict is that of the first status found among its steps.

The harness's own error outranks a failure, so that no participant is blamed in a run in which the
harness was not sound. A run in which every step was skipped was not judged: its verdict is unknown.
"""


class Finding(Document):
    """One thing that was compared: where, what was expected, what was seen, and a sentence about it."""

    pointer: str = ""
    expected: Any = None
    seen: Any = None
    sentence: str
    code: str | None = None
    passed: bool = False


class Miss(Document):
    """One respect in which a message was not the expected one."""

    field: str
    expected: str
    seen: str


class NearMiss(Document):
    """A message that came instead, with the fields on which it missed; no misses means it was too late.

    ``reason``: why it was refused, where it was.
    """

    event: str
    at: datetime
    what: str
    reference: str | None = None
    misses: tuple[Miss, ...] = ()
    reason: str | None = None


class Attempt(Document):
    """One POST of a publication to a webhook. ``status`` None: no answer came."""

    number: int
    at: datetime
    url: str | None = None
    status: int | None = None
    error: str | None = None
    answer: str | None = None
    next_in_seconds: float | None = None


class StepState(Document):
    """One step of a run. ``events``: IDs of the journal events that decided it or belong to it."""

    step: int
    status: StepStatus
    explanation: str = ""
    at: datetime | None = None
    events: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    near_misses: tuple[NearMiss, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    on_behalf: bool = False
    waiting_since: datetime | None = None
    deadline: datetime | None = None


class Note(Document):
    """What a person remarked about a run."""

    at: datetime
    by: str
    text: str


class Course(Document):
    """How a run is steered: its mode of the moment, people's notes, and how far its time is ahead."""

    mode: Mode = "automatic"
    notes: tuple[Note, ...] = ()
    ahead_seconds: float = 0


class RunState(Document):
    """The judgement of a run at one moment.

    ``next_check``: when the judgement may change although nothing happens (a deadline, the end of
    settling); None when only news can change it. ``verdict`` is None until the run has finished.
    """

    phase: Phase
    verdict: Verdict | None
    summary: str
    steps: tuple[StepState, ...]
    captured: dict[str, Any]
    next_check: datetime | None = None
    course: Course = Course()

    @property
    def finished(self) -> bool:
        return self.phase is Phase.FINISHED

    def current(self) -> StepState | None:
        """The step that is waited for."""
        waiting = (StepStatus.WAITING_FOR_PARTICIPANT, StepStatus.WAITING_FOR_HARNESS, StepStatus.HELD)
        return next((step for step in self.steps if step.status in waiting), None)


def roll_up(steps: tuple[StepState, ...]) -> Verdict:
    """The verdict of a finished run, by the declared order."""
    seen = {step.status for step in steps}
    if seen == {StepStatus.SKIPPED}:
        return Verdict.UNKNOWN
    return next(verdict for status, verdict in ROLL_UP if status in seen)
