"""The verdict as a fold over hand-made journals of the headline scenario."""

from __future__ import annotations

from backbone.journal.events import Kind
from services.qualification.binding import Binding
from services.qualification.results import Phase, StepStatus, Verdict
from tests.unit.qualification.given import (
    BEGIN,
    MPAN,
    PARTICIPANT,
    REGISTRATION,
    Story,
    at,
    binding,
    judge,
    statuses,
    step,
)

PASSED = StepStatus.PASSED


def test_given_everything_as_it_should_be_then_all_steps_pass(story: Story) -> None:
    story.whole()
    state = judge(story)
    assert statuses(state) == ["passed"] * 8
    assert (state.phase, state.verdict) == (Phase.FINISHED, Verdict.PASSED)
    assert state.summary == "All 8 steps passed."
    assert state.captured == {"registrationId": REGISTRATION}


def test_given_every_role_played_by_the_harness_then_the_same_journal_passes() -> None:
    story = Story(binding({}))
    story.whole()
    assert judge(story).verdict is Verdict.PASSED


def test_given_nothing_prepared_then_the_run_prepares_and_no_step_is_run(story: Story) -> None:
    state = judge(story, BEGIN)
    assert state.phase is Phase.PREPARING
    assert set(statuses(state)) == {"not run"}
    assert state.next_check == at(60)


def test_given_no_confirmation_of_the_preparation_then_it_is_the_harness_own_error(story: Story) -> None:
    state = judge(story, at(61))
    assert (state.phase, state.verdict) == (Phase.FINISHED, Verdict.ERROR)
    expected = "no confirmation of load_mpan by dip_gateway, load_mpan by registration."
    assert step(state, 1).explanation.endswith(expected)


def test_given_the_dip_does_not_know_who_holds_what_then_the_run_is_not_prepared(story: Story) -> None:
    story.prepared()
    (gateways,) = [event for event in story.events if event.service == "dip_gateway"]
    story.events.remove(gateways)
    assert judge(story).phase is Phase.PREPARING
    story.events.append(gateways)
    assert judge(story).phase is Phase.RUNNING


def test_given_site_data_the_register_cannot_use_then_the_run_ends_in_error_at_once(story: Story) -> None:
    story.add(
        Kind.SERVICE_FAULT, service="registration", run="run-1", details={"error": "gspGroup is needed"}
    )
    state = judge(story)
    assert state.verdict is Verdict.ERROR
    assert "gspGroup is needed" in step(state, 1).explanation


def test_given_steps_one_to_four_then_the_appointment_is_waited_for(story: Story) -> None:
    story.until_site_information()
    state = judge(story)
    waited = step(state, 5)
    assert statuses(state) == ["passed"] * 4 + ["waiting for participant"] + ["not run"] * 3
    assert "SUPI (2300000012)" in waited.explanation
    assert "IF-031 [MSApp]" in waited.explanation
    assert waited.waiting_since == step(state, 4).at
    assert state.next_check == waited.deadline
    assert state.current() == waited


def test_given_an_appointment_before_anyone_waits_then_it_counts(story: Story) -> None:
    story.prepared()
    early = story.appointment()
    story.switch()
    story.pending()
    story.delivery(story.site_information(), story.supplier, 201)
    story.delivery(early, "2200000001", 201)
    story.delivery(story.response(), story.supplier, 201)
    state = judge(story)
    assert state.verdict is Verdict.PASSED
    assert step(state, 5).at == early.at


def test_given_no_appointment_then_the_timeout_says_what_was_expected(story: Story) -> None:
    story.until_site_information()
    state = judge(story, at(60))
    failed = step(state, 5)
    assert failed.status is StepStatus.FAILED
    assert failed.explanation.startswith(
        f"Expected IF-031 [MSApp] from SUPI (2300000012) for MPAN {MPAN} within 30 s; it did not come."
    )
    assert statuses(state)[5:] == ["not run"] * 3
    assert (state.phase, state.verdict) == (Phase.FINISHED, Verdict.FAILED)


def test_given_an_appointment_for_another_mpan_then_it_is_named_as_nearest(story: Story) -> None:
    story.until_site_information()
    other = story.appointment(mpan="2000056535971")
    failed = step(judge(story, at(60)), 5)
    nearest = failed.near_misses[0]
    assert (nearest.event, nearest.misses[0].field) == (other.id, "MPAN")
    assert (nearest.misses[0].expected, nearest.misses[0].seen) == (MPAN, "2000056535971")
    assert "2000056535971" in failed.explanation


def test_given_several_near_misses_then_the_best_comes_first(story: Story) -> None:
    story.until_site_information()
    story.accepted("IF-025", "[SMSO]", story.supplier, mpan="2000056535971")
    wrong_event = story.accepted("IF-031", "[DSApp]", story.supplier)
    story.appointment(mpan="2000056535971")
    near = step(judge(story), 5).near_misses
    assert [len(one.misses) for one in near] == [1, 1, 3]
    assert near[0].event == wrong_event.id
    assert near[0].misses[0].field == "event code"


