"""Which of the things a handler wants sent wait for a tester."""

from __future__ import annotations

from typing import Any

from backbone.journal import Kind
from participant.handlers import CssOut, DipOut, JournalNote, WholeOut
from participant.holding import Hold, Holds

MPAN, OTHER, REGS = "1000000000013", "1000000000022", "2200000001"
PENDING: dict[str, Any] = {"eventType": "CSS02800", "eventId": "E-1", "data": {"mpxn": MPAN}}


def answer(event: str = "[MSAppInitialResp]", sender: str = REGS) -> DipOut:
    return DipOut(sender, "IF-032", event, {})


def holds(*standing: Hold) -> Holds:
    return Holds(list(standing))


def test_the_message_of_a_step_is_held_and_any_other_goes() -> None:
    on = holds(Hold(MPAN, 7, REGS, "IF-032", "[MSAppInitialResp]"))
    others = [answer("[DSAppInitialResp]"), answer(sender="2200000002"), DipOut(REGS, "IF-002", "[A]", {})]
    assert on.steps_of(MPAN, [*others, answer()]) == [None, None, None, 7]
    assert [(hold.step, hold.state) for hold in on.changed] == [(7, "full")]


def test_another_mpan_is_not_concerned() -> None:
    on = holds(Hold(MPAN, 7, REGS, "IF-032", None))
    assert on.steps_of(OTHER, [answer()]) == [None]


def test_a_step_holds_one_message_and_steps_take_turns() -> None:
    on = holds(Hold(MPAN, 7, REGS, "IF-032"), Hold(MPAN, 9, REGS, "IF-032"))
    assert on.steps_of(MPAN, [answer(), answer(), answer()]) == [7, 9, None]


def test_a_step_let_go_before_its_message_is_used_up_by_it() -> None:
    on = holds(Hold(MPAN, 7, REGS, "IF-032", state="open"), Hold(MPAN, 9, REGS, "IF-032"))
    assert on.steps_of(MPAN, [answer(), answer()]) == [None, 9]
    assert [hold.step for hold in on.used_up] == [7]


def test_what_css_writes_down_about_a_message_and_its_copies_wait_with_it() -> None:
    on = holds(Hold(MPAN, 2, "CSS", "CSS02800"))
    request = JournalNote(Kind.CSS_MESSAGE, reference="E-0", interface="CSS01700")
    note = JournalNote(Kind.CSS_MESSAGE, reference="E-1", interface="CSS02800")
    sent, copy = CssOut("CSS", "http://regs.test", PENDING), CssOut("CSS", "http://supplier.test", PENDING)
    assert on.steps_of(MPAN, [request, note, sent, note, copy]) == [None, 2, 2, 2, 2]


def test_a_confirmation_in_the_journal_never_waits() -> None:
    on = holds(Hold(MPAN, 2, "CSS", "CSS02800"))
    note, message = JournalNote(Kind.HARNESS_PREPARED, reference="E-1"), CssOut("CSS", "REGS", PENDING)
    assert on.steps_of(MPAN, [note, message]) == [None, 2]


def whole(*events: str) -> WholeOut:
    """Messages of one request, as an order makes them."""
    messages = [{"payload": {"CommonBlock": {"S0": {"eventCode": event}}}} for event in events]
    return WholeOut(REGS, "IF-008", messages)


def test_a_message_that_was_ordered_is_held_like_any_other() -> None:
    on = holds(Hold(MPAN, 3, REGS, "IF-008", "[A]"), Hold(MPAN, 4, REGS, "IF-008", "[B]"))
    assert on.steps_of(MPAN, [whole("[B]"), whole("[A]"), whole("[A]")]) == [4, 3, None]


def test_a_batch_waits_for_the_first_of_its_steps_and_takes_the_others_along() -> None:
    on = holds(Hold(MPAN, 3, REGS, "IF-008", "[A]"), Hold(MPAN, 4, REGS, "IF-008", "[A]"))
    assert on.steps_of(MPAN, [whole("[A]", "[A]")]) == [3]
    assert [(hold.step, hold.state) for hold in on.changed] == [(3, "full"), (4, "full")]
    let_go = holds(Hold(MPAN, 3, REGS, "IF-008", "[A]", state="open"), Hold(MPAN, 4, REGS, "IF-008", "[A]"))
    assert let_go.steps_of(MPAN, [whole("[A]", "[A]")]) == [None]


def test_a_message_with_a_wrong_event_is_that_of_the_step_whose_turn_it_is() -> None:
    on = holds(Hold(MPAN, 3, REGS, "IF-008", "[A]"), Hold(MPAN, 4, REGS, "IF-008", "[A]"))
    assert on.steps_of(MPAN, [whole("[NoSuchEvent]"), whole("[A]")]) == [3, 4]
