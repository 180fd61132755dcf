"""The official answer: ten fields, always, within their lengths."""

from __future__ import annotations

from datetime import UTC, datetime

from services.dip_gateway.answers import entries_of, said_about
from services.dip_gateway.responses import Entry, standard_body, status_body

NOW = datetime(2026, 3, 21, 12, 0, 0, 987_654, tzinfo=UTC)
FIELDS = [
    "transactionID",
    "senderUniqueReference",
    "correlationID",
    "sentTimestamp",
    "senderID",
    "recipientID",
    "DIPConnectionProviderID",
    "message",
    "help",
    "serviceTicketURL",
]


def test_all_ten_fields_are_there_even_when_nothing_is_known() -> None:
    [entry] = status_body([Entry("MSG1001 - Schema Failure")], "1000000000", NOW)
    assert list(entry) == FIELDS
    assert entry["transactionID"] is None
    assert entry["senderID"] == "1000000000"
    assert entry["sentTimestamp"] == "2026-03-21T12:00:00+00:00"
    assert entry["serviceTicketURL"] == "not yet implemented"


def test_the_standard_response_has_the_array_and_the_time() -> None:
    body = standard_body([Entry("MSG0000 - Success")] * 2, "1000000000", NOW)
    assert list(body) == ["messageArray", "timestamp"]
    assert len(body["messageArray"]) == 2
    assert body["timestamp"] == "2026-03-21T12:00:00+00:00"


def test_help_and_message_keep_to_their_official_lengths() -> None:
    [entry] = status_body([Entry("M" * 300, "h" * 900)], "1000000000", NOW)
    assert len(entry["message"]) == 200
    assert len(entry["help"]) == 500
    assert entry["help"].endswith("…")


def test_a_webhooks_answer_is_read_as_response_or_bare_array() -> None:
    assert entries_of(b'{"messageArray":[{"message":"RCP0000"}]}') == [{"message": "RCP0000"}]
    assert entries_of(b'{"MessageArray":[{"message":"RCP0000"}]}') == [{"message": "RCP0000"}]
    assert entries_of(b'[{"message":"RCP0000"}, 7]') == [{"message": "RCP0000"}]


def test_any_other_answer_says_nothing() -> None:
    for body in (b"", b"OK", b"{}", b"7", b'{"messageArray":3}', b"\xff"):
        assert entries_of(body) == []


def test_an_entry_is_found_by_transaction_else_by_place() -> None:
    named = [{"transactionID": "T-2", "message": "b"}, {"transactionID": "T-1", "message": "a"}]
    assert said_about(named, "T-1", 0, 2) == named[1]
    unnamed = [{"message": "a"}, {"message": "b"}]
    assert said_about(unnamed, "T-2", 1, 2) == {"message": "b"}


def test_an_entry_about_another_message_is_not_taken_for_this_one() -> None:
    assert said_about([{"transactionID": "T-9"}], "T-1", 0, 1) is None
    assert said_about([{"message": "a"}], "T-1", 0, 2) is None
