"""What is known about a market participant that speaks to the DIP. Values only; ``directory`` stores them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from cryptography import x509

from participant.certificates import parse_chain, signing_certificate

ANY_CHANNEL = "*"
STATUS_CHANNEL = "STATUS"


def api_key_hash(api_key: str) -> str:
    """SHA-256 of the API key, hexadecimal. API keys are random and long, so no salt is needed."""
    return hashlib.sha256(api_key.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class CertificateRecord:
    """One signing certificate of a party. ``fingerprint``: SHA-256 of the DER form, hexadecimal."""

    fingerprint: str
    pem: str
    not_after: datetime
    revoked_at: datetime | None = None

    @classmethod
    def of(cls, pem: str) -> CertificateRecord:
        """The record of a PEM text's first certificate. Raises CertificateUnusable."""
        certificate = signing_certificate(parse_chain(pem)[0])
        return cls(certificate.fingerprint, certificate.pem, certificate.not_after)

    @property
    def subject(self) -> str:
        """The certificate's subject, ``CN=2300000001,O=Supplier A``."""
        return x509.load_pem_x509_certificate(self.pem.encode()).subject.rfc4514_string()

    def usable(self, now: datetime) -> bool:
        """Neither expired nor revoked at ``now``."""
        return now <= self.not_after and (self.revoked_at is None or now < self.revoked_at)


@dataclass(frozen=True, slots=True)
class RetiringKey:
    """The hash of an API key that was replaced and is still accepted until the moment given."""

    api_key_hash: str = field(repr=False)
    until: datetime


@dataclass(frozen=True, slots=True)
class Party:
    """A DIP ID with its one role. ``harness``: played by the emulator itself.

    ``api_key_hash``: SHA-256 of the API key, hexadecimal; the key itself is never stored.
    ``connection_provider``: the DIP ID of the DIP connection provider (DCP) that the party nominated.
    """

    dip_id: str
    role: str
    mpid: str
    organisation: str = ""
    harness: bool = False
    api_key_hash: str = field(default="", repr=False)
    certificates: tuple[CertificateRecord, ...] = ()
    connection_provider: str | None = None
    retiring_keys: tuple[RetiringKey, ...] = ()

    def certificate(self, fingerprint: str) -> CertificateRecord | None:
        """The party's certificate with this fingerprint, usable or not."""
        return next((c for c in self.certificates if c.fingerprint == fingerprint), None)

    def accepts_key(self, key_hash: str, now: datetime) -> bool:
        """Whether this is the hash of the party's API key, or of one that may still be used."""
        return key_hash == self.api_key_hash or any(
            key.api_key_hash == key_hash and now < key.until for key in self.retiring_keys
        )


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where a channel's publications go. The two limits are kept as given; the DIP does not use them."""

    url: str
    max_message_count: int | None = None
    max_payload_size: int | None = None


@dataclass(frozen=True, slots=True)
class Organisation:
    """A company with any number of DIP IDs. ``company_number``: as registered at Companies House."""

    name: str
    company_number: str = ""


class Snapshot:
    """All parties and webhooks at one moment, for look-ups without waiting."""

    def __init__(
        self,
        parties: Sequence[Party] = (),
        webhooks: Mapping[tuple[str, str], Webhook] | None = None,
        revision: int = 0,
        organisations: Sequence[Organisation] = (),
    ) -> None:
        self.revision = revision
        self.organisations = MappingProxyType({o.name: o for o in organisations})
        self.parties = tuple(parties)
        self.webhooks = MappingProxyType(dict(webhooks or {}))
        self._by_dip_id = {p.dip_id: p for p in self.parties}
        self._by_key = {key.api_key_hash: p for p in self.parties for key in p.retiring_keys}
        self._by_key |= {p.api_key_hash: p for p in self.parties if p.api_key_hash}
        self._by_mpid = {(p.mpid, p.role): p for p in reversed(self.parties)}
        self._by_fingerprint = {c.fingerprint: p for p in self.parties for c in p.certificates}

    def party(self, dip_id: str) -> Party | None:
        """The party with this DIP ID."""
        return self._by_dip_id.get(dip_id)

    def by_api_key_hash(self, key_hash: str, now: datetime) -> Party | None:
        """The party that may use the API key with this SHA-256 at ``now``."""
        party = self._by_key.get(key_hash)
        return party if party and party.accepts_key(key_hash, now) else None

    def by_mpid(self, mpid: str, role: str) -> Party | None:
        """The party of this market participant in this role; the one added first where there are several."""
        return self._by_mpid.get((mpid, role))

    def by_fingerprint(self, fingerprint: str) -> Party | None:
        """The party that registered this certificate."""
        return self._by_fingerprint.get(fingerprint)

    def organisation(self, party: Party) -> Organisation:
        """The party's organisation; nothing but its name is known where it was never described."""
        return self.organisations.get(party.organisation) or Organisation(party.organisation)

    def holders(self, role: str) -> tuple[Party, ...]:
        """All parties with this DIP role code, in the order they were added."""
        return tuple(p for p in self.parties if p.role == role)

    def webhook(self, dip_id: str, channel: str) -> Webhook | None:
        """The webhook for this channel, else the party's webhook for any channel."""
        return self.webhooks.get((dip_id, channel)) or self.webhooks.get((dip_id, ANY_CHANNEL))
