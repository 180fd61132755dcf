"""The verdict of a run that a tester steers: held steps, Run, an advanced clock, notes, a person's word."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backbone.journal.events import JournalEvent, Kind
from services.qualification import orders
from services.qualification.document import document
from services.qualification.junit import junit, seconds
from services.qualification.results import Phase, StepStatus, Verdict
from tests.unit.qualification.given import (
    PARTICIPANT,
    Story,
    at,
    binding,
    headline,
    judge,
    statuses,
    step,
)


@pytest.fixture
def held() -> Story:
    """A stepwise run with a participant as incoming supplier, standing at step 2."""
    story = Story(binding(mode="stepwise"))
    story.prepared()
    story.switch()
    return story


def press(story: Story, number: int) -> None:
    event = orders.order_event(story.binding, orders.RUN, at(story.seconds), headline().step(number))
    story.events.append(event)


def test_a_step_of_the_harness_is_held_however_long_it_takes(held: Story) -> None:
    state = judge(held, at(86_400))
    assert statuses(state)[:3] == ["passed", "held for the tester", "not run"]
    assert (state.phase, state.next_check, step(state, 2).deadline) == (Phase.RUNNING, None, None)
    assert step(state, 2).explanation == (
        "Held for the tester: press Run to let CSS send CSS02800 for MPAN 1000000000013."
    )


def test_run_begins_the_wait_at_that_moment(held: Story) -> None:
    held.seconds = 3600
    press(held, 2)
    state = judge(held, at(3601))
    assert step(state, 2).status is StepStatus.WAITING_FOR_HARNESS
    assert step(state, 2).deadline == at(3660)
    assert step(judge(held, at(3661)), 2).status is StepStatus.ERROR


def test_what_a_participant_does_is_never_held(held: Story) -> None:
    press(held, 2)
    held.pending()
    press(held, 3)
    press(held, 4)
    held.delivery(held.site_information(), held.supplier, 201)
    state = judge(held)
    assert step(state, 5).status is StepStatus.WAITING_FOR_PARTICIPANT
    assert step(state, 5).deadline is not None


def until_delivery(story: Story) -> None:
    """The site information is on its way to the participant, and the DIP holds it for the tester."""
    press(story, 2)
    story.pending()
    press(story, 3)
    sent = story.site_information()
    fields = {"interface": "PUB-002", "recipient": PARTICIPANT, "transaction_id": sent.transaction_id}
    story.add(Kind.ROUTED, details={"routing": "primary"}, **fields)
    story.add(Kind.HELD, details={"step": 4, "reason": "waiting for release of step 4"}, **fields)


def test_what_the_dip_delivers_to_a_participant_is_held(held: Story) -> None:
    until_delivery(held)
    state = judge(held, at(86_400))
    assert (step(state, 4).status, step(state, 4).deadline) == (StepStatus.HELD, None)
    assert step(state, 4).explanation == (
        "Held: waiting for release of step 4. Press Run, and the DIP delivers PUB-002 for MPAN 1000000000013 "
        "to SUPI (2300000012)."
    )


def test_a_delivery_let_go_is_waited_for_from_then_on_and_no_webhook_is_missed(held: Story) -> None:
    until_delivery(held)
    held.seconds = 3600
    press(held, 4)
    state = judge(held, at(3601))
    assert step(state, 4).status is StepStatus.WAITING_FOR_PARTICIPANT
    assert step(state, 4).deadline == at(3630)
    assert "webhook" not in step(state, 4).explanation


def test_what_the_dip_delivers_to_the_harness_itself_is_not_held() -> None:
    story = Story(binding({}, mode="stepwise"))
    story.prepared()
    for number, happens in enumerate((story.switch, story.pending, story.site_information), start=1):
        press(story, number)
        happens()
    assert step(judge(story), 4).status is StepStatus.WAITING_FOR_HARNESS


def test_letting_the_rest_flow_holds_nothing_more(held: Story) -> None:
    held.events.append(orders.order_event(held.binding, orders.FLOW, at(50)))
    state = judge(held, at(51))
    assert state.course.mode == "automatic"
    assert step(state, 2).status is StepStatus.WAITING_FOR_HARNESS
    assert step(state, 2).deadline == at(110)


def test_a_message_sent_on_the_participants_behalf_is_held_too() -> None:
    story = Story(binding(injected=("CSS01700",), mode="stepwise"))
    story.prepared()
    state = judge(story)
    assert step(state, 1).status is StepStatus.HELD
    assert step(state, 1).on_behalf
    assert PARTICIPANT in step(state, 1).explanation


def test_in_automatic_mode_nothing_is_held() -> None:
    story = Story(binding())
    story.prepared()
    story.switch()
    assert step(judge(story), 2).status is StepStatus.WAITING_FOR_HARNESS


def test_a_fault_of_the_harness_ends_a_held_run(held: Story) -> None:
    held.add(Kind.SERVICE_FAULT, service="registration", details={"fault": "broken"})
    state = judge(held, at(60))
    assert (state.verdict, step(state, 2).status) == (Verdict.ERROR, StepStatus.ERROR)


def test_a_cancelled_held_run_was_not_judged(held: Story) -> None:
    held.events.append(orders.order_event(held.binding, orders.CANCEL, at(20)))
    assert judge(held).verdict is Verdict.UNKNOWN


def test_the_held_step_carries_run_and_the_others_do_not(held: Story) -> None:
    state = judge(held)
    shown = document(headline(), held.binding, {}, state, 1, held.now)
    assert [row["action"] for row in shown["steps"]] == ["", "Run", "", "", "", "", "", ""]
    assert shown["currentStep"] == 2
    assert shown["mode"] == "stepwise"


def advanced(story: Story, seconds: float) -> None:
    story.add(Kind.CLOCK_ADVANCED, service="qualification", run="run-1", details={"aheadSeconds": seconds})


def dated_ahead(story: Story, seconds: float, event: JournalEvent) -> None:
    """As a service whose clock is ahead writes it down."""
    story.change(event, at=event.at + timedelta(seconds=seconds))


def test_an_advanced_clock_makes_nobody_late_and_counts_as_no_duration(story: Story) -> None:
    story.prepared()
    story.seconds = 20
    advanced(story, 7 * 86_400)
    state = judge(story, at(45))
    assert step(state, 1).status is StepStatus.WAITING_FOR_PARTICIPANT
    assert step(state, 1).deadline == at(51)
    shown = document(headline(), story.binding, {"created": at(0).isoformat()}, state, 1, at(45))
    assert seconds(shown) == 45
    assert shown["businessTime"] == at(45 + 7 * 86_400).isoformat()
    assert shown["clockAheadSeconds"] == 7 * 86_400


def test_a_clock_advanced_by_less_than_the_run_has_lasted_makes_nobody_late(held: Story) -> None:
    """The tester thought for two hours, then moved the clock by one: what follows is dated right."""
    held.seconds = 7200
    advanced(held, 3600)
    press(held, 2)
    state = judge(held, at(7202))
    assert step(state, 2).deadline == at(7261)
    dated_ahead(held, 3600, held.pending())
    assert step(judge(held, at(7203)), 2).at == at(held.seconds)


def test_a_run_on_an_mpan_that_is_ahead_already_is_judged_in_real_time() -> None:
    story = Story(binding().model_copy(update={"ahead_seconds": 86_400}))
    story.prepared()
    dated_ahead(story, 86_400, story.switch())
    state = judge(story, at(10))
    assert step(state, 1).at == at(story.seconds)
    assert state.course.ahead_seconds == 86_400


def test_a_note_is_kept_and_changes_no_step(story: Story) -> None:
    story.prepared()
    before = judge(story, at(5))
    details = {"by": "A. Tester", "text": "The line was down."}
    story.add(Kind.NOTED, service="qualification", run="run-1", details=details)
    after = judge(story, at(5))
    assert after.steps == before.steps
    assert [(note.by, note.text) for note in after.course.notes] == [("A. Tester", "The line was down.")]


def test_a_note_of_another_run_is_not_shown(story: Story) -> None:
    story.add(Kind.NOTED, run="run-2", details={"by": "B", "text": "not here"})
    assert judge(story).course.notes == ()


def test_a_persons_word_does_not_undo_what_a_message_had_decided_before(story: Story) -> None:
    story.until_site_information()
    story.add(Kind.ATTESTED, run="run-1", details={"step": 4, "by": "A", "reason": "saw it"})
    story.appointment(registration="another", proposed={"appointmentScenario": "COT"})
    story.add(Kind.ATTESTED, run="run-1", details={"step": 5, "by": "A", "reason": "it was fine"})
    assert statuses(judge(story))[3:5] == ["passed", "failed"]


def test_a_message_that_comes_after_a_persons_word_does_not_undo_it(story: Story) -> None:
    story.until_site_information()
    story.add(Kind.ATTESTED, run="run-1", details={"step": 5, "by": "A", "reason": "saw it"})
    story.appointment(proposed={"appointmentScenario": "COT"})
    assert step(judge(story), 5).status is StepStatus.ATTESTED


def rule(story: Story, *numbers: int, order: str | None = None) -> None:
    for number in numbers:
        details = {"step": number, "by": "A", "reason": "B"} | ({"order": order} if order else {})
        kind = Kind.STEP_RELEASED if order else Kind.ATTESTED
        story.add(kind, run="run-1", details=details)


def test_a_passed_run_says_what_people_decided(story: Story) -> None:
    story.until_site_information()
    rule(story, 5, 6)
    rule(story, 7, 8, order=orders.SKIP)
    state = judge(story)
    assert state.verdict is Verdict.PASSED
    assert state.summary == (
        "4 of 8 steps passed. Vouched for by a person: step 5, 6. Left out by a person: step 7, 8."
    )
    shown = document(headline(), story.binding, {}, state, 1, story.now)
    assert [row["note"] for row in shown["steps"]][5:7] == ["attested by a person", "left out by a person"]


def test_a_run_in_which_everything_was_left_out_is_not_passed(story: Story) -> None:
    story.prepared()
    rule(story, *range(1, 9), order=orders.SKIP)
    state = judge(story)
    assert (state.verdict, state.summary) == (
        Verdict.UNKNOWN,
        "Every step was left out by a person: nothing was judged.",
    )


def test_a_held_step_is_skipped_in_junit(held: Story) -> None:
    known = {
        "testScenario": "S", "testCase": "C", "created": at(0).isoformat(), "parties": [],
        "id": "run-1", "scenario": "S", "mpan": "1",
    }  # fmt: skip
    text = junit(document(headline(), held.binding, known, judge(held), 1, held.now)).decode()
    assert 'skipped message="Held for the tester"' in text


def test_a_message_that_must_not_come_is_nothing_to_run(story: Story) -> None:
    last = headline().step(7).model_copy(update={"must_not_come_within": 5.0})
    bound = story.binding.model_copy(update={"mode": "stepwise"})
    assert orders.held(bound, [], headline().step(7))
    assert not orders.held(bound, [], last)
