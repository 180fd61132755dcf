"""Which run a message belongs to that carries no MPAN. Pure; the first of these that applies decides:

1. its sender reference names the run: the last part begins with the run's ID, as where an order made it;
2. its correlation ID is the run's: a correlation ID, transaction ID or sender reference of its messages;
3. a participant of the run sent it, or is sent it, and a step of the run waits for it. Where several runs
   wait for the same, the one that has waited longest.

See ``services.qualification.claims`` for how that is written down, and read by the verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from backbone.journal.events import JournalEvent, Kind
from contracts import Catalogue, envelope
from services.qualification.binding import Binding
from services.qualification.claims import Attribution, Claim, subject
from services.qualification.format import Scenario, Step, Way
from services.qualification.results import RunState, StepState, StepStatus

_SUBMITTED = (Kind.ACCEPTED, Kind.REFUSED)
_PUBLISHED = (
    Kind.ROUTED, Kind.HELD, Kind.DELIVERY_ATTEMPTED, Kind.DELIVERED, Kind.DELIVERY_ABANDONED,
)  # fmt: skip
RUN_ID_LENGTH = 12
_OPEN = (
    StepStatus.NOT_RUN, StepStatus.WAITING_FOR_PARTICIPANT, StepStatus.WAITING_FOR_HARNESS, StepStatus.HELD,
)  # fmt: skip


@dataclass(frozen=True)
class Candidate:
    """A run that has not ended. ``claims``: the messages that were attributed to it so far."""

    scenario: Scenario
    binding: Binding
    state: RunState
    events: Sequence[JournalEvent] = ()
    claims: Sequence[Claim] = ()

    def knows(self, correlation: str) -> bool:
        """Whether this is a correlation ID, transaction ID or sender reference of the run's messages."""
        claimed = {claim.subject for claim in self.claims}
        own = (e for e in self.events if e.mpan == self.binding.mpan or subject(e) in claimed)
        return any(correlation in (e.correlation_id, e.transaction_id, e.reference) for e in own)


def without_mpan(scenario: Scenario, catalogue: Catalogue) -> tuple[str, ...]:
    """The messages of a scenario that carry no MPAN by these contracts, as interface and as publication."""
    of_steps = {step.message.replace("PUB-", "IF-") for step in scenario.steps}
    numbered = {v.interface for v in catalogue.variants() if v.common.field("M0") or v.common.field("M1")}
    known = {variant.interface for variant in catalogue.variants()}
    found = (of_steps & known) - numbered
    return tuple(sorted(found | {envelope.publication_id(interface) for interface in found}))


def attribute(
    event: JournalEvent, runs: Iterable[Candidate], known: Callable[[str], bool] = lambda _: False
) -> Attribution | None:
    """The run that this message belongs to; None for one of no run, and for what is no such message.

    ``known``: whether there is or was a run of this ID; what names it belongs to no other.
    """
    if event.mpan is not None or event.run is not None or event.kind not in (*_SUBMITTED, *_PUBLISHED):
        return None
    concerned = [run for run in runs if event.interface in run.binding.without_mpan]
    name = (event.reference or "").rpartition("-")[2][:RUN_ID_LENGTH]
    named = _named(name, concerned)
    if named or known(name):
        return named
    return _correlated(event, concerned) or _awaited(event, concerned)


def _named(name: str, runs: Sequence[Candidate]) -> Attribution | None:
    named = (run.binding for run in runs if run.binding.run == name)
    return next((Attribution(binding, "its sender reference names the run") for binding in named), None)


def _correlated(event: JournalEvent, runs: Sequence[Candidate]) -> Attribution | None:
    """A correlation that several runs know decides nothing."""
    if event.correlation_id is None:
        return None
    quoted = [run.binding for run in runs if _takes_part(event, run) and run.knows(event.correlation_id)]
    because = f"its correlation ID {event.correlation_id} is known from a message of the run"
    return Attribution(quoted[0], because) if len(quoted) == 1 else None


def _takes_part(event: JournalEvent, run: Candidate) -> bool:
    return any(_fits(event, step, run.binding) for step in run.scenario.steps)


def _fits(event: JournalEvent, step: Step, binding: Binding) -> bool:
    """Whether the event is of this step's message, at this step's end."""
    way = Way.SUBMISSION if event.kind in _SUBMITTED else Way.PUBLICATION
    same = step.message == event.interface and step.way is way
    return same and binding.owner(step).dip_id == _end(event)


def _end(event: JournalEvent) -> str | None:
    return event.sender if event.kind in _SUBMITTED else event.recipient


def _awaited(event: JournalEvent, runs: Sequence[Candidate]) -> Attribution | None:
    """A party of the harness sends such a message only by order, so only participants are looked at."""
    waits = sorted((since, run.binding.run) for run in runs for since in _waits(event, run))
    if not waits:
        return None
    oldest = next(run.binding for run in runs if run.binding.run == waits[0][1])
    what = f"{event.interface} {'from' if event.kind in _SUBMITTED else 'to'} {_end(event)}"
    alone = f"no other run waits for {what}"
    several = f"it has waited longest of the {len(waits)} runs that wait for {what}"
    return Attribution(oldest, alone if len(waits) == 1 else several)


def _waits(event: JournalEvent, run: Candidate) -> Iterator[tuple[bool, datetime]]:
    """Since when the run waits for this message, if it does; steps that are not waited for yet come last."""
    binding, states = run.binding, {state.step: state for state in run.state.steps}
    steps = [step for step in run.scenario.steps if _fits(event, step, binding)]
    participants = {party.dip_id for party in binding.participants()}
    if _end(event) not in participants or _claimed(event, run) >= len(steps):
        return
    for step in steps:
        state = states.get(step.step)
        if state is not None and state.status in _OPEN and not (event.kind in _PUBLISHED and step.publishes):
            yield _since(state, binding)
            return


def _claimed(event: JournalEvent, run: Candidate) -> int:
    """How many messages like this one the run has already; the state may not show the newest yet."""
    return sum((claim.interface, claim.end) == (event.interface, _end(event)) for claim in run.claims)


def _since(state: StepState, binding: Binding) -> tuple[bool, datetime]:
    return state.waiting_since is None, state.waiting_since or binding.created
