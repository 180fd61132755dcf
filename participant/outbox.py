"""What a service keeps: its state per MPAN, what it has handled, and what it still has to send."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal, TypeVar

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    delete,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from backbone.database import metadata
from backbone.upsert import insert_replacing

OutgoingKind = Literal["dip", "trial", "css", "note"]
Value = TypeVar("Value")
_CHUNK = 500  # values in one IN list; SQLite takes 32,766

state_table = Table(
    "participant_state",
    metadata,
    Column("service", String(64), primary_key=True),
    Column("key", String(128), primary_key=True),  # MPAN, or DIP ID where there is none
    Column("state", LargeBinary, nullable=False),  # JSON
)
handled_table = Table(
    "participant_handled",
    metadata,
    Column("service", String(64), primary_key=True),
    Column("id", String(256), primary_key=True),
)
outbox_table = Table(
    "participant_outbox",
    metadata,
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
    Column("service", String(64), nullable=False),
    Column("key", String(128), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("sender", String(10), nullable=False),
    Column("target", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("mpan", String(13)),
    Column("run", String(128)),
    Column("held", Integer),  # the step of a run that holds it back; NULL: it may be sent
    Index("ix_participant_outbox_service_id", "service", "id"),
    sqlite_autoincrement=True,  # numbers are never used again: the sender goes by them
)


@dataclass(frozen=True, slots=True)
class ToSend:
    """One thing to send. ``key``: what keeps its order with others.

    ``kind``: a trial is a dip message that the DIP may refuse. ``target``: the channel ``IF-031`` (dip,
    trial), ``CSS``, ``REGS`` or a URL (css), empty (note). ``payload``: exactly the bytes to send; a retry
    sends the same. ``held``: the step of a run in stepwise mode that holds it back.
    """

    key: str
    kind: OutgoingKind
    sender: str
    target: str
    payload: bytes
    mpan: str | None = None
    run: str | None = None
    held: int | None = None


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A thing to send with its number; numbers grow."""

    id: int
    what: ToSend


async def handled(connection: AsyncConnection, service: str, ids: Collection[str]) -> set[str]:
    """Those of ``ids`` that the service has handled."""
    found: set[str] = set()
    for chunk in _chunks(list(ids)):
        where = (handled_table.c.service == service) & handled_table.c.id.in_(chunk)
        found |= set(await connection.scalars(select(handled_table.c.id).where(where)))
    return found


async def states(connection: AsyncConnection, service: str, keys: Collection[str]) -> dict[str, bytes]:
    """The saved states by key."""
    found: dict[str, bytes] = {}
    for chunk in _chunks(list(keys)):
        where = (state_table.c.service == service) & state_table.c.key.in_(chunk)
        query = select(state_table.c.key, state_table.c.state).where(where)
        found |= {row.key: row.state for row in await connection.execute(query)}
    return found


async def save(
    connection: AsyncConnection,
    service: str,
    *,
    changed: Mapping[str, bytes],
    ids: Sequence[str],
    to_send: Sequence[ToSend],
) -> Sequence[OutboxRow]:
    """Save states, handled ids and what is to be sent, in this transaction.

    Returned, with their numbers, are the things that may be sent now.
    """
    if changed:
        await _save_states(connection, service, changed)
    if ids:
        await connection.execute(handled_table.insert(), [{"service": service, "id": i} for i in ids])
    if not to_send:
        return ()
    rows = [{"service": service, **asdict(thing)} for thing in to_send]
    numbered = outbox_table.insert().returning(outbox_table.c.id, sort_by_parameter_order=True)
    numbers = await connection.scalars(numbered, rows)
    numbered_things = zip(numbers, to_send, strict=True)
    return [OutboxRow(number, thing) for number, thing in numbered_things if thing.held is None]


async def pending(
    connection: AsyncConnection, service: str, after: int, limit: int = 1000
) -> list[OutboxRow]:
    """What may be sent with a number above ``after``, in order."""
    return await _rows(connection, service, outbox_table.c.id > after, limit)


async def pending_for(connection: AsyncConnection, service: str, mpans: Collection[str]) -> list[OutboxRow]:
    """What may be sent about these MPANs, in order."""
    return await _rows(connection, service, outbox_table.c.mpan.in_(mpans)) if mpans else []


async def _rows(
    connection: AsyncConnection, service: str, which: ColumnElement[bool], limit: int = 1000
) -> list[OutboxRow]:
    where = (outbox_table.c.service == service) & outbox_table.c.held.is_(None) & which
    rows = await connection.execute(
        select(outbox_table).where(where).order_by(outbox_table.c.id).limit(limit)
    )
    return [
        OutboxRow(row.id, ToSend(row.key, row.kind, row.sender, row.target, row.payload, row.mpan, row.run))
        for row in rows
    ]


async def on_their_way(connection: AsyncConnection, service: str, keys: Collection[str]) -> set[str]:
    """Those of ``keys`` about which a service other than this one still has messages to send.

    What is held for a tester is not on its way.
    """
    columns = outbox_table.c
    others = (columns.service != service) & (columns.kind != "note") & columns.held.is_(None)
    where = others & columns.key.in_(keys)
    return set(await connection.scalars(select(columns.key).where(where).distinct()))


async def remove(connection: AsyncConnection, ids: Sequence[int]) -> None:
    """Forget what was sent."""
    for chunk in _chunks(ids):
        await connection.execute(delete(outbox_table).where(outbox_table.c.id.in_(chunk)))


async def state(connection: AsyncConnection, service: str, key: str) -> bytes | None:
    """The saved state (JSON) of one MPAN."""
    where = (state_table.c.service == service) & (state_table.c.key == key)
    found: bytes | None = await connection.scalar(select(state_table.c.state).where(where))
    return found


async def _save_states(connection: AsyncConnection, service: str, changed: Mapping[str, bytes]) -> None:
    rows = [{"service": service, "key": key, "state": value} for key, value in sorted(changed.items())]
    await connection.execute(insert_replacing(connection, state_table), rows)


def _chunks(values: Sequence[Value]) -> list[Sequence[Value]]:
    return [values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK)]
