"""How the verdict reads what was attributed to its run."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbone.journal.events import JournalEvent, Kind
from services.qualification.active import bounded, concerns
from services.qualification.attribution import attribute
from services.qualification.binding import Binding
from services.qualification.claims import Attribution, as_own, attributed, claim_of, notes
from services.qualification.results import RunState, Verdict
from services.qualification.store import StoredRun
from services.qualification.verdict import evaluate
from tests.unit.qualification.given import at, step
from tests.unit.qualification.nameless import (
    OTHER,
    RUN,
    SHAPER,
    bound,
    candidate,
    delivered,
    submitted,
    totals,
)

SUPPLIER, DATA_SERVICE = "2300000001", "1400000001"  # the harness's own
BINDING = bound()


def note(event: JournalEvent, binding: Binding = BINDING) -> JournalEvent:
    found = attribute(event, [candidate(binding)])
    assert found is not None
    return attributed(event, found, at(1.5))


def whole(event: JournalEvent) -> list[JournalEvent]:
    return [event, note(event), delivered(event, SUPPLIER), delivered(event, DATA_SERVICE)]


def judge(events: list[JournalEvent], seconds: float = 5) -> RunState:
    return evaluate(totals(), BINDING, events, at(seconds))


def test_what_was_attributed_is_judged_and_says_why() -> None:
    state = judge(whole(submitted()))
    assert state.verdict is Verdict.PASSED, state.summary
    because = f"Attributed to this run because no other run waits for IF-023 from {SHAPER}."
    assert all(one.explanation.endswith(because) for one in state.steps)


def test_what_was_attributed_to_no_run_is_waited_for() -> None:
    event = submitted()
    state = judge([event, delivered(event, SUPPLIER)])
    assert step(state, 1).explanation == f"Waiting for LSS ({SHAPER}) to send IF-023 [LSSTotalsData]."
    late = judge([], seconds=1000)
    assert late.verdict is Verdict.FAILED
    assert "Expected IF-023 [LSSTotalsData] from LSS" in late.summary
    assert "MPAN" not in late.summary


def test_what_was_attributed_to_another_run_is_not_this_run_s() -> None:
    event = submitted(last=OTHER)
    found = attribute(event, [candidate(bound(OTHER))])
    assert found is not None
    assert step(judge([event, attributed(event, found, at(2))]), 1).at is None


def test_a_wrong_value_fails_with_the_reason_and_the_attribution() -> None:
    state = judge(whole(submitted(group="_P")), seconds=100)
    assert state.verdict is Verdict.FAILED
    assert "They are about the GSP group. Not so at" in step(state, 1).explanation
    assert "Attributed to this run because" in step(state, 1).explanation


def test_a_refused_message_fails_its_step() -> None:
    refused = submitted(kind=Kind.REFUSED, transaction_id=None, codes=("MSG1001",), details={"status": 400})
    state = judge([refused, note(refused)], seconds=100)
    assert state.verdict is Verdict.FAILED
    assert "MSG1001" in step(state, 1).explanation


def test_the_note_may_come_before_or_after_all_that_it_is_about() -> None:
    event = submitted()
    events = whole(event)
    for place in range(4):
        others = [one for one in events if one.kind is not Kind.ATTRIBUTED]
        others.insert(place, events[1])
        assert judge(others).verdict is Verdict.PASSED


def test_the_same_message_gives_the_same_note() -> None:
    event = submitted()
    assert note(event) == note(event)
    assert note(event).id != note(event, bound(OTHER)).id
    assert len(note(replace(event, id="f" * 32)).id) <= 64


def test_a_note_tells_the_same_claim_as_the_message() -> None:
    event = submitted()
    assert claim_of(note(event)) == claim_of(event)
    publication = delivered(event, SUPPLIER)
    made = attributed(publication, Attribution(BINDING, "so"), at(3))
    assert claim_of(made) == claim_of(publication)
    assert claim_of(made).end == SUPPLIER


def test_a_status_message_about_it_belongs_to_the_run_too() -> None:
    event = submitted()
    told = JournalEvent(
        Kind.STATUS_SENT, at(2), "dip_gateway", interface="STATUS", recipient=SHAPER, transaction_id="T-a1b2"
    )
    read = as_own(BINDING.mpan, notes(BINDING, [note(event)]), [event, told])
    assert [one.mpan for one in read] == [BINDING.mpan, BINDING.mpan]


def stored() -> StoredRun:
    return StoredRun(RUN, totals(), BINDING, {}, {})


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        (submitted(), True),
        (submitted(last="other"), False),
        (delivered(submitted(), SUPPLIER), True),
        (delivered(submitted(), "2300000099"), False),  # a stranger's webhook and answer
        (submitted(last="other", interface="IF-021"), False),
        (submitted(last="other", interface="IF-021", kind=Kind.REFUSED), True),  # a near miss
    ],
)
def test_a_run_is_shown_what_is_its_own_at_its_own_parties(event: JournalEvent, shown: bool) -> None:
    assert concerns(stored(), event, {}, {"T-a1b2"}) is shown


def test_many_messages_of_others_do_not_displace_what_was_attributed() -> None:
    foreign = [submitted(last=f"other{n}", interface="IF-021") for n in range(600)]
    kept = bounded(stored(), [*foreign, submitted()], {"T-a1b2"})
    assert kept[-1] == submitted()
    assert len(kept) == 501


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["T-a1b2", "T-other", ""]), max_size=4), st.booleans())
def test_reading_changes_nothing_but_the_mpan_of_what_is_claimed(names: list[str], claimed: bool) -> None:
    events = [submitted(transaction_id=name or None) for name in names]
    own = {"T-a1b2"} if claimed else set()
    read = as_own(BINDING.mpan, own, events)
    for before, after in zip(events, read, strict=True):
        mine = before.transaction_id in own
        assert after == (replace(before, mpan=BINDING.mpan) if mine else before)
