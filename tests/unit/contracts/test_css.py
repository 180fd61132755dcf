"""Our CSS messages: the switch request and the pending registration."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import orjson
import pytest

from contracts import css

NOW = datetime(2026, 3, 21, 10, 0, 0, 123456, tzinfo=UTC)
START = datetime(2026, 4, 1, tzinfo=ZoneInfo("Europe/London"))


@pytest.fixture
def request_message():
    return css.switch_request(
        mpan="2000056535971",
        supplier_mpid="SUPA",
        supply_start_date=START,
        registration_reference="REF-1",
        now=NOW,
        correlation_id="corr",
        event_id="event",
    )


@pytest.fixture
def pending(request_message):
    return css.pending_registration(request_message, registration_id="REG-1", now=NOW)


def test_a_switch_request_says_who_what_and_when(request_message):
    assert css.check(request_message) == ()
    head = css.header(request_message)
    assert head.event_type == "CSS01700"
    assert head.event_id == "event"
    assert (head.mpan, head.supplier_mpid) == ("2000056535971", "SUPA")
    assert head.supply_start_date == START
    assert (head.registration_id, head.status) == (None, None)
    assert request_message["data"]["supplyStartDate"] == "2026-04-01T00:00:00+01:00"
    assert request_message["eventDate"] == "2026-03-21T10:00:00.123Z"


def test_the_pending_registration_answers_it_under_the_same_correlation(request_message, pending):
    assert css.check(pending) == ()
    head = css.header(pending)
    assert head.event_type == "CSS02800"
    assert (head.registration_id, head.status) == ("REG-1", "Pending")
    assert head.correlation_id == css.header(request_message).correlation_id
    assert head.event_id != css.header(request_message).event_id
    assert request_message["data"]["registrationId"] is None, "the request itself is not changed"


def test_messages_travel_as_json(pending):
    assert orjson.loads(orjson.dumps(pending)) == pending


def test_identifiers_are_made_where_none_are_given():
    made = css.switch_request(
        mpan="2000056535971",
        supplier_mpid="SUPA",
        supply_start_date=START,
        registration_reference="R",
        now=NOW,
    )
    assert css.check(made) == ()


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/eventId", None),
        ("/eventType", "CSS09000"),
        ("/eventDate", "yesterday"),
        ("/correlationId", ""),
        ("/data", []),
        ("/data/mpxn", "20000565359"),
        ("/data/supplierMpid", "supa"),
        ("/data/supplyStartDate", "2026-04-01"),
        ("/data/supplierGeneratedReference", 5),
        ("/data/registrationId", "X" * 37),
        ("/data/registrationStatus", "Secured"),
    ],
)
def test_every_problem_is_named_with_its_place(pending, pointer, value):
    holder = pending["data"] if pointer.startswith("/data/") else pending
    holder[pointer.rsplit("/", 1)[-1]] = value
    problems = css.check(pending)
    assert [p.pointer for p in problems] == [pointer]
    assert pointer.rsplit("/", 1)[-1] in problems[0].message


@pytest.mark.parametrize("value", [None, [], "x", 1, {}, {"data": 1}, {"data": {"supplyStartDate": 3}}])
def test_reading_and_checking_never_raise(value):
    assert css.check(value)
    assert css.header(value).supply_start_date is None


def test_a_date_without_an_offset_is_no_moment():
    assert css.header({"data": {"supplyStartDate": "2026-04-01T00:00:00"}}).supply_start_date is None
