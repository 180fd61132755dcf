"""What the run manager writes to the journal about a run, and how the verdict reads it.

Most are ``step released`` events of the run; ``details.order`` says which: ``release`` (the harness was
told to do its part), ``run`` (the tester pressed Run on a step that stepwise mode held), ``flow`` (the tester
lets all the rest flow), ``resume`` (the manager took the run up again after a restart, or after the log or
the database was away: waits begin anew), ``skip`` (a person left the step out) and ``cancel``. ``look`` marks
how far the manager has read; it belongs to no evidence. ``attested`` events name the step in
``details.step``; ``noted`` and ``clock advanced`` events of the run are the tester's, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from backbone.journal.events import JournalEvent, Kind
from participant.timekeeper import AHEAD
from services.qualification.binding import Binding
from services.qualification.conclude import Conclusion
from services.qualification.format import STATUS, Command, Scenario, Step, Way
from services.qualification.results import Course, Note, StepState, StepStatus

RELEASE = "release"
RUN = "run"
FLOW = "flow"
RESUME = "resume"
SKIP = "skip"
CANCEL = "cancel"
LOOK = "look"


def order_event(
    binding: Binding, order: str, now: datetime, step: Step | None = None, **details: object
) -> JournalEvent:
    """The journal event of one order."""
    return JournalEvent(
        kind=Kind.STEP_RELEASED,
        at=now,
        service="qualification",
        mpan=binding.mpan,
        run=binding.run,
        details={"order": order, **({"step": step.step} if step else {}), **details},
    )


def look_events(binding: Binding, now: datetime) -> list[JournalEvent]:
    """One mark under each key that events of the run can have: its MPAN, and each party for what has none."""
    mark = order_event(binding, LOOK, now)
    parties = sorted({party.dip_id for party in binding.parties.values()})
    return [mark, *(replace(mark, mpan=None, sender=dip_id, id=uuid4().hex) for dip_id in parties)]


def is_look(event: JournalEvent) -> bool:
    """Whether an event is such a mark."""
    return event.kind is Kind.STEP_RELEASED and event.details.get("order") == LOOK


def fault_event(binding: Binding, reason: str, now: datetime) -> JournalEvent:
    """The journal event of a run that could not be judged: the harness's own fault."""
    return JournalEvent(
        kind=Kind.SERVICE_FAULT,
        at=now,
        service="qualification",
        mpan=binding.mpan,
        run=binding.run,
        details={"fault": reason},
    )


def _orders(binding: Binding, events: Sequence[JournalEvent], order: str) -> Iterator[JournalEvent]:
    return (
        event
        for event in events
        if event.kind is Kind.STEP_RELEASED
        and event.run == binding.run
        and event.details.get("order") == order
    )


def find(binding: Binding, events: Sequence[JournalEvent], order: str) -> JournalEvent | None:
    """The first order of this kind for the run."""
    return next(_orders(binding, events, order), None)


def released(binding: Binding, events: Sequence[JournalEvent]) -> set[int]:
    """The steps whose harness part has been ordered."""
    return {int(event.details["step"]) for event in _orders(binding, events, RELEASE)}


def resumed(binding: Binding, events: Sequence[JournalEvent]) -> list[datetime]:
    """When the run was taken up again after a restart."""
    return [event.at for event in _orders(binding, events, RESUME)]


def moments(binding: Binding, events: Sequence[JournalEvent], step: Step) -> list[datetime]:
    """When the wait for a step was begun anew.

    By its release, the tester's Run, a restart, the end of the preparation, a clock that was moved.
    """
    own = [
        e.at
        for order in (RELEASE, RUN)
        for e in _orders(binding, events, order)
        if e.details.get("step") == step.step
    ]
    flowing = [e.at for e in _orders(binding, events, FLOW)]
    kinds = (Kind.HARNESS_PREPARED, Kind.CLOCK_ADVANCED)
    others = [e.at for e in events if e.kind in kinds and e.run == binding.run]
    return [*own, *flowing, *resumed(binding, events), *others]


def applies(command: Command, binding: Binding) -> bool:
    """Whether a command is sent in this run, as its roles are bound."""
    harness, participant = command.played_by_harness, command.played_by_participant
    if harness is not None and binding.parties[harness].participant:
        return False
    return participant is None or binding.parties[participant].participant


