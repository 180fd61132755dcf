"""What a webhook's answer says about each message sent to it: a StandardResponse, if it is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson


def entries_of(body: bytes) -> list[Mapping[str, Any]]:
    """The entries of a StandardResponse, or of its bare array; empty when the answer is something else."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return []
    if isinstance(value, Mapping):
        value = next((v for k, v in value.items() if k.lower() == "messagearray"), [])
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []


def said_about(
    entries: Sequence[Mapping[str, Any]], transaction_id: str | None, index: int, count: int
) -> Mapping[str, Any] | None:
    """The entry about one message: by transaction ID, else by its place when there is one for each."""
    for entry in entries:
        if transaction_id is not None and entry.get("transactionID") == transaction_id:
            return entry
    named = any(isinstance(entry.get("transactionID"), str) for entry in entries)
    return entries[index] if len(entries) == count and not named else None