def test_given_another_party_on_another_mpan_then_it_is_no_near_miss(story: Story) -> None:
    story.until_site_information()
    story.appointment(mpan="2000056535971", sender="2300000077")
    assert step(judge(story), 5).near_misses == ()


def test_given_a_refused_appointment_then_the_step_fails_with_its_violations(story: Story) -> None:
    story.until_site_information()
    violation = {
        "pointer": "/payload/CustomBlock/B070/appointmentScenario",
        "code": "MSG1001",
        "message": "`cos` is not one of COS, CSP, USP",
        "value": "cos",
    }
    details = {"status": 400, "reason": "Schema Failure", "violations": [violation]}
    story.appointment(kind=Kind.REFUSED, codes=("MSG1001",), details=details)
    failed = step(judge(story), 5)
    assert failed.status is StepStatus.FAILED
    assert "refused IF-031 [MSApp] from SUPI (2300000012) with 400. MSG1001." in failed.explanation
    assert failed.findings[0].pointer == violation["pointer"]
    assert failed.findings[0].seen == "cos"


def test_given_a_refusal_for_an_unreadable_event_code_then_it_still_is_this_step(story: Story) -> None:
    story.until_site_information()
    refused = story.appointment(kind=Kind.REFUSED, details={"status": 400})
    story.change(refused, event_code=None)
    assert step(judge(story), 5).status is StepStatus.FAILED


def test_given_a_refused_message_for_another_mpan_then_it_is_a_near_miss(story: Story) -> None:
    story.until_site_information()
    story.appointment(kind=Kind.REFUSED, mpan="2000056535971", details={"status": 400})
    waited = step(judge(story), 5)
    assert waited.status is StepStatus.WAITING_FOR_PARTICIPANT
    assert waited.near_misses[0].what == "IF-031 [MSApp], refused"


def test_given_a_field_that_differs_then_pointer_expected_and_seen_are_told(story: Story) -> None:
    story.until_site_information()
    story.appointment(proposed={"appointmentScenario": "CSP"})
    failed = step(judge(story), 5)
    wrong = [finding for finding in failed.findings if not finding.passed]
    assert failed.status is StepStatus.FAILED
    assert [(f.pointer, f.expected, f.seen) for f in wrong] == [
        ("/payload/CustomBlock/B070/appointmentScenario", "COS", "CSP")
    ]
    assert ": expected COS, seen CSP." in failed.explanation


def test_given_a_rejection_then_code_cause_and_differing_field_are_told(story: Story) -> None:
    story.until_site_information()
    cause = story.appointment(registration="not-the-one")
    story.delivery(cause, "2200000001", 201)
    text = "REG0005 - CSS Registration Request ID is invalid or does not exist"
    story.delivery(story.response("R", text), story.supplier, 201)
    state = judge(story)
    failed = step(state, 7)
    assert statuses(state) == ["passed"] * 6 + ["failed", "passed"]
    assert "REG0005" in failed.explanation
    assert f"IF-031 [MSApp] of step 5 from SUPI (2300000012), {cause.reference}" in failed.explanation
    assert f": expected {REGISTRATION}, seen not-the-one." in failed.explanation
    assert (state.phase, state.verdict) == (Phase.FINISHED, Verdict.FAILED)


def test_given_a_rejection_then_the_run_settles_before_it_ends(story: Story) -> None:
    story.until_site_information()
    story.delivery(story.appointment(registration="not-the-one"), "2200000001", 201)
    answer = story.response("R", "REG0005 - CSS Registration Request ID is invalid or does not exist")
    settling = judge(story)
    assert (settling.phase, settling.verdict) == (Phase.SETTLING, None)
    assert settling.next_check == at(story.seconds + 2)
    ended = judge(story, at(story.seconds + 2))
    assert (ended.phase, statuses(ended)[7]) == (Phase.FINISHED, "not run")
    story.delivery(answer, story.supplier, 201)
    assert statuses(judge(story))[7] == "passed"


def test_given_a_webhook_that_recovers_then_the_step_passes_with_its_attempts(story: Story) -> None:
    story.prepared()
    story.switch()
    story.pending()
    story.delivery(story.site_information(), story.supplier, 500, 500, 201)
    passed = step(judge(story), 4)
    assert passed.status is PASSED
    assert [attempt.status for attempt in passed.attempts] == [500, 500, 201]
    assert "at attempt 3" in passed.explanation


def test_given_a_webhook_still_failing_then_the_participant_is_waited_for(story: Story) -> None:
    story.prepared()
    story.switch()
    story.pending()
    story.delivery(story.site_information(), story.supplier, 500, final=False)
    waited = step(judge(story), 4)
    assert waited.status is StepStatus.WAITING_FOR_PARTICIPANT
    assert "attempt 1 got 500" in waited.explanation
    assert "Last answer of the webhook: 500." in step(judge(story, at(90)), 4).explanation


