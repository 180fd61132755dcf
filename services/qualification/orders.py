"""What the run manager writes to the journal about a run, and how the verdict reads it.

All are ``step released`` events of the run; ``details.order`` says which: ``release`` (the harness was
told to do its part), ``resume`` (the manager took the run up again after a restart: waits begin anew),
``skip`` (a person left the step out) and ``cancel``. ``attested`` events name the step in
``details.step``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from backbone.journal.events import JournalEvent, Kind
from services.qualification.binding import Binding
from services.qualification.conclude import Conclusion
from services.qualification.format import Command, Scenario, Step
from services.qualification.results import StepState, StepStatus

RELEASE = "release"
RESUME = "resume"
SKIP = "skip"
CANCEL = "cancel"


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
    """When the wait for a step was begun anew: its release, a restart, the clock, the end of preparation."""
    own = [e.at for e in _orders(binding, events, RELEASE) if e.details.get("step") == step.step]
    prepared = [e.at for e in events if e.kind is Kind.HARNESS_PREPARED and e.run == binding.run]
    advanced = [e.at for e in events if e.kind is Kind.CLOCK_ADVANCED and e.run == binding.run]
    return [*own, *resumed(binding, events), *prepared, *advanced]


def applies(command: Command, binding: Binding) -> bool:
    """Whether a command is sent in this run, as its roles are bound."""
    harness, participant = command.played_by_harness, command.played_by_participant
    if harness is not None and binding.parties[harness].participant:
        return False
    return participant is None or binding.parties[participant].participant


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


def _by_a_person(step: Step, status: StepStatus, text: str, event: JournalEvent) -> Conclusion:
    said = [str(event.details[key]) for key in ("by", "reason") if event.details.get(key)]
    explanation = f"{text}: {', '.join(said)}." if said else f"{text}."
    state = StepState(step=step.step, status=status, explanation=explanation, at=event.at, events=(event.id,))
    return Conclusion(state, None)
