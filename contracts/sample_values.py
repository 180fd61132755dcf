"""Values for data items, from a seeded generator: plausible ones for people, edge cases for tests."""

from __future__ import annotations

import base64
import importlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil, floor
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from contracts.describing import is_moment
from contracts.identifiers import make_mpan
from contracts.model import DataItem

_UK: Final = ZoneInfo("Europe/London")
_LETTERS: Final = "ABCDEFGHJKLMNPRSTUVWXYZ"
_ODD_CHARACTERS: Final = "é ß–€𝟘🙂/\\\"'&<"
_TEXT_LIMIT: Final = 60
_FREE_LIMIT: Final = 30
_MPAN_PATTERN: Final = r"^\d{13}?$"
# The first two digits of a DIP ID follow the role in public samples; first match of the name counts.
_DIP_ID_PREFIXES: Final = (
    ("supplier", "23"),
    ("metering", "12"),
    ("data", "14"),
    ("mdr", "20"),
    ("distributor", "25"),
)


@dataclass
class Values:
    """Makes values. ``wild``: seek edge cases (nulls, shortest and longest, odd characters)."""

    random: Random
    day: datetime  # a UK-local midnight
    distributor: int
    wild: bool = False

    def value(self, name: str, item: DataItem) -> Any:
        """A valid value for the field of this name."""
        if item.nullable and self.random.random() < (0.3 if self.wild else 0.1):
            return None
        if item.enum is not None:
            return self._chosen(item)
        return self._by_type(name, item)

    def dip_id(self, name: str) -> str:
        lower = name.lower()
        prefix = next((digits for word, digits in _DIP_ID_PREFIXES if word in lower), "10")
        return f"{prefix}{self.random.randrange(1, 100):08d}"

    def mpan(self) -> str:
        return make_mpan(self.distributor, self.random.randrange(10**9))

    def moment(self, name: str) -> str:
        """UK-local midnight of a day near the message's own; the settlement day's is UTC."""
        if name == "settlementDayDate":
            return self.settlement_day().isoformat()
        day = self.day.date() + timedelta(days=self.random.randrange(-3, 15))
        return datetime(day.year, day.month, day.day, tzinfo=_UK).isoformat()

    def settlement_day(self) -> datetime:
        day = self.day.date() - timedelta(days=1)
        return datetime(day.year, day.month, day.day, tzinfo=UTC)

    def _chosen(self, item: DataItem) -> Any:
        allowed = [v for v in item.enum or () if not isinstance(v, str) or _fits(item, v)]
        return self.random.choice(allowed)

    def _by_type(self, name: str, item: DataItem) -> Any:
        if item.type == "boolean":
            return self.random.random() < 0.5
        if item.type in ("integer", "number"):
            return self._number(item)
        if item.type == "any":
            return None
        return self._text(name, item)

    def _number(self, item: DataItem) -> float:
        low = item.minimum if item.minimum is not None else 0
        high = item.maximum if item.maximum is not None else low + 1000
        unit = item.multiple_of or 1
        steps = (ceil(low / unit), floor(high / unit))
        chosen = self.random.choice(steps) if self.wild else self.random.randint(*steps)
        value = chosen * unit
        return round(value, 6) if isinstance(value, float) else value

    def _text(self, name: str, item: DataItem) -> str:
        if is_moment(item):
            return self.moment(name)
        if item.pattern == _MPAN_PATTERN:
            return self.mpan()
        if item.pattern is not None:
            return matching(item.pattern, self.random)
        if item.min_length == item.max_length == 10:
            return self.dip_id(name)
        if item.format == "byte":
            return base64.b64encode(self.random.randbytes(12)).decode()
        return self._free(item.min_length or 0, item.max_length)

    def _free(self, low: int, high: int | None) -> str:
        if not self.wild:
            length = max(low, min(high or _FREE_LIMIT, _FREE_LIMIT) - self.random.randrange(3))
            return _cut(self._words(), length, low)
        limit = high if high is not None else _TEXT_LIMIT
        length = self.random.choice((low, limit, self.random.randint(low, limit)))
        letters = _LETTERS + _ODD_CHARACTERS
        return "".join(self.random.choice(letters) for _ in range(length))

    def _words(self) -> str:
        return " ".join("".join(self.random.choices(_LETTERS, k=self.random.randint(3, 8))) for _ in range(4))


def _cut(text: str, length: int, low: int) -> str:
    return text[:length].strip().ljust(low, "X")


def _fits(item: DataItem, value: str) -> bool:
    long_enough = item.min_length is None or len(value) >= item.min_length
    return long_enough and (item.max_length is None or len(value) <= item.max_length)


# --- text for a pattern ----------------------------------------------------------------------------------

_parser: Final = importlib.import_module("re._parser")  # the tokens of re's own reading of a pattern
_DIGITS: Final = "0123456789"
_CATEGORIES: Final = {"CATEGORY_DIGIT": _DIGITS, "CATEGORY_WORD": _LETTERS + _DIGITS, "CATEGORY_SPACE": " "}
_MOST_REPEATS: Final = 12  # more where the pattern demands more


def matching(pattern: str, random: Random) -> str:
    """A text the pattern matches in full. Raises ValueError for constructs beyond the usual ones."""
    text = "".join(_token(token, random) for token in _parser.parse(pattern))
    if re.search(pattern, text) is None:
        raise ValueError(f"cannot make a text for the pattern {pattern}")
    return text


def _token(token: tuple[Any, Any], random: Random) -> str:
    kind, argument = str(token[0]), token[1]
    maker = _MAKERS.get(kind)
    if maker is None:
        raise ValueError(f"the pattern uses {kind}, which cannot be generated")
    return maker(argument, random)


def _sequence(tokens: Sequence[Any], random: Random) -> str:
    return "".join(_token(token, random) for token in tokens)


def _class(members: Sequence[tuple[Any, Any]], random: Random) -> str:
    choices: list[str] = []
    for kind, argument in members:
        name = str(kind)
        if name == "LITERAL":
            choices.append(chr(argument))
        elif name == "RANGE":
            choices += [chr(code) for code in range(argument[0], argument[1] + 1)]
        elif name == "CATEGORY" and str(argument) in _CATEGORIES:
            choices += _CATEGORIES[str(argument)]
        else:
            raise ValueError(f"the pattern uses {name} in a class, which cannot be generated")
    return random.choice(choices)


def _repeat(argument: tuple[int, Any, Any], random: Random) -> str:
    low, high, inner = argument
    most = max(low, min(int(high), _MOST_REPEATS))
    return "".join(_sequence(inner, random) for _ in range(random.randint(low, most)))


_MAKERS: Final[dict[str, Callable[[Any, Random], str]]] = {
    "LITERAL": lambda code, random: chr(code),
    "ANY": lambda _, random: random.choice(_LETTERS),
    "IN": _class,
    "AT": lambda _, random: "",
    "MAX_REPEAT": _repeat,
    "MIN_REPEAT": _repeat,
    "POSSESSIVE_REPEAT": _repeat,
    "SUBPATTERN": lambda argument, random: _sequence(argument[-1], random),
    "BRANCH": lambda argument, random: _sequence(random.choice(argument[1]), random),
}
