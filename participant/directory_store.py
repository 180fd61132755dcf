"""The directory's tables and queries. Instants are kept as UTC text, which sorts and compares as time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Integer,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from backbone.database import metadata
from participant.parties import CertificateRecord, Organisation, Party, RetiringKey, Snapshot, Webhook

party_table = Table(
    "directory_party",
    metadata,
    Column("number", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=True),
    Column("dip_id", String(10), nullable=False, unique=True),
    Column("role", String(8), nullable=False),
    Column("mpid", String(4), nullable=False),
    Column("organisation", Text, nullable=False),
    Column("harness", Boolean, nullable=False),
    Column("connection_provider", String(10)),
)
api_key_table = Table(
    "directory_api_key",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("dip_id", String(10), nullable=False, index=True),
    Column("until", String(32)),  # empty: the key in force
)
certificate_table = Table(
    "directory_certificate",
    metadata,
    Column("fingerprint", String(64), primary_key=True),
    Column("dip_id", String(10), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("pem", Text, nullable=False),
    Column("not_after", String(32), nullable=False),
    Column("revoked_at", String(32)),
)
organisation_table = Table(
    "directory_organisation",
    metadata,
    Column("name", String(256), primary_key=True),
    Column("company_number", String(32), nullable=False),
)
webhook_table = Table(
    "directory_webhook",
    metadata,
    Column("dip_id", String(10), primary_key=True),
    Column("channel", String(16), primary_key=True),
    Column("url", Text, nullable=False),
    Column("max_message_count", Integer),
    Column("max_payload_size", Integer),
)
revision_table = Table(
    "directory_revision",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("revision", Integer, nullable=False),
)


async def revision(connection: AsyncConnection) -> int:
    """A number that grows with each change of the directory, whoever makes it."""
    return int(await connection.scalar(select(revision_table.c.revision)) or 0)


async def next_revision(connection: AsyncConnection) -> None:
    """Count a change."""
    grown = await connection.execute(update(revision_table).values(revision=revision_table.c.revision + 1))
    if not grown.rowcount:
        await connection.execute(insert(revision_table).values(one=1, revision=1))


async def load(connection: AsyncConnection) -> Snapshot:
    """Everything there is."""
    number = await revision(connection)
    keys, certificates = await _keys(connection), await _certificates(connection)
    rows = await connection.execute(select(party_table).order_by(party_table.c.number))
    parties = [_party(row, keys[row.dip_id], certificates[row.dip_id]) for row in rows]
    hooks = await connection.execute(select(webhook_table))
    webhooks = {
        (row.dip_id, row.channel): Webhook(row.url, row.max_message_count, row.max_payload_size)
        for row in hooks
    }
    described = await connection.execute(select(organisation_table).order_by(organisation_table.c.name))
    organisations = [Organisation(row.name, row.company_number) for row in described]
    return Snapshot(parties, webhooks, number, organisations)


async def save_parties(connection: AsyncConnection, *parties: Party) -> None:
    """Insert the parties, or replace all that is known of them but their webhooks."""
    for party in parties:
        await _save_party(connection, party)
    mine = [party.dip_id for party in parties]
    for table in (api_key_table, certificate_table):  # all of them first: parties may exchange what they have
        await connection.execute(delete(table).where(table.c.dip_id.in_(mine)))
    await _insert(connection, api_key_table, [row for party in parties for row in _key_rows(party)])
    await _insert(connection, certificate_table, [row for p in parties for row in _certificate_rows(p)])


async def _save_party(connection: AsyncConnection, party: Party) -> None:
    values = {
        "role": party.role,
        "mpid": party.mpid,
        "organisation": party.organisation,
        "harness": party.harness,
        "connection_provider": party.connection_provider,
    }
    mine = party_table.c.dip_id == party.dip_id
    changed = await connection.execute(update(party_table).where(mine).values(values))
    if not changed.rowcount:
        await connection.execute(insert(party_table).values(dip_id=party.dip_id, **values))


async def delete_party(connection: AsyncConnection, dip_id: str) -> None:
    """Remove the party with its keys, certificates and webhooks."""
    for table in (party_table, api_key_table, certificate_table, webhook_table):
        await connection.execute(delete(table).where(table.c.dip_id == dip_id))


async def save_webhook(connection: AsyncConnection, dip_id: str, channel: str, webhook: Webhook) -> None:
    """Set the webhook of this channel."""
    await delete_webhook(connection, dip_id, channel)
    await connection.execute(
        insert(webhook_table).values(
            dip_id=dip_id,
            channel=channel,
            url=webhook.url,
            max_message_count=webhook.max_message_count,
            max_payload_size=webhook.max_payload_size,
        )
    )


async def save_organisation(connection: AsyncConnection, organisation: Organisation) -> None:
    """Describe an organisation."""
    named = organisation_table.c.name == organisation.name
    await connection.execute(delete(organisation_table).where(named))
    await connection.execute(
        insert(organisation_table).values(name=organisation.name, company_number=organisation.company_number)
    )


async def delete_webhook(connection: AsyncConnection, dip_id: str, channel: str) -> bool:
    """Remove the webhook of this channel; whether there was one."""
    where = (webhook_table.c.dip_id == dip_id) & (webhook_table.c.channel == channel)
    return bool((await connection.execute(delete(webhook_table).where(where))).rowcount)


async def _insert(connection: AsyncConnection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await connection.execute(insert(table), rows)


async def _keys(connection: AsyncConnection) -> defaultdict[str, list[tuple[str, datetime | None]]]:
    keys: defaultdict[str, list[tuple[str, datetime | None]]] = defaultdict(list)
    for row in await connection.execute(select(api_key_table).order_by(api_key_table.c.until)):
        keys[row.dip_id].append((row.hash, _moment(row.until)))
    return keys


async def _certificates(connection: AsyncConnection) -> defaultdict[str, list[CertificateRecord]]:
    certificates: defaultdict[str, list[CertificateRecord]] = defaultdict(list)
    for row in await connection.execute(select(certificate_table).order_by(certificate_table.c.number)):
        record = CertificateRecord(
            row.fingerprint, row.pem, datetime.fromisoformat(row.not_after), _moment(row.revoked_at)
        )
        certificates[row.dip_id].append(record)
    return certificates


def _party(
    row: Any, keys: Sequence[tuple[str, datetime | None]], certificates: Sequence[CertificateRecord]
) -> Party:
    return Party(
        dip_id=row.dip_id,
        role=row.role,
        mpid=row.mpid,
        organisation=row.organisation,
        harness=row.harness,
        api_key_hash=next((key for key, until in keys if until is None), ""),
        certificates=tuple(certificates),
        connection_provider=row.connection_provider,
        retiring_keys=tuple(RetiringKey(key, until) for key, until in keys if until is not None),
    )


def _key_rows(party: Party) -> list[dict[str, Any]]:
    rows = [
        {"hash": key.api_key_hash, "dip_id": party.dip_id, "until": _text(key.until)}
        for key in party.retiring_keys
    ]
    if party.api_key_hash:
        rows.append({"hash": party.api_key_hash, "dip_id": party.dip_id, "until": None})
    return rows


def _certificate_rows(party: Party) -> list[dict[str, Any]]:
    return [
        {
            "fingerprint": record.fingerprint,
            "dip_id": party.dip_id,
            "number": number,
            "pem": record.pem,
            "not_after": _text(record.not_after),
            "revoked_at": _text(record.revoked_at),
        }
        for number, record in enumerate(party.certificates)
    ]


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="microseconds")


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
