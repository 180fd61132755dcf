"""The verdict when somebody steps in: injected, begun anew, cancelled, vouched for, skipped."""

from __future__ import annotations

from backbone.journal.events import Kind
from services.qualification import orders
from services.qualification.results import StepStatus, Verdict
from tests.unit.qualification.given import PARTICIPANT, Story, at, binding, headline, judge, statuses, step


def test_given_an_injected_switch_then_the_step_says_on_whose_behalf() -> None:
    story = Story(binding(injected=("CSS01700",)))
    story.prepared()
    story.switch(sender=PARTICIPANT, details={"onBehalfOf": PARTICIPANT})
    state = judge(story)
    assert step(state, 1).status is StepStatus.PASSED
    assert step(state, 1).on_behalf
    assert step(state, 1).explanation == "Sent by the harness on the participant's behalf."


def test_given_an_injected_switch_sent_under_the_harness_name_then_it_still_counts() -> None:
    story = Story(binding(injected=("CSS01700",)))
    story.prepared()
    story.switch(sender="css_stub", details={"onBehalfOf": PARTICIPANT})
    assert step(judge(story), 1).status is StepStatus.PASSED


def test_given_an_injected_switch_that_never_comes_then_it_is_the_harness_own_error() -> None:
    story = Story(binding(injected=("CSS01700",)))
    story.prepared()
    assert step(judge(story), 1).status is StepStatus.WAITING_FOR_HARNESS
    assert step(judge(story, at(90)), 1).status is StepStatus.ERROR


def test_given_injection_then_the_verdict_of_the_other_steps_stands_on_its_own() -> None:
    story = Story(binding(injected=("CSS01700",)))
    story.whole()
    state = judge(story)
    assert state.verdict is Verdict.PASSED
    assert [one.on_behalf for one in state.steps] == [True] + [False] * 7
    assert state.summary.endswith("Sent by the harness on the participant's behalf: step 1.")


def test_given_a_restart_then_the_waits_begin_anew(story: Story) -> None:
    story.until_site_information()
    story.delivery(story.appointment(), "2200000001", 201)
    story.events.append(orders.order_event(story.binding, orders.RESUME, at(3600)))
    state = judge(story, at(3601))
    assert step(state, 7).status is StepStatus.WAITING_FOR_HARNESS
    assert step(state, 7).deadline == at(3660)


def test_given_a_cancelled_run_then_the_waited_step_is_unknown_and_the_rest_not_run(story: Story) -> None:
    story.until_site_information()
    story.events.append(orders.order_event(story.binding, orders.CANCEL, at(20)))
    state = judge(story)
    assert statuses(state) == ["passed"] * 4 + ["unknown"] + ["not run"] * 3
    assert state.verdict is Verdict.UNKNOWN


def test_given_a_person_vouches_for_a_step_then_it_is_attested_and_the_run_goes_on(story: Story) -> None:
    story.until_site_information()
    details = {"step": 5, "by": "A. Tester", "reason": "seen on screen"}
    story.add(Kind.ATTESTED, service="qualification", run="run-1", details=details)
    state = judge(story)
    assert step(state, 5).status is StepStatus.ATTESTED
    assert step(state, 5).explanation == "A person vouches for this step: A. Tester, seen on screen."
    assert step(state, 6).status is StepStatus.WAITING_FOR_HARNESS


def test_given_a_skipped_step_then_the_run_goes_on(story: Story) -> None:
    story.until_site_information()
    order = orders.order_event(story.binding, orders.SKIP, at(9), headline().step(5), by="A. Tester")
    story.events.append(order)
    assert step(judge(story), 5).status is StepStatus.SKIPPED
