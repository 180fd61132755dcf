"""What a participant did beside the fields of its messages: it is blamed for that, and for nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from backbone.journal.events import JournalEvent, Kind
from services.qualification.format import Refusal
from services.qualification.results import StepState, StepStatus, Verdict
from services.qualification.verdict import evaluate
from tests.unit.qualification.given import PARTICIPANT, Story, at, binding, headline, judge, step

ELSEWHERE = "2300000002"
AFTER = 61  # seconds: the harness's own part has been waited for in vain


def routing_failed(story: Story, sent: JournalEvent, code: str, text: str) -> None:
    story.add(
        Kind.ROUTING_FAILED,
        interface=sent.interface,
        sender=sent.sender,
        transaction_id=sent.transaction_id,
        codes=(code,),
        details={"failures": [{"code": code, "help": text}], "delivered to": []},
    )


def waited_in_vain(story: Story, number: int) -> StepState:
    return step(judge(story, at(story.seconds + AFTER)), number)


def test_given_a_primary_recipient_that_is_none_then_the_sender_failed_and_is_told(story: Story) -> None:
    story.until_site_information()
    text = "Primary recipient 9999999999 is not a registered DIP ID."
    routing_failed(story, story.appointment(), "MSG1031", text)
    failed = waited_in_vain(story, 6)
    assert failed.status is StepStatus.FAILED
    assert failed.explanation.endswith(f"it was to reach REGS (2200000001). {text}")
    assert "SUPI (2300000012) sent IF-031" in failed.explanation


def test_given_another_primary_recipient_then_the_sender_failed_and_who_got_it_is_named(story: Story) -> None:
    story.until_site_information()
    story.delivery(story.appointment(), ELSEWHERE, 201)
    failed = waited_in_vain(story, 6)
    assert failed.status is StepStatus.FAILED
    assert f"The DIP passed it on to {ELSEWHERE}." in failed.explanation


def test_given_a_recipient_that_the_dip_had_to_find_and_did_not_then_the_harness_erred(story: Story) -> None:
    story.until_site_information()
    routing_failed(story, story.appointment(), "MSG1038", "Nobody holds role REGS for the MPAN.")
    assert waited_in_vain(story, 6).status is StepStatus.ERROR


def test_given_a_message_of_the_harness_that_goes_astray_then_the_harness_erred(story: Story) -> None:
    story.prepared()
    story.switch()
    story.pending()
    routing_failed(story, story.site_information(), "MSG1031", "Nobody has that DIP ID.")
    assert waited_in_vain(story, 4).status is StepStatus.ERROR


def spoilt(story: Story, fault: str, kind: Kind, status: int | None) -> None:
    """The site information is delivered with a fault, and answered."""
    story.prepared()
    story.switch()
    story.pending()
    sent = story.site_information()
    fields: dict[str, Any] = {"interface": "PUB-002", "recipient": PARTICIPANT}
    fields["transaction_id"] = sent.transaction_id
    story.add(Kind.FAULT_INJECTED, details={"fault": fault}, **fields)
    details = {"attempt": 1, "status": status, "error": None if status else "closed"}
    story.add(kind, details=details, body=f"[{sent.body}]", **fields)
    if kind is not Kind.DELIVERED:
        story.add(Kind.DELIVERED, body=f"[{sent.body}]", details={"attempt": 2, "status": 201}, **fields)
    story.appointment()


@pytest.mark.parametrize("fault", ["bad signature", "expired certificate", "wrong environment"])
@pytest.mark.parametrize(
    ("kind", "status", "says"),
    [
        (Kind.DELIVERED, 201, "SUPI (2300000012) answered 201 to PUB-002"),
        (Kind.DELIVERY_ATTEMPTED, 500, "SUPI (2300000012) answered 500 to PUB-002"),
        (Kind.DELIVERY_ATTEMPTED, None, "SUPI (2300000012) gave no answer (closed) to PUB-002"),
    ],
)
def test_given_a_spoilt_publication_not_refused_then_what_fails_to_follow_is_the_recipients(
    story: Story, fault: str, kind: Kind, status: int | None, says: str
) -> None:
    spoilt(story, fault, kind, status)
    failed = waited_in_vain(story, 6)
    assert failed.status is StepStatus.FAILED
    assert says in failed.explanation
    assert "it had to refuse it with 401 or 400" in failed.explanation


@pytest.mark.parametrize(
    ("fault", "kind", "status"),
    [("duplicate", Kind.DELIVERED, 201), ("lose answer", Kind.DELIVERY_ATTEMPTED, None)],
)
def test_given_a_fault_that_nobody_is_to_refuse_then_the_harness_erred(
    story: Story, fault: str, kind: Kind, status: int | None
) -> None:
    spoilt(story, fault, kind, status)
    assert waited_in_vain(story, 6).status is StepStatus.ERROR


@pytest.mark.parametrize(
    ("details", "verdict"),
    [({}, Verdict.FAILED), ({"onBehalfOf": PARTICIPANT}, Verdict.ERROR)],
)
def test_given_a_switch_refused_in_place_of_the_injected_one_then_its_sender_is_at_fault(
    details: dict[str, Any], verdict: Verdict
) -> None:
    story = Story(binding(injected=("CSS01700",)))
    story.prepared()
    refused = {"details": {"problems": ["The day has passed."], **details}, "reference": "E-1"}
    story.change(story.switch(), kind=Kind.CSS_REFUSED, **refused)
    assert judge(story, at(story.seconds + AFTER)).verdict is verdict


def test_given_a_participant_outside_the_dip_that_takes_no_callback_then_it_failed() -> None:
    bound = binding({})
    register = bound.parties["REGS"].model_copy(update={"participant": True})
    story = Story(bound.model_copy(update={"parties": {**bound.parties, "REGS": register}}))
    story.prepared()
    story.switch()
    text = "RGSA has registered no callback: PUT /css/callbacks/RGSA"
    story.change(story.pending(), kind=Kind.CSS_REFUSED, details={"problems": [text]})
    failed = step(judge(story), 2)
    assert failed.status is StepStatus.FAILED
    assert text in failed.explanation


REFUSAL = Refusal(statuses=(401, 400), because="The signature does not verify: RCP9999.")


def refusing(story: Story, *posts: tuple[Kind, int | None]) -> StepState:
    """Step 4, at which the participant is to refuse the site information."""
    scenario = headline()
    steps = tuple(
        one.model_copy(update={"refusal": REFUSAL, "expect": ()}) if one.step == 4 else one
        for one in scenario.steps
    )
    story.prepared()
    story.switch()
    story.pending()
    sent = story.site_information()
    for kind, status in posts:
        fields = {"interface": "PUB-002", "recipient": PARTICIPANT, "transaction_id": sent.transaction_id}
        story.add(kind, details={"attempt": 1, "status": status, "error": None if status else "x"}, **fields)
    state = evaluate(scenario.model_copy(update={"steps": steps}), story.binding, story.events, story.now)
    return step(state, 4)


@pytest.mark.parametrize("status", [401, 400])
def test_given_a_publication_to_be_refused_and_refused_then_the_step_passes(
    story: Story, status: int
) -> None:
    passed = refusing(story, (Kind.DELIVERY_ABANDONED, status), (Kind.DELIVERED, 201))
    assert passed.status is StepStatus.PASSED
    assert passed.explanation == f"SUPI (2300000012) refused PUB-002 with {status}, as it should."


@pytest.mark.parametrize(
    ("kind", "status", "says"),
    [
        (Kind.DELIVERED, 201, "answered 201"),
        (Kind.DELIVERY_ABANDONED, 404, "answered 404"),
        (Kind.DELIVERY_ATTEMPTED, 503, "answered 503"),
        (Kind.DELIVERY_ATTEMPTED, None, "gave no answer (x)"),
    ],
)
def test_given_a_publication_to_be_refused_and_anything_else_answered_then_the_participant_failed(
    story: Story, kind: Kind, status: int | None, says: str
) -> None:
    failed = refusing(story, (kind, status), (Kind.DELIVERY_ABANDONED, 401))
    assert failed.status is StepStatus.FAILED
    wanted = f"SUPI (2300000012) {says} to PUB-002; it had to refuse it with 401 (400 would do). "
    assert failed.explanation.startswith(wanted + "The signature does not verify: RCP9999. The rule: 201")
    assert "DIP API specification" in failed.explanation


def test_given_a_publication_to_be_refused_that_has_not_come_then_it_is_waited_for(story: Story) -> None:
    assert refusing(story).status is StepStatus.WAITING_FOR_HARNESS
