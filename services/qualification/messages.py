"""Reads the message that a journal event carries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from backbone.journal.events import JournalEvent
from services.qualification.expressions import pointer_lookup

MPAN_POINTER = "/payload/CommonBlock/M0/MPANCore"
TRANSACTION_POINTER = "/payload/CommonBlock/D0/transactionID"


def message_of(event: JournalEvent) -> Any:
    """The one message of this event, parsed; None where there is none or it is not JSON.

    A delivery carries the whole batch that was sent: the message with the event's transaction ID is
    taken, else the one about its MPAN.
    """
    if event.body is None:
        return None
    try:
        document = orjson.loads(event.body)
    except orjson.JSONDecodeError:
        return None
    return _of_batch(document, event) if isinstance(document, list) else document


def _of_batch(batch: list[Any], event: JournalEvent) -> Any:
    for pointer, wanted in ((TRANSACTION_POINTER, event.transaction_id), (MPAN_POINTER, event.mpan)):
        for message in batch:
            if wanted is not None and pointer_lookup(message, pointer) == (True, wanted):
                return message
    return batch[0] if len(batch) == 1 else None


def response_of(message: Any) -> tuple[str | None, tuple[str, ...]]:
    """Response code and messages of block R0, where the message has one."""
    found, block = pointer_lookup(message, "/payload/CommonBlock/R0")
    if not found or not isinstance(block, Mapping):
        return None, ()
    texts = block.get("responseMessages")
    messages = tuple(str(text) for text in texts if text) if isinstance(texts, list) else ()
    return block.get("responseCode"), messages


def primary_of(event: JournalEvent) -> tuple[str, ...]:
    """The primary recipients that the sender of this event's message chose."""
    _, chosen = pointer_lookup(message_of(event), "/payload/CommonBlock/A0/primaryRecipients")
    return tuple(map(str, chosen)) if isinstance(chosen, list) else ()


def codes_of_status(event: JournalEvent) -> tuple[str, ...]:
    """The response codes that the status message of this event brings, ``MSG1038``."""
    try:
        document = orjson.loads(event.body or b"[]")
    except orjson.JSONDecodeError:
        return ()
    texts = (entry.get("message") for entry in _entries(document))
    return tuple(text.partition(" ")[0] for text in texts if isinstance(text, str))


def _entries(document: Any) -> Iterator[Mapping[str, Any]]:
    """A status message is an array, and several may travel in one array."""
    for item in document if isinstance(document, list) else [document]:
        if isinstance(item, list):
            yield from _entries(item)
        elif isinstance(item, Mapping):
            yield item
