"""Who may speak to the DIP, with which keys and certificates, and where each is reached.

Kept in SQL, read from a snapshot in memory. A change made by another process is seen at once by a look-up
that finds nothing, and within a second by any other.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from secrets import token_urlsafe
from time import monotonic
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from backbone.clock import Clock, SystemClock
from backbone.database import Database
from participant import directory_store as store
from participant import refusals
from participant.errors import DirectoryConflict, PartyUnknown
from participant.identity import Identity
from participant.parties import (
    ANY_CHANNEL,
    STATUS_CHANNEL,
    CertificateRecord,
    Organisation,
    Party,
    RetiringKey,
    Snapshot,
    Webhook,
    api_key_hash,
)
from participant.signing import Signed

__all__ = [
    "ANY_CHANNEL",
    "STATUS_CHANNEL",
    "CertificateRecord",
    "Directory",
    "Organisation",
    "Party",
    "RetiringKey",
    "Snapshot",
    "Webhook",
]
FRESH_SECONDS = 1.0
Found = TypeVar("Found")


class Directory:
    """The parties of one environment. Open it with ``open``, after the tables were created."""

    def __init__(self, database: Database, clock: Clock, snapshot: Snapshot) -> None:
        self._database = database
        self._clock = clock
        self._snapshot = snapshot
        self._checked = monotonic()

    @classmethod
    async def open(cls, database: Database, clock: Clock | None = None) -> Directory:
        """Read the directory kept in ``database``."""
        async with database.read() as connection:
            return cls(database, clock or SystemClock(), await store.load(connection))

    @property
    def at_hand(self) -> Snapshot | None:
        """Everything, where it is at most a second old; for look-ups that cannot wait."""
        return self._snapshot if monotonic() - self._checked <= FRESH_SECONDS else None

    async def snapshot(self) -> Snapshot:
        """Everything, at most a second old."""
        if self.at_hand is None:
            await self._catch_up()
        return self._snapshot

    async def latest(self, connection: AsyncConnection | None = None) -> Snapshot:
        """Everything, as it is now; read on ``connection`` where one is at hand."""
        await self._catch_up(connection)
        return self._snapshot

    async def party(self, dip_id: str) -> Party | None:
        """The party with this DIP ID."""
        return await self._find(lambda s: s.party(dip_id))

    async def by_api_key(self, key: str) -> Party | None:
        """The party that may use this API key now."""
        key_hash, now, fresh = api_key_hash(key), self._clock.now(), self.at_hand
        party = fresh.by_api_key_hash(key_hash, now) if fresh else None
        return party or await self._find(lambda s: s.by_api_key_hash(key_hash, now))

    async def by_mpid(self, mpid: str, role: str) -> Party | None:
        """The party of this market participant (four letters) in this DIP role."""
        return await self._find(lambda s: s.by_mpid(mpid, role))

    async def by_fingerprint(self, fingerprint: str) -> Party | None:
        """The party that registered the certificate with this fingerprint, usable or not."""
        return await self._find(lambda s: s.by_fingerprint(fingerprint))

    async def holders(self, role: str) -> tuple[Party, ...]:
        """All parties with this DIP role code, in the order they were added."""
        return await self._find(lambda s: s.holders(role) or None) or ()

    async def all(self) -> tuple[Party, ...]:
        """All parties, in the order they were added. Always read anew."""
        return (await self.latest()).parties

    async def webhook(self, dip_id: str, channel: str) -> Webhook | None:
        """The webhook for a channel (``IF-031``, ``STATUS``), else the party's one for any channel."""
        return await self._find(lambda s: s.webhook(dip_id, channel))

    async def check_signer(self, dip_id: str, signed: Signed, now: datetime) -> None:
        """Make sure that ``dip_id``, or the connection provider it nominated, may sign with this certificate.

        Raises SignatureRefused.
        """
        fresh = self.at_hand
        owner = fresh.by_fingerprint(signed.certificate_fingerprint) if fresh else None
        owner = owner or await self.by_fingerprint(signed.certificate_fingerprint)
        if owner is None:
            raise refusals.certificate_unknown(signed.subject, dip_id)
        if owner.dip_id != dip_id and not await self._is_nominated(owner.dip_id, dip_id):
            raise refusals.certificate_of_other_party(signed.subject, dip_id, owner.dip_id)
        record = owner.certificate(signed.certificate_fingerprint)
        if record and record.revoked_at and record.revoked_at <= now:
            raise refusals.revoked(signed.subject, record.revoked_at)

    async def add(self, party: Party) -> None:
        """Add a party, or replace what is known of it (its webhooks stay).

        Raises DirectoryConflict when another party has the same API key or certificate.
        """
        async with self._change() as (connection, snapshot):
            _check_conflicts(snapshot, party)
            await store.save_parties(connection, party)

    async def register(
        self,
        identity: Identity,
        harness: bool = False,
        organisation: str = "",
        connection_provider: str | None = None,
    ) -> Party:
        """Add the party of this identity, with its API key and certificate. What it had before stays valid.

        Raises DirectoryConflict, CertificateUnusable.
        """
        record = CertificateRecord.of(identity.certificate_pem)

        def merged(snapshot: Snapshot) -> Party:
            known = snapshot.party(identity.dip_id) or Party(identity.dip_id, identity.role, identity.mpid)
            registered = known.certificate(record.fingerprint) is not None  # and perhaps revoked
            return replace(
                known,
                role=identity.role,
                mpid=identity.mpid,
                organisation=organisation or known.organisation,
                harness=harness,
                api_key_hash=api_key_hash(identity.api_key),
                certificates=known.certificates if registered else (*known.certificates, record),
                connection_provider=connection_provider or known.connection_provider,
            )

        party = merged(await self.latest())
        if party == self._snapshot.party(identity.dip_id):
            return party
        async with self._change() as (connection, snapshot):
            party = merged(snapshot)
            _check_conflicts(snapshot, party)
            await store.save_parties(connection, party)
        return party

    async def remove(self, dip_id: str) -> None:
        """Remove a party with all that belongs to it. Raises PartyUnknown."""
        async with self._change() as (connection, snapshot):
            _required(snapshot, dip_id)
            await store.delete_party(connection, dip_id)

    async def add_certificate(self, dip_id: str, pem: str) -> CertificateRecord:
        """Register one more signing certificate; the others stay valid, so that a rotation misses nothing.

        Raises PartyUnknown, CertificateUnusable, DirectoryConflict.
        """
        record = CertificateRecord.of(pem)
        async with self._change() as (connection, snapshot):
            party = _required(snapshot, dip_id)
            if party.certificate(record.fingerprint) is None:
                party = replace(party, certificates=(*party.certificates, record))
                _check_conflicts(snapshot, party)
                await store.save_parties(connection, party)
        return record

    async def revoke_certificate(self, fingerprint: str, at: datetime | None = None) -> None:
        """Refuse this certificate from ``at`` (default: now) on. Raises PartyUnknown when nobody has it."""
        moment = at or self._clock.now()
        async with self._change() as (connection, snapshot):
            party = snapshot.by_fingerprint(fingerprint)
            if party is None:
                raise PartyUnknown(f"no party has registered the certificate {fingerprint}")
            certificates = tuple(
                replace(c, revoked_at=moment) if c.fingerprint == fingerprint else c
                for c in party.certificates
            )
            await store.save_parties(connection, replace(party, certificates=certificates))

    async def rotate_api_key(self, dip_id: str, overlap: timedelta = timedelta()) -> str:
        """Mint a new API key and return it; the one before is accepted for ``overlap`` more.

        Raises PartyUnknown.
        """
        key, now = token_urlsafe(32), self._clock.now()
        async with self._change() as (connection, snapshot):
            party = _required(snapshot, dip_id)
            retiring = [k for k in party.retiring_keys if k.until > now]
            if overlap and party.api_key_hash:
                retiring.append(RetiringKey(party.api_key_hash, now + overlap))
            changed = replace(party, api_key_hash=api_key_hash(key), retiring_keys=tuple(retiring))
            await store.save_parties(connection, changed)
        return key

    async def nominate(self, dip_id: str, connection_provider: str | None) -> None:
        """Nominate a DIP connection provider by its DIP ID, or none. Raises PartyUnknown."""
        async with self._change() as (connection, snapshot):
            party = _required(snapshot, dip_id)
            await store.save_parties(connection, replace(party, connection_provider=connection_provider))

    async def describe(self, organisation: Organisation) -> None:
        """Keep what is known of an organisation besides its name."""
        async with self._change() as (connection, _):
            await store.save_organisation(connection, organisation)

    async def import_all(
        self,
        parties: Sequence[Party],
        webhooks: Mapping[tuple[str, str], Webhook],
        organisations: Sequence[Organisation] = (),
    ) -> None:
        """Add or replace all of these, or none. Raises DirectoryConflict."""
        async with self._change() as (connection, snapshot):
            after = {party.dip_id: party for party in (*snapshot.parties, *parties)}
            whole = Snapshot(tuple(after.values()))
            for party in parties:
                _check_conflicts(whole, party)
            await store.save_parties(connection, *parties)
            for (dip_id, channel), webhook in webhooks.items():
                await store.save_webhook(connection, dip_id, channel, webhook)
            for organisation in organisations:
                await store.save_organisation(connection, organisation)

    async def set_webhook(self, dip_id: str, channel: str, webhook: Webhook) -> None:
        """Set where a channel's publications go: ``IF-031``, ``STATUS`` or ``*`` (every channel)."""
        if self._snapshot.webhooks.get((dip_id, channel)) == webhook:
            await self._catch_up()
            if self._snapshot.webhooks.get((dip_id, channel)) == webhook:
                return
        async with self._change() as (connection, _):
            await store.save_webhook(connection, dip_id, channel, webhook)

    async def remove_webhook(self, dip_id: str, channel: str) -> bool:
        """Remove the webhook of exactly this channel; whether there was one."""
        async with self._change() as (connection, _):
            return await store.delete_webhook(connection, dip_id, channel)

    async def _is_nominated(self, provider: str, dip_id: str) -> bool:
        party = await self.party(dip_id)
        return party is not None and party.connection_provider == provider

    async def _find(self, look_up: Callable[[Snapshot], Found | None]) -> Found | None:
        snapshot = await self.snapshot()
        found = look_up(snapshot)
        if found is None:
            await self._catch_up()
            if self._snapshot is not snapshot:  # by us, or by another look-up meanwhile
                found = look_up(self._snapshot)
        return found

    async def _catch_up(self, connection: AsyncConnection | None = None) -> bool:
        """Read what changed since; whether anything did."""
        self._checked = monotonic()
        if connection is None:
            async with self._database.read() as own:
                return await self._catch_up(own)
        if await store.revision(connection) == self._snapshot.revision:
            return False
        self._adopt(await store.load(connection))
        return True

    def _adopt(self, snapshot: Snapshot) -> None:
        """Keep the newer one: a reading that took long must not undo what was changed meanwhile."""
        if snapshot.revision > self._snapshot.revision:
            self._snapshot = snapshot

    @asynccontextmanager
    async def _change(self) -> AsyncIterator[tuple[AsyncConnection, Snapshot]]:
        """A transaction on the directory as it is now; the change is seen here when the block ends."""
        async with self._database.begin(lock="directory") as connection:
            await store.next_revision(connection)
            yield connection, await store.load(connection)
            changed = await store.load(connection)
        self._adopt(changed)


def _required(snapshot: Snapshot, dip_id: str) -> Party:
    party = snapshot.party(dip_id)
    if party is None:
        raise PartyUnknown(f"the directory holds no party with the DIP ID {dip_id}")
    return party


def _check_conflicts(snapshot: Snapshot, party: Party) -> None:
    others = [other for other in snapshot.parties if other.dip_id != party.dip_id]
    key_hashes = {party.api_key_hash, *(key.api_key_hash for key in party.retiring_keys)} - {""}
    for other in others:
        if key_hashes & {other.api_key_hash, *(key.api_key_hash for key in other.retiring_keys)}:
            raise DirectoryConflict(f"{other.dip_id} has the same API key as {party.dip_id}")
        for record in party.certificates:
            if other.certificate(record.fingerprint):
                raise DirectoryConflict(f"{other.dip_id} has registered the certificate {record.fingerprint}")
