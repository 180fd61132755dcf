"""What holds for every journal, however strange: a verdict in the end, the same for everybody."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.journal.events import JournalEvent, Kind
from services.qualification.binding import Binding
from services.qualification.format import Scenario
from services.qualification.results import Phase, StepStatus, Verdict
from services.qualification.verdict import evaluate
from tests.unit.qualification.given import BEGIN, PARTICIPANT, Story, at, binding, headline, judge

SCENARIO = headline()
LONG_AFTER = at(1_000_000)
BINDINGS = [binding(), binding({}), binding(injected=("CSS01700",)), binding({"REGS": "2200000001"})]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=20),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3)
    ),
    max_leaves=8,
)


def whole(bound: Binding) -> list[JournalEvent]:
    story = Story(bound)
    story.whole()
    return story.events


@st.composite
def strange_event(draw: st.DrawFn) -> JournalEvent:
    """An event that no service would write, or that a participant provoked."""
    text = st.none() | st.sampled_from(
        ["IF-031", "PUB-032", "CSS01700", PARTICIPANT, "CSS", "2200000001", "\x00"]
    )
    return JournalEvent(
        kind=draw(st.sampled_from(Kind)),
        at=at(draw(st.integers(0, 100))),
        service="dip_gateway",
        mpan=draw(st.sampled_from([None, "1000000000013", "2000056535971"])),
        interface=draw(text),
        event_code=draw(st.sampled_from([None, "[MSApp]", "[DSApp]"])),
        sender=draw(text),
        recipient=draw(text),
        transaction_id=draw(st.sampled_from([None, "T-1"])),
        run=draw(st.sampled_from([None, "run-1", "run-2"])),
        body=draw(st.none() | json_values.map(lambda value: orjson.dumps(value).decode()) | st.just("{oops")),
        details=draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "status": st.none() | st.integers(100, 599),
                    "attempt": st.integers(1, 9),
                    "reason": st.text(max_size=10),
                    "violations": st.lists(st.just("a text") | st.just({"pointer": "/x"}), max_size=2),
                    "onBehalfOf": st.just(PARTICIPANT),
                    "order": st.sampled_from(["resume", "skip", "nonsense"]),
                    "step": st.integers(0, 9),
                },
            )
        ),
    )


@st.composite
def journals(draw: st.DrawFn) -> tuple[Binding, list[JournalEvent]]:
    """Part of a good run, in order, with strange events in between."""
    bound = draw(st.sampled_from(BINDINGS))
    kept = [event for event in whole(bound) if draw(st.integers(0, 9)) > 0]
    for event in draw(st.lists(strange_event(), max_size=6)):
        kept.insert(draw(st.integers(0, len(kept))), event)
    return bound, kept


def judged(scenario: Scenario, bound: Binding, events: list[JournalEvent]) -> Any:
    return evaluate(scenario, bound, events, LONG_AFTER)


@given(journals())
@settings(max_examples=150, deadline=None)
def test_every_run_ends_in_a_verdict(case: tuple[Binding, list[JournalEvent]]) -> None:
    bound, events = case
    state = judged(SCENARIO, bound, events)
    assert state.phase is Phase.FINISHED
    assert state.verdict is not None
    assert state.next_check is None
    assert state.current() is None
    passed = all(step.status.fine for step in state.steps)
    assert (state.verdict is Verdict.PASSED) == passed
    broken = [step for step in state.steps if not step.status.fine and step.status is not StepStatus.NOT_RUN]
    assert all(step.explanation for step in broken)


@given(journals())
@settings(max_examples=60, deadline=None)
def test_a_verdict_survives_the_journal_being_written_and_read(
    case: tuple[Binding, list[JournalEvent]],
) -> None:
    bound, events = case
    read = [JournalEvent.from_bytes(event.to_bytes()) for event in events]
    again = Binding.model_validate_json(bound.model_dump_json(by_alias=True))
    scenario = Scenario.model_validate_json(SCENARIO.model_dump_json(by_alias=True, exclude_unset=True))
    assert judged(scenario, again, read) == judged(SCENARIO, bound, events)


@given(journals(), st.integers(0, 400))
@settings(max_examples=80, deadline=None)
def test_when_nothing_happens_the_state_changes_only_when_it_said_it_would(
    case: tuple[Binding, list[JournalEvent]], seconds: int
) -> None:
    bound, events = case
    now = at(seconds)
    state = evaluate(SCENARIO, bound, events, now)
    if state.next_check is None or state.next_check <= now:
        return
    before = state.next_check - timedelta(microseconds=1)
    assert evaluate(SCENARIO, bound, events, before) == state
    assert evaluate(SCENARIO, bound, events, state.next_check) != state


@given(st.integers(0, 7), st.integers(1, 50))
@settings(max_examples=30, deadline=None)
def test_the_time_a_message_comes_too_early_does_not_matter(position: int, seconds: int) -> None:
    story = Story(binding())
    story.whole()
    appointment = next(e for e in story.events if e.kind is Kind.ACCEPTED and e.interface == "IF-031")
    rest = [event for event in story.events if event is not appointment]
    early = replace(appointment, at=appointment.at - timedelta(seconds=seconds))
    rest.insert(position, early)
    assert judged(SCENARIO, story.binding, rest).verdict is Verdict.PASSED


def test_given_every_prefix_of_a_journal_then_a_passed_step_never_changes_again(story: Story) -> None:
    story.whole()
    passed: set[int] = set()
    for length in range(len(story.events) + 1):
        events = story.events[:length]
        state = evaluate(SCENARIO, story.binding, events, events[-1].at if events else BEGIN)
        now_passed = {one.step for one in state.steps if one.status is StepStatus.PASSED}
        assert passed <= now_passed
        passed = now_passed
    assert passed == set(range(1, 9))


@pytest.mark.parametrize("seed", range(5))
def test_given_foreign_events_anywhere_between_then_the_verdict_is_the_same(seed: int, story: Story) -> None:
    story.whole()
    chance = random.Random(seed)
    foreign = [_foreign(number) for number in range(20)]
    mixed = list(story.events)
    for event in foreign:
        mixed.insert(chance.randrange(len(mixed) + 1), event)
    assert evaluate(SCENARIO, story.binding, mixed, story.now) == judge(story)


def _foreign(number: int) -> JournalEvent:
    return JournalEvent(
        Kind.ACCEPTED,
        at(number),
        "dip_gateway",
        mpan="2000056535971",
        interface="IF-031",
        event_code="[MSApp]",
        sender="2300000077",
        id=f"foreign-{number}",
    )
