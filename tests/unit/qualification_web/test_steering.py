"""Forms become orders; what is filled in wrong is told in the words of the form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from backbone.journal.events import JournalEvent, Kind
from services.qualification.steering import Order, Steered
from services.qualification.web.forms import Form
from services.qualification.web.steering import NotFilledIn, run_order, step_order
from tests.unit.qualification.given import Story, binding, headline, judge

NAMED = {"by": ["Ann"], "reason": ["seen in the portal"]}


def done(order: Order) -> JournalEvent:
    """What the order writes for a run that waits for the participant at step 1."""
    story = Story(binding())
    story.prepared()
    return order(Steered(headline(), story.binding, judge(story), story.now))


@pytest.mark.parametrize("what", ["attest", "skip"])
def test_a_ruling_carries_name_and_reason(what: str) -> None:
    event = done(step_order(1, what, NAMED))
    assert (event.details["step"], event.details["by"]) == (1, "Ann")
    assert event.details["reason"] == "seen in the portal"


def test_a_note_keeps_its_lines_as_they_were_meant() -> None:
    event = done(run_order("notes", {"by": ["Ann"], "text": ["one\r\ntwo "]}))
    assert (event.kind, event.details["text"]) == (Kind.NOTED, "one\ntwo")


@pytest.mark.parametrize(
    ("form", "ahead"),
    [
        ({"amount": ["1.5"], "unit": ["hours"]}, timedelta(hours=1.5)),
        ({"amount": ["7"], "unit": ["days"]}, timedelta(days=7)),
        ({"amount": ["5"], "unit": ["minutes"], "to": [""]}, timedelta(minutes=5)),
    ],
)
def test_the_clock_goes_by_the_span_that_was_given(form: Form, ahead: timedelta) -> None:
    event = done(run_order("clock", form))
    assert datetime.fromisoformat(event.details["to"]) - event.at == ahead


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("2026-03-09T00:00", datetime(2026, 3, 9, tzinfo=UTC)),
        ("2026-07-09T00:00+01:00", datetime(2026, 7, 8, 23, tzinfo=UTC)),
    ],
)
def test_the_clock_goes_to_the_moment_in_utc_unless_it_has_an_offset(given: str, meant: datetime) -> None:
    event = done(run_order("clock", {"to": [given]}))
    assert datetime.fromisoformat(event.details["to"]) == meant


@pytest.mark.parametrize(
    "form",
    [{"amount": ["nan"], "unit": ["days"]}, {"amount": ["1e9"], "unit": ["days"]}, {"to": ["tomorrow"]}],
)
def test_a_clock_that_cannot_be_moved_so_is_told_how(form: Form) -> None:
    with pytest.raises(NotFilledIn, match=r"A number above 0, at most ten years, or a moment as 2026"):
        run_order("clock", form)


def test_a_missing_name_is_told_by_the_label_of_its_field() -> None:
    with pytest.raises(NotFilledIn, match=r"Your name is missing\."):
        step_order(1, "attest", {"reason": ["seen"]})
    with pytest.raises(NotFilledIn, match=r"The reason is missing\."):
        step_order(1, "skip", {"by": ["Ann"], "reason": ["  "]})
