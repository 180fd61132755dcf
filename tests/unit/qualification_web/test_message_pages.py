"""What a tester types becomes a question to the journal; what the journal holds becomes a life."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backbone.journal.events import JournalEvent, Kind
from services.qualification.web.message_pages import TimeUnreadable, hop, moment_of, question


@pytest.mark.parametrize(
    ("text", "interface", "wanted"),
    [
        ("", "", {}),
        (" 1000000000013 ", "", {"mpan": "1000000000013"}),
        ("2300000012", "", {"party": "2300000012"}),
        ("S-IF-031-2300000012-1", "", {"reference": "S-IF-031-2300000012-1"}),
        ("T-IF-031-1", "", {"transaction": "T-IF-031-1"}),
        ("CI-20260302-1", "", {"correlation": "CI-20260302-1"}),
        ("if031", "", {"interface": "IF-031"}),
        ("", "PUB-036", {"interface": "PUB-036"}),
        ("1000000000013", "if-31", {"mpan": "1000000000013", "interface": "IF-31"}),
        ("anything else", "", {"reference": "anything else"}),
    ],
)
def test_a_text_is_looked_for_as_what_it_looks_like(text: str, interface: str, wanted: Any) -> None:
    assert question(text, interface) == wanted


def test_a_time_without_offset_is_utc() -> None:
    assert moment_of("2026-03-02T09:30") == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    summer = moment_of("2026-07-02T09:30+01:00")
    assert summer is not None
    assert summer.utcoffset() == timedelta(hours=1)
    assert moment_of("  ") is None


def test_a_time_that_is_none_is_told_with_the_way_to_write_it() -> None:
    with pytest.raises(TimeUnreadable, match=r"yesterday is no time\. Write it as 2026-03-02T09:30"):
        moment_of("yesterday")


def event(kind: Kind, **more: Any) -> JournalEvent:
    return JournalEvent(kind, datetime(2026, 3, 2, tzinfo=UTC), "dip_gateway", **more)


def test_an_attempt_tells_its_number_and_answer_and_keeps_the_rest_as_details() -> None:
    told = hop(7, event(Kind.DELIVERY_ATTEMPTED, details={"attempt": 2, "status": 503, "url": "http://x/"}))
    assert (told["text"], told["tone"]) == ("attempt 2 · HTTP 503", "retry")
    assert told["details"] == {"url": "http://x/"}


def test_a_refusal_tells_its_reason_and_code() -> None:
    details = {"status": 400, "reason": "No schema."}
    told = hop(1, event(Kind.REFUSED, codes=("MSG1001",), details=details, body="not { json"))
    assert told["text"] == "HTTP 400 · No schema. · MSG1001"
    assert (told["tone"], told["body"]) == ("bad", "not { json")


def test_no_answer_at_all_is_told_by_its_fault() -> None:
    details = {"attempt": 1, "status": None, "error": "timed out"}
    told = hop(1, event(Kind.DELIVERY_ATTEMPTED, details=details))
    assert told["text"] == "attempt 1 · timed out"


def test_a_secret_that_was_sent_in_the_wrong_place_is_not_shown() -> None:
    told = hop(1, event(Kind.ACCEPTED, headers={"X-My-Token": "abc"}, body='{"url": "http://ann:pw@host/"}'))
    assert told["event"].headers == {"X-My-Token": "(withheld)"}
    assert "pw" not in told["body"]
