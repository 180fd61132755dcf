"""How incoming things travel on the message log: publications and CSS messages on ``inbox.<service>``,
commands of the harness on ``harness.<service>``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from backbone.log import Record
from participant.handlers import Incoming


def inbox_topic(service: str) -> str:
    """Where publications and CSS messages for a service wait."""
    return f"inbox.{service}"


def harness_topic(service: str) -> str:
    """Where commands for a service wait."""
    return f"harness.{service}"


def inbox_record(service: str, incoming: Incoming) -> Record:
    """The record of a publication or a CSS message."""
    fields = {
        "kind": incoming.kind,
        "to": incoming.to,
        "mpan": incoming.mpan,
        "name": incoming.name,
        "event": incoming.event,
        "message": incoming.message,
        "id": incoming.id,
        "run": incoming.run,
        "sender": incoming.sender,
    }
    return Record(inbox_topic(service), state_key(incoming), orjson.dumps(fields))


def command_record(
    service: str,
    name: str,
    *,
    to: str,
    mpan: str,
    run: str | None,
    id: str,  # noqa: A002 - named as in Incoming
    arguments: Mapping[str, Any],
) -> Record:
    """The record of a command of the harness to a service. ``id``: the same when it is given again."""
    fields = {"name": name, "to": to, "mpan": mpan, "run": run, "id": id, "arguments": arguments}
    return Record(harness_topic(service), mpan or to, orjson.dumps(fields))


def read_record(record: Record) -> Incoming:
    """Read either kind of record. Raises ValueError for what is neither."""
    try:
        fields = orjson.loads(record.value)
        incoming = Incoming(**fields) if record.topic.startswith("inbox.") else _command(fields)
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as fault:
        raise ValueError(f"not an incoming thing: {fault}") from fault
    texts = (incoming.to, incoming.mpan, incoming.name, incoming.id, incoming.run or "")
    if not all(isinstance(text, str) for text in texts) or not isinstance(incoming.message, dict):
        raise ValueError("not an incoming thing: a field has a value of the wrong kind")
    return incoming


def _command(fields: Mapping[str, Any]) -> Incoming:
    return Incoming(
        kind="command",
        to=fields["to"],
        mpan=fields.get("mpan") or "",
        name=fields["name"],
        event=None,
        message=fields.get("arguments") or {},
        id=fields["id"],
        run=fields.get("run"),
    )


def state_key(incoming: Incoming) -> str:
    """What the state is kept by: the MPAN, or the party where a message has none."""
    return incoming.mpan or incoming.to