def commands(step: Step, binding: Binding) -> list[Command]:
    """What a step tells services of the harness to do, as the run's roles are bound."""
    if binding.on_behalf(step) and step.inject:
        return [step.inject]
    return [command for command in step.release if applies(command, binding)]


def held(binding: Binding, events: Sequence[JournalEvent], step: Step) -> bool:
    """Whether stepwise mode holds the harness's part of a step, and nobody has pressed Run on it yet.

    What the harness does to itself is not held: the DIP's deliveries to parties of ours.
    """
    if course(binding, events).mode == "automatic":
        return False
    if step.must_not_come_within or not (ours(step, binding) or commands(step, binding)):
        return False
    return all(event.details.get("step") != step.step for event in _orders(binding, events, RUN))


def ours(step: Step, binding: Binding) -> bool:
    """Whether the harness does something to a participant, or to others in its stead, at this step.

    It sends the step's message, or delivers it to the participant; of status messages only their codes tell
    which is which, so that none is held.
    """
    if step.way is Way.PUBLICATION:
        return step.message != STATUS and binding.owner(step).participant
    return not binding.waits_for_participant(step)


def course(binding: Binding, events: Sequence[JournalEvent]) -> Course:
    """How the run has been steered so far."""
    own = [event for event in events if event.run == binding.run]
    said = [event for event in own if event.kind is Kind.NOTED]
    advanced = [event for event in own if event.kind is Kind.CLOCK_ADVANCED]
    ahead = [float(event.details.get(AHEAD, 0)) for event in advanced]
    return Course(
        mode="automatic" if find(binding, events, FLOW) else binding.mode,
        notes=tuple(
            Note(at=e.at, by=str(e.details.get("by", "")), text=str(e.details.get("text", ""))) for e in said
        ),
        ahead_seconds=max([binding.ahead_seconds, *ahead]),
    )


def unconfirmed(scenario: Scenario, binding: Binding, events: Sequence[JournalEvent]) -> list[str]:
    """The preparations that a service has not confirmed yet: ``load_mpan by registration``.

    The DIP, too, has to know who holds what for the MPAN before the first message about it comes.
    """
    needed: Counter[tuple[str, str]] = Counter()
    for command in scenario.prepare:
        if applies(command, binding):
            services = [command.service, *_WITH.get((command.service, command.command), ())]
            needed.update((command.command, service) for service in services)
    confirmed = Counter(
        (str(event.details.get("command")), event.service)
        for event in events
        if event.kind is Kind.HARNESS_PREPARED and event.run == binding.run
    )
    return sorted(f"{command} by {service}" for command, service in (needed - confirmed).elements())


_WITH = {("registration", "load_mpan"): ("dip_gateway",)}


def by_a_person(event: JournalEvent) -> bool:
    """Whether a person decides a step with this: attests or skips it."""
    skipped = event.kind is Kind.STEP_RELEASED and event.details.get("order") == SKIP
    return skipped or event.kind is Kind.ATTESTED


def ruled(binding: Binding, events: Sequence[JournalEvent], step: Step) -> Conclusion | None:
    """A step that a person decided: attested or skipped."""
    for event in events:
        if event.run != binding.run or event.details.get("step") != step.step:
            continue
        if event.kind is Kind.ATTESTED:
            return _by_a_person(step, StepStatus.ATTESTED, "A person vouches for this step", event)
        if event.kind is Kind.STEP_RELEASED and event.details.get("order") == SKIP:
            return _by_a_person(step, StepStatus.SKIPPED, "A person left this step out", event)
    return None


def before(events: Sequence[JournalEvent], ruling: Conclusion | None) -> Sequence[JournalEvent]:
    """What had happened when a person decided; everything, where nobody did."""
    if ruling is None:
        return events
    place = next(n for n, event in enumerate(events) if event.id in ruling.state.events)
    return events[:place]


def _by_a_person(step: Step, status: StepStatus, text: str, event: JournalEvent) -> Conclusion:
    said = [str(event.details[key]) for key in ("by", "reason") if event.details.get(key)]
    explanation = f"{text}: {', '.join(said)}." if said else f"{text}."
    state = StepState(step=step.step, status=status, explanation=explanation, at=event.at, events=(event.id,))
    return Conclusion(state, None)
