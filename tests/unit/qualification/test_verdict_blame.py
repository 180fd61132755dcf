"""Who is blamed where the harness's part went wrong: it itself, or the participant's message before it."""

from __future__ import annotations

from typing import Any

import pytest

from services.qualification.format import Expectation, Scenario
from services.qualification.results import RunState, StepStatus, Verdict
from services.qualification.verdict import evaluate
from tests.unit.qualification.given import Story, at, binding, headline, judge, step

REGS = "2200000001"
CODE = "/payload/CommonBlock/R0/responseCode"
REFERENCE = "/payload/CustomBlock/B013/CSSRegistrationID"


def expecting(number: int, pointer: str, value: Any) -> Scenario:
    """The headline scenario with one more expectation at a step."""
    scenario = headline()
    wanted = Expectation(field=pointer, equals=value, sentence="It is as asked.")
    old = scenario.step(number)
    changed = old.model_copy(update={"expect": (*old.expect, wanted)})
    steps = tuple(changed if one.step == number else one for one in scenario.steps)
    return scenario.model_copy(update={"steps": steps})


def judged(scenario: Scenario, story: Story, seconds: float = 0.1) -> RunState:
    return evaluate(scenario, story.binding, story.events, at(story.seconds + seconds))


@pytest.mark.parametrize("code", ["R", "X", "", None, 7, ["A"]])
def test_given_a_publication_with_another_response_code_then_it_is_judged(story: Story, code: Any) -> None:
    story.until_site_information()
    story.delivery(story.appointment(), REGS, 201)
    story.delivery(story.response(code), story.supplier, 201)
    state = judged(expecting(8, CODE, "A"), story)
    assert not step(state, 8).status.fine
    assert CODE in {finding.pointer for finding in step(state, 8).findings if not finding.passed}


def test_given_a_rejection_in_a_publication_then_the_message_that_it_answers_is_named(story: Story) -> None:
    story.until_site_information()
    cause = story.appointment(registration="not-the-one")
    story.delivery(cause, REGS, 201)
    story.delivery(story.response("R", "REG0005 - CSS Registration Request ID"), story.supplier, 201)
    failed = step(judged(expecting(8, CODE, "A"), story), 8)
    assert failed.status is StepStatus.FAILED
    assert failed.explanation.startswith("The Registration Service rejected the request: REG0005")
    assert f"IF-031 [MSApp] of step 5 from SUPI (2300000012), {cause.reference}" in failed.explanation


def test_given_a_wrong_message_and_no_answer_then_the_participant_failed(story: Story) -> None:
    story.until_site_information()
    story.delivery(story.appointment(registration="not-the-one"), REGS, 201)
    ended = judge(story, at(story.seconds + 61))
    assert (step(ended, 7).status, ended.verdict) == (StepStatus.FAILED, Verdict.FAILED)
    assert "IF-031 [MSApp] of step 5 from SUPI (2300000012)" in step(ended, 7).explanation
    assert "/payload/CustomBlock/B013/CSSRegistrationID" in step(ended, 7).explanation


def test_given_a_wrong_message_and_an_answer_with_other_fields_then_the_participant_failed(
    story: Story,
) -> None:
    story.until_site_information()
    story.delivery(story.appointment(proposed={"proposedMeteringServiceMPID": "XXXX"}), REGS, 201)
    story.response()
    state = judged(expecting(7, REFERENCE, "another"), story, 3)
    assert (step(state, 7).status, state.verdict) == (StepStatus.FAILED, Verdict.FAILED)
    assert "expected MSSA, seen XXXX" in step(state, 7).explanation


def test_given_a_right_message_and_an_answer_with_other_fields_then_the_harness_erred(story: Story) -> None:
    story.until_site_information()
    story.delivery(story.appointment(), REGS, 201)
    story.response()
    state = judged(expecting(7, REFERENCE, "another"), story, 3)
    assert (step(state, 7).status, state.verdict) == (StepStatus.ERROR, Verdict.ERROR)


def test_given_a_failed_step_then_what_the_harness_makes_of_it_is_no_error(story: Story) -> None:
    """Its switch request is for another day, so the site information cannot be what it would have been."""
    story.prepared()
    wrong = {"mpxn": story.binding.mpan, "supplierMpid": "ABCD", "supplyStartDate": "2026-01-01"}
    story.switch(body=f'{{"data": {str(wrong).replace(chr(39), chr(34))}}}')
    story.pending()
    story.site_information()
    state = judged(expecting(3, REFERENCE, "another"), story, 3)
    assert [step(state, number).status for number in (1, 3)] == [StepStatus.FAILED, StepStatus.FAILED]
    assert "CSS01700 of step 1" in step(state, 3).explanation
    assert state.verdict is Verdict.FAILED


def test_given_fields_that_the_harness_wrote_then_who_received_them_is_not_blamed(story: Story) -> None:
    story.until_site_information()
    state = judged(expecting(4, REFERENCE, "another"), story, 3)
    assert (step(state, 4).status, state.verdict) == (StepStatus.ERROR, Verdict.ERROR)


def test_given_the_harness_rejects_its_own_message_then_the_harness_erred() -> None:
    story = Story(binding({}))
    story.until_site_information()
    story.delivery(story.appointment(registration="not-the-one"), REGS, 201)
    story.response("R", "REG0005 - CSS Registration Request ID is invalid or does not exist")
    state = judge(story, at(story.seconds + 3))
    assert (step(state, 7).status, state.verdict) == (StepStatus.ERROR, Verdict.ERROR)
    assert "REG0005" in state.summary
