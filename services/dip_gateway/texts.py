"""Raw JSON texts: the messages of a batch exactly as they were sent, and how deep a text is nested."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import orjson

_decoder = json.JSONDecoder()
_BLANK = " \t\r\n"


def split_raw(body: bytes, messages: Sequence[Any]) -> list[str]:
    """The text of each message of a JSON array, byte for byte. ``messages``: the array as parsed."""
    text = body.decode(errors="replace").strip(_BLANK)
    if len(messages) == 1:
        return [text[1:-1].strip(_BLANK)]
    parts = [orjson.dumps(message).decode() for message in messages]
    if len(text) == sum(map(len, parts)) + len(parts) + 1 and text == f"[{','.join(parts)}]":
        return parts
    return _scan(text)


def _scan(text: str) -> list[str]:
    parts: list[str] = []
    position = 1
    while True:
        while text[position] in _BLANK + ",":
            position += 1
        if text[position] == "]":
            return parts
        _, end = _decoder.raw_decode(text, position)
        parts.append(text[position:end])
        position = end


def nested_deeper(value: Any, limit: int) -> bool:
    """Whether a parsed JSON value has arrays or objects in more than ``limit`` levels."""
    level = [value]
    for _ in range(limit):
        inner: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                inner.extend(item.values())
            elif isinstance(item, list):
                inner.extend(item)
        level = [item for item in inner if isinstance(item, (dict, list))]
        if not level:
            return False
    return True


def fitting(text: str | None, limit: int) -> str | None:
    """The text where it fits its field in an answer, else None: an answer never breaks its own schema."""
    return text if text and len(text) <= limit else None
