"""Keeps secrets out of evidence, wherever a participant has put them.

The gateway writes no API key down. What is left are the secrets that a system sends in the wrong place: a
private key in a message or in place of its certificate, a password in an address, a key under a header of
another name. They are withheld before anything is written, hashed or signed.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from backbone.journal.events import JournalEvent

WITHHELD = "(withheld)"
_HEADER = re.compile(r"api-?key|authorization|cookie|password|secret|token", re.IGNORECASE)
_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?:[A-Za-z0-9+/=\s\\:,]|-(?!----))*"
    r"(?:-----END [A-Z ]{0,40}PRIVATE KEY-----)?"
)
_PASSWORD = re.compile(r"(?<=://)[^\s/@\"\\?#]{1,200}@")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{64,}={0,2}")
_NAME = b"PRIVATE KEY-----"


def redacted(event: JournalEvent) -> JournalEvent:
    """The event without secrets; ``details.withheld`` is true where something was taken out."""
    line: dict[str, Any] = orjson.loads(event.to_bytes())
    clean = cleaned(line)
    headers = {n: WITHHELD if _HEADER.search(n) else v for n, v in clean.get("headers", {}).items()}
    if clean == line and headers == line.get("headers", {}):
        return event
    clean |= {"headers": headers, "details": {**clean.get("details", {}), "withheld": True}}
    return replace(JournalEvent.from_bytes(orjson.dumps(clean)), headers=headers)


def cleaned(value: Any) -> Any:
    """Any JSON value with private keys and passwords in addresses withheld."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return {_text(str(name)): cleaned(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [cleaned(item) for item in value]
    return value


def _text(text: str) -> str:
    found = _KEY.sub(WITHHELD, text) if _NAME.decode() in text else text
    found = _PASSWORD.sub(f"{WITHHELD}@", found) if "://" in found else found
    return _BASE64.sub(_encoded, found)


def _encoded(found: re.Match[str]) -> str:
    """A stretch of base64, unless it holds a private key in PEM."""
    text = found.group().rstrip("=")
    decoded = base64.b64decode(text + "=" * (-len(text) % 4)) if len(text) % 4 != 1 else b""
    return WITHHELD if _NAME in decoded else found.group()
