"""What a tester may order, and the words of a refusal."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from backbone.journal.events import Kind
from services.qualification import orders, steering
from services.qualification.effects import holds
from services.qualification.errors import OrderRefused, StepUnknown
from services.qualification.results import Phase
from services.qualification.steering import Order, Steered
from tests.unit.qualification.given import Story, at, binding, headline, judge

DAY = timedelta(days=1)


def steered(story: Story, ahead: timedelta = timedelta()) -> Steered:
    return Steered(headline(), story.binding, judge(story), story.now, ahead)


@pytest.fixture
def held() -> Steered:
    """A stepwise run held at step 2; step 1 has passed."""
    story = Story(binding(mode="stepwise"))
    story.prepared()
    story.switch()
    return steered(story)


@pytest.fixture
def flowing(story: Story) -> Steered:
    """An automatic run that waits for the participant at step 1."""
    story.prepared()
    return steered(story)


def refusal(run: Steered, order: Order) -> str:
    with pytest.raises(OrderRefused) as refused:
        order(run)
    return str(refused.value)


def test_run_lets_the_held_step_go(held: Steered) -> None:
    event = steering.press_run(2)(held)
    assert (event.kind, event.details) == (Kind.STEP_RELEASED, {"order": "run", "step": 2})
    assert (event.run, event.mpan, event.at) == ("run-1", held.binding.mpan, held.now)


def test_run_on_a_step_that_is_not_held_says_where_the_run_stands(held: Steered) -> None:
    assert refusal(held, steering.press_run(3)) == (
        "Step 3 is not held: it is not run. The run stands at step 2, which is held for the tester."
    )
    assert refusal(held, steering.press_run(1)).startswith("Step 1 is not held: it is passed.")


def test_in_automatic_mode_there_is_nothing_to_run_or_to_let_flow(flowing: Steered) -> None:
    assert refusal(flowing, steering.press_run(1)).endswith("nothing in it is held.")
    assert refusal(flowing, steering.let_flow) == "The run is in automatic mode: nothing in it is held."


def test_the_rest_flows_once(held: Steered) -> None:
    assert steering.let_flow(held).details == {"order": "flow"}


@pytest.mark.parametrize("number", [0, 9, -1])
def test_a_step_that_does_not_exist_is_named(held: Steered, number: int) -> None:
    for order in (
        steering.press_run(number),
        steering.attest(number, "A", "B"),
        steering.skip(number, "A", "B"),
    ):
        with pytest.raises(StepUnknown, match=f"no step {number}: its steps are 1 to 8"):
            order(held)


def test_a_person_decides_a_step_with_name_and_reason(flowing: Steered) -> None:
    attested = steering.attest(5, "A. Tester", "seen on screen")(flowing)
    assert (attested.kind, attested.details) == (
        Kind.ATTESTED,
        {"step": 5, "by": "A. Tester", "reason": "seen on screen"},
    )
    skipped = steering.skip(5, "A. Tester", "not in our scope")(flowing)
    assert skipped.details["order"] == orders.SKIP
    assert (skipped.details["by"], skipped.details["reason"]) == ("A. Tester", "not in our scope")


def test_a_decided_step_stays_as_it_is(held: Steered) -> None:
    text = "Step 1 is decided already: it is passed."
    assert refusal(held, steering.attest(1, "A", "B")) == text
    assert refusal(held, steering.skip(1, "A", "B")) == text


def test_a_run_that_has_failed_is_not_saved_by_a_persons_word(story: Story) -> None:
    story.until_site_information()
    story.appointment(proposed={"appointmentScenario": "COT"})
    run = steered(story)
    assert run.state.phase is Phase.SETTLING
    assert "has failed and is about to end" in refusal(run, steering.attest(8, "A", "B"))
    assert refusal(run, steering.advance(by=DAY)).endswith("it is settling.")


def test_a_word_that_came_too_late_is_refused(story: Story) -> None:
    story.until_site_information()
    event = steering.attest(5, "A", "B")(steered(story))
    story.appointment()
    story.events.append(event)
    with pytest.raises(OrderRefused, match=r"Step 5 was decided in the meantime: it is passed\."):
        steering.check_it_counts(steered(story), event)


def test_a_word_in_time_counts(story: Story) -> None:
    story.until_site_information()
    for order in (steering.attest(5, "A", "B"), steering.skip(6, "A", "B"), steering.note("A", "B")):
        event = order(steered(story))
        story.events.append(event)
        steering.check_it_counts(steered(story), event)


def test_the_clock_goes_to_a_moment_or_by_a_span(flowing: Steered) -> None:
    for order in (steering.advance(by=DAY), steering.advance(to=flowing.now + DAY)):
        event = order(flowing)
        assert (event.kind, event.at) == (Kind.CLOCK_ADVANCED, flowing.now)
        assert event.details["aheadSeconds"] == 86_400
        assert (event.details["from"], event.details["to"]) == (
            flowing.now.isoformat(),
            (flowing.now + DAY).isoformat(),
        )


def test_spans_add_up(story: Story) -> None:
    story.prepared()
    event = steering.advance(by=DAY)(steered(story, ahead=2 * DAY))
    assert event.details["aheadSeconds"] == 3 * 86_400


def test_a_moment_is_one_of_business_time(story: Story) -> None:
    story.prepared()
    run = steered(story, ahead=2 * DAY)
    assert "never runs backwards" in refusal(run, steering.advance(to=run.now + DAY))
    assert steering.advance(to=run.now + 3 * DAY)(run).details["aheadSeconds"] == 3 * 86_400


def test_a_moment_is_reached_and_never_just_missed(flowing: Steered) -> None:
    wanted = flowing.now + timedelta(hours=1, microseconds=1)
    reached = datetime.fromisoformat(str(steering.advance(to=wanted)(flowing).details["to"]))
    assert wanted <= reached < wanted + timedelta(milliseconds=1)


def test_the_clock_never_runs_backwards_nor_further_than_ten_years(flowing: Steered) -> None:
    assert refusal(flowing, steering.advance(to=at(-5))).startswith("Business time never runs backwards")
    assert refusal(flowing, steering.advance(to=flowing.now)).endswith("Give a later moment.")
    far = steering.advance(by=3660 * DAY)
    assert far(flowing).details["aheadSeconds"] == 3660 * 86_400
    assert "at most 3660 days" in refusal(replace(flowing, ahead=DAY), far)


def test_stepwise_mode_holds_what_the_harness_sends_or_delivers_to_a_participant_and_nothing_else() -> None:
    bound = binding(mode="stepwise")
    assert [(hold.step, hold.sender, hold.message, hold.event) for hold in holds(headline(), bound)] == [
        (2, "CSS", "CSS02800", None),
        (3, "2200000001", "IF-002", "[GainMPANInfo]"),
        (4, "2300000012", "PUB-002", None),
        (7, "2200000001", "IF-032", "[MSAppInitialResp]"),
        (8, "2300000012", "PUB-032", None),
    ]
    assert holds(headline(), binding()) == []
