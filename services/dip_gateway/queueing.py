"""Between the log, the table of deliveries and the lanes: one delivery in its three forms. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row

from backbone.log import Record
from backbone.trace import trace_of
from services.dip_gateway.lanes import Item
from services.dip_gateway.status import CHANNEL as STATUS
from services.dip_gateway.status import TOPIC as STATUS_TOPIC

_ITEM_FIELDS = (
    "id",
    "recipient",
    "channel",
    "occurrence",
    "publication",
    "order_key",
    "mpan",
    "sender",
    "event",
    "reference",
    "transaction_id",
    "correlation_id",
    "routing",
    "trace",
    "replay",
    "attempts",
)


def instant(moment: datetime) -> str:
    """As it stands in the table: UTC, so that texts sort like moments."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def channel_of(publication: str) -> str:
    """The channel of a publication: ``IF-031`` for ``PUB-031``; reports keep their name."""
    return f"IF-{publication[4:]}" if publication.startswith("PUB-") else publication


def topic_of(item: Item) -> str:
    """The topic that a delivery came from."""
    return STATUS_TOPIC if item.channel == STATUS else f"dip.pub.{item.publication}"


def row_of(record: Record, created: datetime) -> dict[str, Any]:
    """The table row for a record of ``dip.pub.*`` or ``dip.status``."""
    headers = record.headers
    is_status = record.topic == STATUS_TOPIC
    publication = STATUS if is_status else record.topic.removeprefix("dip.pub.")
    requeue = headers.get("requeue") or None
    return {
        "recipient": headers["recipient"],
        "channel": channel_of(publication),
        "occurrence": headers["id"] if is_status else _occurrence(headers["transaction-id"], requeue),
        "publication": publication,
        "routing": headers.get("routing"),
        "order_key": record.key,
        "mpan": headers.get("mpan") or None,
        "sender": headers.get("sender") or None,
        "event": headers.get("event") or None,
        "reference": headers.get("reference") or None,
        "transaction_id": headers.get("transaction-id") or None,
        "correlation_id": headers.get("correlation-id") or None,
        "schema_version": headers.get("schema-version") or None,
        "trace": trace_of(headers),
        "replay": requeue is not None,
        "requeue": requeue,
        "body": record.value,
        "state": "waiting",
        "attempts": 0,
        "created_at": instant(created),
    }


def _occurrence(transaction_id: str, requeue: str | None) -> str:
    """A message goes out once, and once more for each requeue that asked for it."""
    return f"{transaction_id}/{requeue}" if requeue else transaction_id


def identity(row: Any) -> tuple[str, str, str]:
    """What makes a delivery one and the same."""
    return (row["recipient"], row["channel"], row["occurrence"])


def distinct(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each delivery once, where it came first: done twice after a crash, the order is that of before."""
    first: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in rows:
        first.setdefault(identity(row), row)
    return list(first.values())


def items_added(rows: Sequence[dict[str, Any]], added: Sequence[Row[int, str, str, str]]) -> list[Item]:
    """The items of those rows that were new, in order of the rows."""
    ids = {(row.recipient, row.channel, row.occurrence): row.id for row in added}
    new = [row for row in rows if identity(row) in ids]
    return [_item({**row, "id": ids[identity(row)]}) for row in new]


def item_of(row: Row[Any]) -> Item:
    """A delivery as it stands in the table."""
    item = _item(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented access by name
    item.due = datetime.fromisoformat(row.next_at) if row.next_at else None
    item.held = row.held
    return item


def _item(values: Any) -> Item:
    body = values.get("body")
    size = len(body) if body is not None else values["size"]
    return Item(**{name: values[name] for name in _ITEM_FIELDS}, body=body, size=size)
