"""Tables and queries of the gateway: used references, deliveries, who holds which role for an MPAN."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

import orjson
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Float,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    literal,
    null,
    select,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from backbone.database import metadata
from backbone.upsert import insert_all_ignoring, insert_ignoring, insert_where

_IDENTIFIER = BigInteger().with_variant(Integer, "sqlite")

reference_table = Table(
    "gateway_reference",
    metadata,
    Column("digest", BigInteger, primary_key=True, autoincrement=False),
    Column("until", Float),  # epoch seconds: claimed until then; None: used, for good
)

delivery_table = Table(
    "gateway_delivery",
    metadata,
    Column("id", _IDENTIFIER, primary_key=True, autoincrement=True),
    Column("recipient", String(10), nullable=False),
    Column("channel", String(20), nullable=False),  # IF-031, or STATUS
    Column("occurrence", String(150), nullable=False),  # transaction ID; with the requeue's ID when repeated
    Column("publication", String(20), nullable=False),  # PUB-031, or STATUS
    Column("routing", String(10)),
    Column("order_key", String(60), nullable=False),  # MPAN where there is one, else the sender
    Column("mpan", String(20)),
    Column("sender", String(20)),
    Column("event", String(60)),
    Column("reference", String(250)),
    Column("transaction_id", String(80)),
    Column("correlation_id", String(80)),
    Column("schema_version", String(20)),
    Column("replay", Boolean, nullable=False, default=False),
    Column("trace", String(32)),  # W3C trace ID
    Column("requeue", String(80)),  # ID of the requeue that sends it again
    Column("body", LargeBinary, nullable=False),
    Column("state", String(10), nullable=False),  # waiting, delivered, abandoned
    Column("attempts", Integer, nullable=False, default=0),
    Column("next_at", String(40)),  # ISO instant, UTC; None: at once
    Column("status", Integer),
    Column("answer", Text),
    Column("created_at", String(40), nullable=False),
    Column("finished_at", String(40)),
    Column("held", Integer),  # the step of a run that holds it back; NULL: it may go
    UniqueConstraint("recipient", "channel", "occurrence"),
    Index(None, "state", "id"),
    Index(None, "recipient", "channel", "created_at"),
)

holding_table = Table(
    "gateway_holding",
    metadata,
    Column("mpan", String(20), primary_key=True),
    Column("family", String(10), primary_key=True),
    Column("begins", String(40), primary_key=True),
    Column("role", String(10), nullable=False),
    Column("dip_id", String(20), nullable=False),
    Column("ends", String(40)),
)

company_table = Table(
    "gateway_company",
    metadata,
    Column("company", String(10), primary_key=True),
    Column("mpid", String(4), primary_key=True),
    Column("market_role", String(1), primary_key=True),
    Column("dip_role", String(5)),
    Column("since", String(25), nullable=False),
)

fault_table = Table(
    "gateway_fault",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("revision", BigInteger, nullable=False),  # another one whenever the rule is put in anew
    Column("remaining", Integer),  # how often it may still strike; None: no limit
    Column("rule", Text, nullable=False),  # JSON
)

ENTERING = "gateway deliveries"  # the lock of whoever enters new ones


async def load_references(connection: AsyncConnection) -> set[int]:
    """All digests of references used for good."""
    columns = reference_table.c
    rows = await connection.execute(select(columns.digest).where(columns.until.is_(None)))
    return set(rows.scalars())


async def save_references(connection: AsyncConnection, digests: Sequence[int]) -> None:
    """Used for good, claimed or not. Sorted, so that two writers never wait for each other."""
    if not digests:
        return
    claimed = reference_table.c.until.is_not(None)
    query = insert_where(connection, reference_table, claimed, ["until"])
    each = _each(connection, sorted(set(digests)))
    await connection.execute(query.from_select(["digest", "until"], select(each, null()).where(true())))


def _each(connection: AsyncConnection, digests: Sequence[int]) -> ColumnElement[int]:
    """All of these as rows of one parameter, so that the statement is the same however many there are."""
    if connection.dialect.name == "postgresql":
        return func.unnest(literal(digests, ARRAY(BigInteger)))
    return func.json_each(orjson.dumps(digests).decode()).table_valued("value").c.value


async def claim_references(
    connection: AsyncConnection, digests: Collection[int], now: float, until: float
) -> set[int]:
    """Claim what is neither used nor claimed at ``now``; what could be claimed. Both in epoch seconds."""
    lapsed = reference_table.c.until.is_not(None) & (reference_table.c.until < now)
    query = insert_where(connection, reference_table, lapsed, ["until"])
    each = _each(connection, sorted(set(digests)))  # sorted, so that two gateways never wait for each other
    query = query.from_select(["digest", "until"], select(each, literal(until, Float)).where(true()))
    return set((await connection.execute(query.returning(reference_table.c.digest))).scalars())


async def used_references(connection: AsyncConnection, digests: Collection[int]) -> frozenset[int]:
    """Those of the digests that are used for good, not just claimed."""
    if not digests:
        return frozenset()
    columns = reference_table.c
    query = select(columns.digest).where(columns.digest.in_(digests), columns.until.is_(None))
    return frozenset((await connection.execute(query)).scalars())


async def release_references(connection: AsyncConnection, digests: Collection[int], until: float) -> None:
    """Give back the claims made with this ``until``; what is used by now, or claimed anew, stays."""
    if not digests:
        return
    columns = reference_table.c
    ours = columns.digest.in_(list(digests)) & (columns.until == until)
    await connection.execute(delete(reference_table).where(ours))


def add_deliveries(
    connection: Connection, rows: Sequence[Mapping[str, Any]]
) -> list[Row[int, str, str, str]]:
    """Insert those not there yet; (id, recipient, channel, occurrence) of each new one.

    For one writer at a time, which has taken ``ENTERING``: what is above the highest ID of before is new.
    """
    before = int(connection.scalar(_HIGHEST) or 0)
    values = [[row.get(name) for name in _ENTERED] for row in rows]
    insert_all_ignoring(connection, delivery_table, _ENTERED, values)
    return list(connection.execute(_ADDED, {"before": before}).all())


_ENTERED: Final = tuple(
    column.name
    for column in delivery_table.columns
    if column.name not in ("id", "next_at", "status", "answer", "finished_at", "held")
)
_HIGHEST: Final = select(func.max(delivery_table.c.id))
_ADDED: Final = select(
    delivery_table.c.id, delivery_table.c.recipient, delivery_table.c.channel, delivery_table.c.occurrence
).where(delivery_table.c.id > bindparam("before"))


async def waiting_deliveries(connection: AsyncConnection) -> list[Row[Any]]:
    """Every delivery that is not finished, oldest first; the ``size`` of its body in place of the body."""
    columns: list[Any] = [column for column in delivery_table.c if column.name != "body"]
    columns.append(func.length(delivery_table.c.body).label("size"))
    query = select(*columns).where(delivery_table.c.state == "waiting").order_by(delivery_table.c.id)
    rows: list[Any] = list((await connection.execute(query)).all())
    return rows


async def load_bodies(connection: AsyncConnection, ids: Sequence[int]) -> dict[int, bytes]:
    """The bodies of these deliveries, by ID."""
    columns = delivery_table.c
    rows = await connection.execute(select(columns.id, columns.body).where(columns.id.in_(ids)))
    return {row.id: row.body for row in rows}


def finish_deliveries(connection: Connection, results: Sequence[Mapping[str, Any]]) -> None:
    """Write what attempts led to: ``key`` (the id), state, attempts, next_at, status, answer, finished_at.

    What was sent in one POST mostly led to the same, and is written in one statement.
    """
    alike: defaultdict[tuple[Any, ...], list[int]] = defaultdict(list)
    for result in results:
        alike[_OUTCOME_OF(result)].append(result["key"])
    for outcome, keys in alike.items():
        connection.execute(_FINISH, {**dict(zip(_OUTCOME, outcome, strict=True)), "keys": keys})


_OUTCOME: Final = ("state", "attempts", "next_at", "status", "answer", "finished_at")
_OUTCOME_OF: Final = itemgetter(*_OUTCOME)
_FINISH: Final = (
    update(delivery_table)
    .where(delivery_table.c.id.in_(bindparam("keys", expanding=True)))
    .values({name: bindparam(name) for name in _OUTCOME})
)


async def find_deliveries(
    connection: AsyncConnection, conditions: Sequence[ColumnElement[bool]], limit: int | None = None
) -> Sequence[Row[Any]]:
    """Deliveries that fit all conditions, oldest first."""
    query = select(delivery_table).where(*conditions).order_by(delivery_table.c.id).limit(limit)
    return (await connection.execute(query)).all()


async def count_deliveries(connection: AsyncConnection, conditions: Sequence[ColumnElement[bool]]) -> int:
    query = select(func.count()).select_from(delivery_table).where(*conditions)
    return int(await connection.scalar(query) or 0)


async def load_holdings(connection: AsyncConnection, mpans: Iterable[str]) -> Sequence[Row[Any]]:
    """What is held for these MPANs."""
    query = select(holding_table).where(holding_table.c.mpan.in_(list(mpans)))
    return (await connection.execute(query)).all()


async def replace_holdings(
    connection: AsyncConnection, mpans: Sequence[str], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Put ``rows`` in the place of everything held for these MPANs."""
    await connection.execute(delete(holding_table).where(holding_table.c.mpan.in_(mpans)))
    if rows:
        await connection.execute(holding_table.insert(), list(rows))


async def load_companies(connection: AsyncConnection, company: str | None) -> Sequence[Row[Any]]:
    """What is known of one company, or of all, by company number."""
    query = select(company_table).order_by(company_table.c.company, company_table.c.mpid)
    if company is not None:
        query = query.where(company_table.c.company == company)
    return (await connection.execute(query)).all()


async def save_company(connection: AsyncConnection, row: Mapping[str, Any]) -> None:
    """Note a company's MPID and market role, if it is new."""
    await connection.execute(insert_ignoring(connection, company_table), [row])
