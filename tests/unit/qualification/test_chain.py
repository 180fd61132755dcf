"""The journal's hash chain: whatever is done to a line, that line is named."""

from __future__ import annotations

import hashlib

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.qualification.chain import START, breaks, digest, event_of, head, linked
from tests.unit.qualification.given import Story

LINES = [orjson.dumps({"kind": "routed", "n": number}) for number in range(1, 9)]
CHAINED = linked(LINES)
HEAD = head(CHAINED)


def joined(lines: list[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def found(lines: list[bytes]) -> list[str]:
    return breaks(joined(lines), len(CHAINED), HEAD)


def test_each_line_holds_its_number_and_the_hash_of_the_line_before() -> None:
    entries = [orjson.loads(line) for line in CHAINED]
    assert [entry["line"] for entry in entries] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert entries[0]["previous"] == START == "0" * 64
    assert entries[5]["previous"] == hashlib.sha256(CHAINED[4]).hexdigest()
    assert hashlib.sha256(CHAINED[7]).hexdigest() == HEAD


def test_a_chained_line_is_still_the_event_it_was(story: Story) -> None:
    story.whole()
    lines = linked(event.to_bytes() for event in story.events)
    assert [event_of(line) for line in lines] == story.events


@pytest.mark.parametrize("line", [b"[1]", b'{"line":1,"previous":"0"}', b"oops"])
def test_what_is_no_event_is_not_read_as_one(line: bytes) -> None:
    with pytest.raises(ValueError):
        event_of(line)


def test_an_untouched_chain_is_whole_and_so_is_an_empty_one() -> None:
    assert found(list(CHAINED)) == []
    assert breaks(b"", 0, START) == []


@pytest.mark.parametrize("number", range(1, 9))
def test_a_changed_line_is_named(number: int) -> None:
    lines = list(CHAINED)
    lines[number - 1] = lines[number - 1].replace(b"routed", b"ROUTED")
    (text,) = found(lines)
    assert text.startswith(f"Line {number} was changed")


@pytest.mark.parametrize("number", range(1, 9))
def test_a_removed_line_is_named(number: int) -> None:
    lines = list(CHAINED)
    del lines[number - 1]
    assert found(lines) == [f"Line {number} is missing."]


@pytest.mark.parametrize("number", range(1, 9))
def test_a_line_that_stands_twice_is_named(number: int) -> None:
    lines = list(CHAINED)
    lines.insert(number, lines[number - 1])
    assert found(lines) == [f"Line {number} stands twice: at place {number} and at place {number + 1}."]


@pytest.mark.parametrize("number", range(1, 8))
def test_swapped_lines_are_named(number: int) -> None:
    lines = list(CHAINED)
    lines[number - 1], lines[number] = lines[number], lines[number - 1]
    assert found(lines) == [f"Line {number + 1} was moved: it stands before line {number}."]


def test_an_added_line_is_told_from_the_one_whose_number_it_took() -> None:
    forged = CHAINED[3].replace(b"routed", b"forged")
    assert found([*CHAINED[:3], forged, *CHAINED[3:]]) == ["The line at place 4, numbered 4, was added."]


def test_a_line_added_at_the_end_is_named() -> None:
    longer = linked([*LINES, b'{"kind":"forged"}'])
    assert found(list(longer)) == ["Line 9 was added: the journal had 8 lines."]


def test_a_line_without_links_is_named_by_its_place() -> None:
    lines = list(CHAINED)
    lines.insert(2, LINES[0])
    assert found(lines) == ["The line at place 3 is no chained entry: it was added or changed."]


def test_lines_cut_off_at_the_end_are_counted() -> None:
    assert found(list(CHAINED[:5])) == ["Lines 6 to 8 are missing."]


def test_a_chain_made_anew_does_not_end_where_the_old_one_did() -> None:
    anew = linked([*LINES[:4], b'{"kind":"forged"}', *LINES[5:]])
    assert found(list(anew)) == [
        "Line 8 was changed: it is not the line that the manifest names as the last."
    ]


@given(st.lists(st.binary(max_size=60), max_size=12), st.integers(0, 10**7))
@settings(max_examples=60, deadline=None)
def test_no_journal_however_strange_is_taken_for_whole(lines: list[bytes], count: int) -> None:
    content = joined(lines)
    assert breaks(content, count, digest(b"another")) or (content.strip() == b"" and count == 0)
