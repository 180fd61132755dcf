"""Response codes: published as an enumeration whose texts stand in YAML comments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from contracts.model import ResponseCode
from contracts.published import Documents, Node, Problem

_COMMENTED: Final = re.compile(r"^\s*-\s*([A-Z]{2,4}\d{3,4})\s*#\s*(\S.*?)\s*$", re.MULTILINE)
CODES_SCHEMA: Final = "DI-999-Response-Codes"


def response_codes(
    documents: Documents, known: Mapping[str, ResponseCode]
) -> tuple[dict[str, ResponseCode], list[Problem]]:
    """All published codes with their texts.

    A resolved document has lost the comments: the text is then that of ``known``, or empty.
    """
    texts: dict[str, str] = {}
    for code, text in _comments(documents):
        texts.setdefault(code, _tidy(code, text))
    schema = dict(documents.schemas()).get(CODES_SCHEMA)
    if schema is None:
        return {}, [_missing(documents)]
    values = schema.value.get("enum", ()) if isinstance(schema.value, dict) else ()
    for code in map(str, values):
        texts.setdefault(code, known[code].text if code in known else "")
    return {code: ResponseCode(code, texts[code]) for code in map(str, values)}, []


def _comments(documents: Documents) -> Iterator[tuple[str, str]]:
    for text in documents.texts.values():
        if CODES_SCHEMA in text:
            yield from _COMMENTED.findall(text)


def _tidy(code: str, text: str) -> str:
    """One line; the text of SP008 is published twice over, with the code in between."""
    return re.sub(rf"\s*{code} - .*$", "", " ".join(text.split()))


def _missing(documents: Documents) -> Problem:
    file = next(iter(documents.documents))
    return Node(file, "/components/schemas", None).problem(f"no schema {CODES_SCHEMA}: no response codes")
