"""The entry of a status message as a participant posts it (StandardResponseBodyType): is it one? Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

_REFERENCE: Final = re.compile(r"^S-((IF|REP)-)?\d{3,4}-[0-9a-fA-F]{10}-[A-Z]{3,5}-\d{8}-[a-zA-Z0-9]+$")
_CODE: Final = re.compile(r"^[A-Z]{2,4}\d{3,4}\b")


def _text(least: int, most: int) -> Callable[[Any], bool]:
    return lambda value: value is None or (isinstance(value, str) and least <= len(value) <= most)


def _moment(value: Any) -> bool:
    if not isinstance(value, str) or len(value) != 25:
        return False
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _reference(value: Any) -> bool:
    if value is None:
        return True
    return isinstance(value, str) and len(value) <= 200 and _REFERENCE.match(value) is not None


_RULES: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "transactionID": (_text(1, 65), "is a text of 1 to 65 characters, or null"),
    "senderUniqueReference": (_reference, "is a sender reference, or null"),
    "correlationID": (_text(1, 60), "is a text of 1 to 60 characters, or null"),
    "sentTimestamp": (_moment, "is a date and time like 2026-03-21T19:05:00+00:00"),
    "senderID": (lambda v: isinstance(v, str) and len(v) == 10, "is a DIP ID of 10 characters"),
    "recipientID": (_text(10, 10), "is a DIP ID of 10 characters, or null"),
    "DIPConnectionProviderID": (_text(10, 10), "is a DIP ID of 10 characters, or null"),
    "message": (_text(1, 200), "is a text of 1 to 200 characters, or null"),
    "help": (_text(1, 500), "is a text of 1 to 500 characters, or null"),
    "serviceTicketURL": (_text(1, 250), "is a text of 1 to 250 characters, or null"),
}
_SPELLING: Final = {name.lower(): name for name in _RULES}


def spelled(entry: object) -> dict[str, Any]:
    """The entry with its field names in official spelling; empty for what is no object."""
    if not isinstance(entry, Mapping):
        return {}
    return {_SPELLING.get(str(name).lower(), str(name)): value for name, value in entry.items()}


def problem(entry: Mapping[str, Any]) -> tuple[str, str] | None:
    """What is wrong first (field, sentence) with a spelled entry; None when it is fine."""
    for name, (right, wanted) in _RULES.items():
        if name not in entry:
            return name, f"{name} is missing; all ten fields are needed, most may be null."
        if not right(entry[name]):
            return name, f"{name} {wanted}."
    return None


def code_of(entry: Mapping[str, Any]) -> str | None:
    """The response code at the beginning of the message: ``RCP1061``."""
    message = entry.get("message")
    found = _CODE.match(message) if isinstance(message, str) else None
    return found.group() if found else None
