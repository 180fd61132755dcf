from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbone.journal import JOURNAL_TOPIC, JournalEvent, Kind

NOON = datetime(2026, 3, 21, 12, tzinfo=UTC)
TEXT = st.text(st.characters(codec="utf-8"), max_size=20)


EVENTS = st.builds(
    JournalEvent,
    service=st.just("dip_gateway"),
    kind=st.sampled_from(list(Kind)),
    at=st.datetimes(timezones=st.just(UTC)),
    mpan=st.none() | TEXT.filter(bool),
    codes=st.lists(TEXT, max_size=3).map(tuple),
    headers=st.dictionaries(TEXT, TEXT, max_size=3),
    body=st.none() | TEXT.filter(bool),
    details=st.dictionaries(TEXT, st.none() | st.integers(-(2**53), 2**53) | st.lists(TEXT), max_size=3),
)


@given(EVENTS)
def test_an_event_survives_the_journal(event: JournalEvent) -> None:
    assert JournalEvent.from_bytes(event.to_bytes()) == event


def test_empty_fields_are_left_out_and_the_line_is_one_line() -> None:
    line = JournalEvent(Kind.ACCEPTED, NOON, "dip_gateway", body="a\nb").to_bytes()
    assert b"\n" not in line
    assert b"mpan" not in line
    assert b'"kind":"accepted"' in line


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"mpan": "1200000000001", "sender": "A"}, "1200000000001"),
        ({"sender": "A", "recipient": "B"}, "A"),
        ({"recipient": "B"}, "B"),
        ({}, "dip_gateway"),
    ],
)
def test_order_is_kept_per_mpan_else_per_party(fields: dict[str, Any], key: str) -> None:
    record = JournalEvent(Kind.ACCEPTED, NOON, "dip_gateway", **fields).to_record()
    assert (record.topic, record.key) == (JOURNAL_TOPIC, key)


def test_every_event_has_an_id_of_its_own() -> None:
    ids = {JournalEvent(Kind.ACCEPTED, NOON, "dip_gateway").id for _ in range(100)}
    assert len(ids) == 100


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"nonsense",
        b"{}",
        b"[]",
        b"5",
        b'{"kind": "unheard of", "at": "2026-03-21", "service": "x"}',
        b'{"kind": "accepted", "at": "2026-03-21"}',
        b'{"kind": "accepted", "at": 5, "service": "x"}',
        b'{"kind": "accepted", "at": "2026-03-21", "service": "x", "further": 1}',
    ],
)
def test_what_is_not_an_event_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError):
        JournalEvent.from_bytes(line)
