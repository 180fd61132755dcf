"""Steps of special kinds: a message that must not come, a refusal, a status message, an advanced clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest

from backbone.journal.events import Kind
from services.qualification.format import Scenario, Step
from services.qualification.results import Phase, RunState, StepState, StepStatus, Verdict
from services.qualification.verdict import evaluate
from tests.unit.qualification.given import PARTICIPANT, Story, at, binding, headline

REGS = "2200000001"


def until_step(number: int, *more: dict[str, Any]) -> Scenario:
    """The headline scenario up to a step, with more steps after it."""
    scenario = headline()
    steps = [Step.model_validate({"step": number + 1 + place, **one}) for place, one in enumerate(more)]
    return scenario.model_copy(update={"steps": (*scenario.steps[:number], *steps)})


def judged(scenario: Scenario, story: Story, seconds: float = 0.1) -> RunState:
    return evaluate(scenario, story.binding, story.events, at(story.seconds + seconds))


def last(state: RunState) -> StepState:
    return state.steps[-1]


OTHER_ANSWER = {
    "description": "Nothing comes",
    "source": "REGS",
    "recipient": "DIP",
    "message": "IF-035",
    "event": "[MSAppSPRejected]",
    "mustNotComeWithin": 5,
}
ABSENT = until_step(8, OTHER_ANSWER)


def test_given_a_message_that_must_not_come_and_does_not_then_the_run_passes_in_its_time(
    story: Story,
) -> None:
    story.whole()
    waiting = judged(ABSENT, story)
    assert (waiting.phase, waiting.verdict) == (Phase.RUNNING, None)
    assert last(waiting).explanation == "IF-035 [MSAppSPRejected] must not come within 5 s."
    assert waiting.next_check == at(story.seconds + 5)
    ended = judged(ABSENT, story, 5)
    assert (last(ended).status, ended.verdict) == (StepStatus.PASSED, Verdict.PASSED)
    assert "did not come within 5 s, as it must not" in last(ended).explanation


def test_given_a_message_that_must_not_come_and_does_then_its_author_is_at_fault(story: Story) -> None:
    story.whole()
    story.accepted("IF-035", "[MSAppSPRejected]", REGS)
    ours = judged(ABSENT, story, 9)
    assert (last(ours).status, ours.verdict) == (StepStatus.ERROR, Verdict.ERROR)
    played = Story(binding({"REGS": REGS}))
    for service, command in (("css_stub", "register_with"), ("supplier_stub", "plan")):
        played.add(Kind.HARNESS_PREPARED, service=service, run="run-1", details={"command": command})
    played.whole()
    played.accepted("IF-035", "[MSAppSPRejected]", REGS)
    theirs = judged(ABSENT, played, 9)
    assert (last(theirs).status, theirs.verdict) == (StepStatus.FAILED, Verdict.FAILED)
    assert "which must not" in last(theirs).explanation


def test_given_it_comes_after_its_time_or_the_harness_restarts_then_a_passed_step_stays_so(
    story: Story,
) -> None:
    story.whole()
    story.seconds += 6
    story.accepted("IF-035", "[MSAppSPRejected]", REGS)
    assert last(judged(ABSENT, story)).status is StepStatus.PASSED
    resumed = {"order": "resume"}
    story.add(Kind.STEP_RELEASED, service="qualification", run="run-1", details=resumed)
    assert last(judged(ABSENT, story)).status is StepStatus.PASSED


def test_given_a_restart_while_nothing_must_come_then_the_waiting_begins_anew(story: Story) -> None:
    story.whole()
    story.seconds += 2
    resumed = {"order": "resume"}
    story.add(Kind.STEP_RELEASED, service="qualification", run="run-1", details=resumed)
    assert judged(ABSENT, story, 4).verdict is None
    assert judged(ABSENT, story, 5).verdict is Verdict.PASSED


def refusing(*codes: str) -> Scenario:
    scenario = headline()
    step = scenario.step(5).model_copy(update={"refused": codes, "expect": ()})
    return scenario.model_copy(update={"steps": (*scenario.steps[:4], step)})


@pytest.mark.parametrize(
    ("kind", "codes", "status", "words"),
    [
        (Kind.REFUSED, ("MSG1001",), StepStatus.PASSED, "with MSG1001, as it should"),
        (Kind.REFUSED, ("MSG1000", "MSG1006"), StepStatus.PASSED, "with MSG1000, MSG1006, as it should"),
        (Kind.REFUSED, ("MSG1009",), StepStatus.FAILED, "with MSG1009; expected was MSG1001 or MSG1006"),
        (Kind.REFUSED, (), StepStatus.FAILED, "with no code"),
        (Kind.ACCEPTED, (), StepStatus.FAILED, "it should have refused it with MSG1001 or MSG1006"),
    ],
)
def test_given_a_message_that_the_dip_is_to_refuse_then_its_code_decides(
    story: Story, kind: Kind, codes: tuple[str, ...], status: StepStatus, words: str
) -> None:
    story.until_site_information()
    story.appointment(kind=kind, codes=codes)
    state = judged(refusing("MSG1001", "MSG1006"), story, 3)
    assert last(state).status is status
    assert words in last(state).explanation


STATUS_STEP = {
    "description": "The supplier is told",
    "source": "DIP",
    "recipient": "SUPI",
    "message": "STATUS",
    "codes": ("MSG1037", "MSG1038"),
    "publishes": 5,
    "guidance": "Take it.",
}


@pytest.mark.parametrize("code", ["MSG1038", "MSG1030"])
def test_given_a_message_that_cannot_be_routed_then_the_status_message_with_its_code_counts(
    story: Story, code: str
) -> None:
    story.until_site_information()
    sent = story.appointment()
    entry = {"transactionID": sent.transaction_id, "message": f"{code} - Cannot Resolve"}
    fields: dict[str, Any] = {"interface": "STATUS", "recipient": PARTICIPANT, "sender": "1000000000"}
    fields |= {"transaction_id": sent.transaction_id}
    body = orjson.dumps([entry]).decode()
    story.add(Kind.STATUS_SENT, body=body, codes=(code,), **fields)
    story.add(Kind.DELIVERED, body=body, codes=("MSG0000",), details={"attempt": 1, "status": 201}, **fields)
    state = judged(until_step(5, STATUS_STEP), story)
    if code == "MSG1038":
        assert (last(state).status, state.verdict) == (StepStatus.PASSED, Verdict.PASSED)
    else:
        (miss,) = last(state).near_misses[0].misses
        assert (miss.field, miss.expected, miss.seen) == ("code", "MSG1037 or MSG1038", "MSG1030")


def test_given_an_advanced_clock_then_waits_are_measured_in_real_time(story: Story) -> None:
    story.until_site_information()
    week = timedelta(days=7)
    details = {"step": 5, "aheadSeconds": week.total_seconds()}
    story.add(Kind.CLOCK_ADVANCED, service="qualification", run="run-1", details=details)
    sent = story.appointment()
    for kind in (Kind.ROUTED, Kind.DELIVERED):
        event = story.add(kind, interface="PUB-031", recipient=REGS, transaction_id=sent.transaction_id)
        story.change(event, at=event.at + week)
    state = judged(headline(), story)
    assert state.steps[5].status is StepStatus.PASSED
    assert state.steps[5].at == at(story.seconds)
    assert state.steps[6].deadline == at(story.seconds + 60)
    assert judged(headline(), story, 61).verdict is Verdict.ERROR