def test_given_a_webhook_that_refuses_for_good_then_the_step_fails(story: Story) -> None:
    story.prepared()
    story.switch()
    story.pending()
    story.delivery(story.site_information(), story.supplier, 400)
    failed = step(judge(story), 4)
    assert failed.status is StepStatus.FAILED
    assert "the webhook answered 400 after 1 attempt" in failed.explanation
    assert "does not try again" in failed.explanation


def test_given_no_webhook_then_the_tester_is_told_so(story: Story) -> None:
    story.prepared()
    story.switch()
    story.pending()
    source = story.site_information()
    fields = {"interface": "PUB-002", "recipient": PARTICIPANT, "transaction_id": source.transaction_id}
    story.add(Kind.ROUTED, **fields)
    story.add(Kind.HELD, **fields)
    assert "has no webhook for PUB-002" in step(judge(story), 4).explanation
    failed = step(judge(story, at(90)), 4)
    assert failed.status is StepStatus.FAILED
    assert "No webhook is registered for PUB-002" in failed.explanation


def test_given_a_harness_webhook_that_refuses_then_it_is_the_harness_own_error(story: Story) -> None:
    story.until_site_information()
    story.delivery(story.appointment(), "2200000001", 400)
    state = judge(story, at(99))
    assert step(state, 6).status is StepStatus.ERROR
    assert state.verdict is Verdict.ERROR
    assert "says nothing about the participant" in state.summary


def test_given_no_answer_from_the_registration_service_then_error_not_failure(story: Story) -> None:
    story.until_site_information()
    story.delivery(story.appointment(), "2200000001", 201)
    waiting = judge(story)
    assert step(waiting, 7).status is StepStatus.WAITING_FOR_HARNESS
    ended = judge(story, at(story.seconds + 61))
    assert step(ended, 7).status is StepStatus.ERROR
    assert ended.verdict is Verdict.ERROR


def test_given_a_fault_of_a_service_then_the_wait_ends_in_error_unless_it_recovers(story: Story) -> None:
    story.until_site_information()
    story.delivery(story.appointment(), "2200000001", 201)
    story.add(Kind.SERVICE_FAULT, service="registration", details={"fault": "disk full"})
    assert judge(story).phase is Phase.RUNNING
    ended = judge(story, at(story.seconds + 3))
    assert step(ended, 7).status is StepStatus.ERROR
    assert "registration of the harness failed: disk full." in step(ended, 7).explanation
    story.delivery(story.response(), story.supplier, 201)
    assert judge(story).verdict is Verdict.PASSED


def test_given_a_fault_that_concerns_another_run_then_nothing_changes(story: Story) -> None:
    story.until_site_information()
    story.add(Kind.SERVICE_FAULT, service="registration", mpan="2000056535971", run="run-2")
    assert judge(story, at(story.seconds + 3)).phase is Phase.RUNNING


def test_given_a_switch_request_refused_by_css_then_the_first_step_fails(story: Story) -> None:
    story.prepared()
    problems = [{"pointer": "/data/supplyStartDate", "message": "must be an ISO 8601 date"}]
    story.add(
        Kind.CSS_REFUSED,
        interface="CSS01700",
        sender=PARTICIPANT,
        recipient="CSS",
        details={"status": 400, "problems": problems},
    )
    failed = step(judge(story), 1)
    assert failed.status is StepStatus.FAILED
    assert failed.explanation.startswith("CSS refused CSS01700 from SUPI (2300000012) with 400.")


def test_given_a_switch_request_written_down_and_refused_then_the_refusal_counts(story: Story) -> None:
    story.prepared()
    request = story.switch(reference="event-id-1")
    story.change(story.switch(reference="event-id-1"), kind=Kind.CSS_MESSAGE)
    refused = story.switch(reference="event-id-1", details={"problems": ["The MPAN is not registered"]})
    refused = story.change(refused, kind=Kind.CSS_REFUSED)
    failed = step(judge(story), 1)
    assert failed.status is StepStatus.FAILED
    assert failed.at == refused.at != request.at
    assert failed.explanation.endswith("The MPAN is not registered.")


def test_given_two_answers_then_each_publication_belongs_to_its_own_message(story: Story) -> None:
    story.until_site_information()
    story.delivery(story.appointment(), "2200000001", 201)
    story.response()
    second = story.response()
    story.delivery(second, story.supplier, 201)
    assert step(judge(story), 8).status is not PASSED


def _regs_is_the_participant() -> Binding:
    return binding({"REGS": "2200000001"})


def test_given_the_registration_service_is_the_participant_then_it_is_the_one_waited_for() -> None:
    story = Story(_regs_is_the_participant())
    for service, command in (("css_stub", "register_with"), ("supplier_stub", "plan")):
        story.add(Kind.HARNESS_PREPARED, service=service, run="run-1", details={"command": command})
    story.switch()
    story.pending()
    assert step(judge(story), 3).status is StepStatus.WAITING_FOR_PARTICIPANT
    assert step(judge(story, at(99)), 3).status is StepStatus.FAILED
