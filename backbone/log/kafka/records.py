"""Records as Kafka carries them, and back. Keys and headers are UTF-8."""

from __future__ import annotations

from typing import Any

from backbone.log.port import ConsumedRecord, Position, Record


def sent_form(record: Record) -> dict[str, Any]:
    """The arguments with which the producer sends this record. Raises ValueError for unpaired surrogates."""
    return {
        "topic": record.topic,
        "key": record.key.encode(),
        "value": record.value,
        "headers": [(name, text.encode()) for name, text in record.headers.items()],
    }


def consumed(message: Any) -> ConsumedRecord:
    """A record read from Kafka. Raises ValueError for what none of us wrote: not UTF-8."""
    headers = {name: (value or b"").decode() for name, value in message.headers}
    record = Record(message.topic, (message.key or b"").decode(), message.value or b"", headers)
    return ConsumedRecord(record, position(message))


def salvaged(message: Any) -> ConsumedRecord:
    """The same for a record that ``consumed`` refused: what is not UTF-8 is marked in the text."""
    headers = {name: (value or b"").decode(errors="replace") for name, value in message.headers}
    key = (message.key or b"").decode(errors="replace")
    return ConsumedRecord(Record(message.topic, key, message.value or b"", headers), position(message))


def position(message: Any) -> Position:
    return Position(message.topic, message.partition, message.offset)
