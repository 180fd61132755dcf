"""The hash chain of ``journal.ndjson``: every line holds its number and the hash of the line before it.

``line`` counts from 1; ``previous`` is the SHA-256 of the bytes of the line before, without its line end
(64 zeros in the first). The hash of the last line, the head, stands in the manifest. So a line that was
changed, removed, added or moved is found, and named by its number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import pairwise
from typing import Any

import orjson

from backbone.journal.events import JournalEvent

START = "0" * 64
_LINKS = ("line", "previous")


def linked(lines: Iterable[bytes]) -> tuple[bytes, ...]:
    """The journal lines (JSON objects, without line ends) with their links."""
    chained: list[bytes] = []
    for number, line in enumerate(lines, start=1):
        chained.append(b'{"line":%d,"previous":"%s",' % (number, head(chained).encode()) + line[1:])
    return tuple(chained)


def head(chained: Sequence[bytes]) -> str:
    """The hash of the last line, hexadecimal; 64 zeros where there is none."""
    return digest(chained[-1]) if chained else START


def digest(content: bytes) -> str:
    """SHA-256, hexadecimal."""
    return sha256(content).hexdigest()


def event_of(line: bytes) -> JournalEvent:
    """The event of a line, chained or not. Raises ValueError for what is not a journal event."""
    data = orjson.loads(line)
    if not isinstance(data, dict):
        raise ValueError("its fields are not those of an event")
    fields = {name: value for name, value in data.items() if name not in _LINKS}
    return JournalEvent.from_bytes(orjson.dumps(fields))


@dataclass(frozen=True)
class _Entry:
    place: int
    number: int | None
    previous: Any
    hash: str


@dataclass
class _Journal:
    """What a journal file holds, against what its manifest says of it."""

    entries: Sequence[_Entry]
    lines: int
    head: str
    kept: list[_Entry] = field(default_factory=list)
    _by_number: dict[int, list[_Entry]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for entry in self.entries:
            if entry.number is not None:
                self._by_number.setdefault(entry.number, []).append(entry)

    @property
    def numbers(self) -> set[int]:
        """Those of the lines that are there."""
        return {number for number in self._by_number if 1 <= number <= self.lines}

    def of(self, number: int) -> list[_Entry]:
        return self._by_number.get(number, [])

    def right(self, number: int) -> set[str]:
        """The hashes a line may have, by those that come after it; empty when these are missing."""
        if number == self.lines:
            return {self.head}
        return {str(entry.previous) for entry in self.of(number + 1)}


def breaks(content: bytes, lines: int, expected_head: str) -> list[str]:
    """Every way in which a journal is not the one whose number of lines and head are given; none: whole."""
    journal = _Journal(list(_entries(content)), lines, expected_head)
    found = [*_strange(journal), *_missing(journal)]
    for number in sorted(journal.numbers):
        found += _line_breaks(journal, number)
    return [*found, *_order(journal.kept)]


def _entries(content: bytes) -> Iterator[_Entry]:
    for place, line in enumerate(content.removesuffix(b"\n").split(b"\n") if content else (), start=1):
        try:
            data = orjson.loads(line)
        except orjson.JSONDecodeError:
            data = None
        fields = data if isinstance(data, dict) else {}
        number = fields.get("line")
        known = number if isinstance(number, int) and not isinstance(number, bool) else None
        yield _Entry(place, known, fields.get("previous"), digest(line))


def _strange(journal: _Journal) -> Iterator[str]:
    """Lines whose number the journal never had."""
    for entry in journal.entries:
        if entry.number is None:
            yield f"The line at place {entry.place} is no chained entry: it was added or changed."
        elif not 1 <= entry.number <= journal.lines:
            yield f"Line {entry.number} was added: the journal had {journal.lines} lines."


def _missing(journal: _Journal) -> Iterator[str]:
    for before, after in pairwise([0, *sorted(journal.numbers), journal.lines + 1]):
        if after - before == 2:
            yield f"Line {before + 1} is missing."
        elif after - before > 2:
            yield f"Lines {before + 1} to {after - 1} are missing."


def _line_breaks(journal: _Journal, number: int) -> Iterator[str]:
    found = journal.of(number)
    right = journal.right(number)
    genuine = [entry for entry in found if entry.hash in right] if right else found
    kept, *twice = genuine or found
    journal.kept.append(kept)
    if not genuine or (number == 1 and kept.previous != START):
        yield f"Line {number} was changed: it is not the line that {_successor(journal, number)}."
    for entry in twice:
        yield f"Line {number} stands twice: at place {kept.place} and at place {entry.place}."
    if genuine:
        for entry in found:
            if entry not in genuine:
                yield f"The line at place {entry.place}, numbered {number}, was added."


def _successor(journal: _Journal, number: int) -> str:
    return (
        "the manifest names as the last" if number == journal.lines else f"line {number + 1} was chained to"
    )


def _order(kept: Sequence[_Entry]) -> Iterator[str]:
    for before, after in pairwise(kept):
        if after.place < before.place:
            yield f"Line {after.number} was moved: it stands before line {before.number}."
