"""What a tester may do with a run that has not ended, each as the journal event that says it was done.

Every function takes the run as it stands and raises StepUnknown or OrderRefused, in words for the tester,
for what cannot be done now. What the events lead to is in ``orders`` (the verdict) and in ``effects`` (the
harness).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from backbone.journal.events import JournalEvent, Kind
from participant.timekeeper import AHEAD
from services.qualification import orders
from services.qualification.binding import Binding
from services.qualification.errors import OrderRefused, StepUnknown
from services.qualification.format import Scenario, Step
from services.qualification.results import Phase, RunState, StepState, StepStatus

LONGEST_ADVANCE = timedelta(days=3660)
_MILLISECOND = timedelta(milliseconds=1)
_OPEN = (
    StepStatus.NOT_RUN,
    StepStatus.HELD,
    StepStatus.WAITING_FOR_HARNESS,
    StepStatus.WAITING_FOR_PARTICIPANT,
)


@dataclass(frozen=True)
class Steered:
    """A run as it stands. ``now``: the real time; ``ahead``: how far the run's business time is ahead."""

    scenario: Scenario
    binding: Binding
    state: RunState
    now: datetime
    ahead: timedelta = timedelta()

    def step(self, number: int) -> tuple[Step, StepState]:
        """Raises StepUnknown."""
        for step, state in zip(self.scenario.steps, self.state.steps, strict=True):
            if step.step == number:
                return step, state
        last = self.scenario.steps[-1].step
        raise StepUnknown(f"This run has no step {number}: its steps are 1 to {last}.")

    @property
    def business_time(self) -> datetime:
        return self.now + self.ahead

    def event(self, kind: Kind, **details: object) -> JournalEvent:
        return JournalEvent(
            kind, self.now, "qualification", mpan=self.binding.mpan, run=self.binding.run, details=details
        )


Order = Callable[[Steered], JournalEvent]
"""An order of the tester: the event for a run as it stands. Raises StepUnknown, OrderRefused."""


def press_run(number: int) -> Order:
    """Let the harness do its part of the step that is held."""

    def order(run: Steered) -> JournalEvent:
        step, state = run.step(number)
        if state.status is not StepStatus.HELD:
            raise OrderRefused(f"Step {number} is not held: it is {state.status.value}. {_held_now(run)}")
        return orders.order_event(run.binding, orders.RUN, run.now, step)

    return order


def _held_now(run: Steered) -> str:
    if run.state.course.mode == "automatic":
        return "The run is in automatic mode: nothing in it is held."
    current = run.state.current()
    if current is None:
        return "The run waits for no step now."
    return f"The run stands at step {current.step}, which is {current.status.value}."


def let_flow(run: Steered) -> JournalEvent:
    """From now on the run goes by itself."""
    if run.state.course.mode == "automatic":
        raise OrderRefused("The run is in automatic mode: nothing in it is held.")
    return orders.order_event(run.binding, orders.FLOW, run.now)


def attest(number: int, by: str, reason: str) -> Order:
    """A person vouches for a step that nothing has decided yet."""

    def order(run: Steered) -> JournalEvent:
        _undecided(run, number)
        return run.event(Kind.ATTESTED, step=number, by=by, reason=reason)

    return order


def skip(number: int, by: str, reason: str) -> Order:
    """A person leaves out a step that nothing has decided yet."""

    def order(run: Steered) -> JournalEvent:
        step = _undecided(run, number)
        return orders.order_event(run.binding, orders.SKIP, run.now, step, by=by, reason=reason)

    return order


def check_it_counts(run: Steered, event: JournalEvent) -> None:
    """Raises OrderRefused when a message decided the step before the person's word was in the journal."""
    decides = event.kind is Kind.ATTESTED or event.details.get("order") == orders.SKIP
    if decides:
        number = int(event.details["step"])
        _, state = run.step(number)
        if event.id not in state.events:
            raise OrderRefused(f"Step {number} was decided in the meantime: it is {state.status.value}.")


def _undecided(run: Steered, number: int) -> Step:
    step, state = run.step(number)
    if state.status not in _OPEN:
        raise OrderRefused(f"Step {number} is decided already: it is {state.status.value}.")
    if run.state.phase is Phase.SETTLING:
        raise OrderRefused(f"The run has failed and is about to end; step {number} changes nothing now.")
    return step


def note(by: str, text: str) -> Order:
    """A person's remark."""
    return lambda run: run.event(Kind.NOTED, by=by, text=text)


def advance(*, to: datetime | None = None, by: timedelta | None = None) -> Order:
    """Move the run's business time forward, to a moment or by a span."""

    def order(run: Steered) -> JournalEvent:
        if run.state.phase is not Phase.RUNNING:
            raise OrderRefused(
                f"The clock can be advanced while the run is running; it is {run.state.phase}."
            )
        step = _span(run, to, by)
        moments = {"from": run.business_time.isoformat(), "to": (run.business_time + step).isoformat()}
        return run.event(Kind.CLOCK_ADVANCED, **moments, **{AHEAD: (run.ahead + step).total_seconds()})

    return order


def _span(run: Steered, to: datetime | None, by: timedelta | None) -> timedelta:
    step = by if by is not None else (to or run.business_time) - run.business_time
    if step <= timedelta():
        at = run.business_time.isoformat()
        raise OrderRefused(f"Business time never runs backwards: the run is at {at}. Give a later moment.")
    if run.ahead + step > LONGEST_ADVANCE:
        raise OrderRefused(f"Business time runs at most {LONGEST_ADVANCE.days} days ahead of the machine's.")
    return -(-step // _MILLISECOND) * _MILLISECOND
