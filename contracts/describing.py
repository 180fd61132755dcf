"""Items in plain English: what is expected, an example, and names that were nearly right."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import Final

import orjson

from contracts.model import DataItem

MOMENT_LENGTH: Final = 25
MOMENT_EXAMPLE: Final = "2026-03-21T00:00:00+00:00"
_SHOWN: Final = 60  # characters of a value that are worth repeating
_NEAR: Final = 0.75
_LONGEST_NAME: Final = 80  # comparing longer ones would cost more than a guess is worth
# Names used by earlier versions of the standard and by the published examples.
_FORMER_NAMES: Final = {
    "cssregistrationrequestid": "CSSRegistrationID",
    "environment": "environmentTag",
    "senttimestamp": "senderTimestamp",
    "senderrole": "senderRoleID",
    "senderid": "senderDIPID",
    "incomingsuppliereffectivefromdate": "supplierEffectiveFromDate",
    "outgoingsuppliereffectivetodate": "supplierEffectiveToDate",
}
_BLOCK_NAME: Final = re.compile(r"^([A-Z]\d{2,3}[a-z]?)(?:List)?$")
_DIGITS: Final = re.compile(r"^\^\\d\{(\d+)(?:,(\d+))?\}\??\$$")
_DECIMAL: Final = re.compile(r"^\^(-\?)?\\d\{1,(\d+)\}\\\.\\d\{(\d+)\}\$$")
_KNOWN_PATTERNS: Final = {
    r"^\d{13}?$": ("13 digits", "2000056535971"),
    r"^[A-Z]{4}$": ("4 capital letters", "ABCD"),
    r"^S-((IF|REP)-)?\d{3,4}-[0-9a-fA-F]{10}-[A-Z]{3,5}-\d{8}-[a-zA-Z0-9]+$": (
        "S-<interface>-<DIP ID of 10 hexadecimal digits>-<role>-<yyyymmdd>-<letters and digits>",
        "S-IF-031-2300000001-SUP-20260321-0123456789abcdef",
    ),
}


def is_moment(item: DataItem) -> bool:
    """Whether the item is a date and time: the standard knows it only by its 25 characters."""
    return item.type == "string" and item.min_length == MOMENT_LENGTH == item.max_length and not item.pattern


def expected(item: DataItem) -> str:
    """What the item takes, with an example where that helps: ``one of E, D, U``."""
    base = _expected(item)
    return f"{base}, or null" if item.nullable else base


def shown(value: object) -> str:
    """A value as JSON, cut to a readable length."""
    try:
        text = orjson.dumps(value, default=str).decode()
    except orjson.JSONEncodeError:  # nested more deeply than can be written, or half a surrogate pair
        return "a value that cannot be shown"
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def near(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant, or None: a former name, the same letters, or nearly so."""
    names = list(known)
    if len(name) > _LONGEST_NAME:
        return None
    block = _BLOCK_NAME.match(name)
    if block:
        return next((n for n in names if _BLOCK_NAME.match(n) and n.startswith(block[1])), None)
    former = _FORMER_NAMES.get(name.casefold())
    if former in names:
        return former
    folded = name.casefold().replace("_", "")
    scored = [(SequenceMatcher(None, folded, n.casefold()).ratio(), n) for n in names]
    score, best = max(scored, default=(0.0, ""))
    if score >= _NEAR:
        return best
    contained = [n for n in names if len(n) > 3 and (n.casefold() in folded or folded in n.casefold())]
    return contained[0] if len(contained) == 1 and len(folded) > 3 else None


def _expected(item: DataItem) -> str:
    if item.enum is not None:
        return _listed([str(value) for value in item.enum])
    if is_moment(item):
        return f"a date and time of exactly 25 characters such as {MOMENT_EXAMPLE}"
    if item.pattern is not None:
        return _pattern(item.pattern)
    if item.type == "string":
        return f"text of {_between(item.min_length, item.max_length)} characters"
    return _number(item)


def digits_of(pattern: str) -> tuple[int, int] | None:
    """Fewest and most digits where the pattern asks for digits and nothing else."""
    found = _DIGITS.match(pattern)
    return (int(found[1]), int(found[2] or found[1])) if found else None


def _listed(values: list[str]) -> str:
    return f"the value {values[0]}" if len(values) == 1 else "one of " + ", ".join(values)


def _pattern(pattern: str) -> str:
    decimal = _DECIMAL.match(pattern)
    if decimal:
        sign = ", a minus sign allowed" if decimal[1] else ""
        example = "12." + "345678901"[: int(decimal[3])]
        return (
            f"a number written as text, up to {decimal[2]} digits before the point and exactly "
            f"{decimal[3]} after it{sign}, such as {example}"
        )
    digits = digits_of(pattern)
    if digits and pattern not in _KNOWN_PATTERNS:
        low, high = digits
        return f"{low} digits" if low == high else f"{low} to {high} digits"
    words, example = _KNOWN_PATTERNS.get(pattern, (f"text that matches {pattern}", ""))
    return f"{words}, such as {example}" if example else words


def _between(low: float | None, high: float | None) -> str:
    if low == high and low is not None:
        return f"exactly {low}"
    if high is None:
        return f"at least {low}" if low else "any number of"
    return f"{low} to {high}" if low else f"at most {high}"


def _range(low: float | None, high: float | None) -> str:
    if low is None or high is None or low == high:
        return "at least 0" if low == 0 and high is None else _between(low, high)
    return f"{low} to {high}"


def _number(item: DataItem) -> str:
    words = {
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false, without quotes",
        "any": "any value",
    }[item.type]
    if item.minimum is not None or item.maximum is not None:
        words += f" ({_range(item.minimum, item.maximum)})"
    if item.multiple_of is not None:
        words += f", a multiple of {item.multiple_of}"
    return words
