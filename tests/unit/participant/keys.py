"""Authorities and identities for the tests, minted at run time and once per process."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from participant.authority import CertificateAuthority
from participant.identity import Identity

NOW = datetime(2026, 3, 21, 12, 0, tzinfo=UTC)
NAMES = {"2300000001": "Supplier A", "2300000002": "Supplier B"}


class FixedClock:
    """A clock that stands still."""

    def __init__(self, now: datetime = NOW) -> None:
        self.time = now

    def now(self, mpan: str | None = None) -> datetime:
        return self.time


@cache
def authority(name: str = "ours") -> CertificateAuthority:
    return CertificateAuthority.open(Path(tempfile.mkdtemp()) / name, FixedClock())


@cache
def key(number: int = 0) -> RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def identity(dip_id: str = "2300000001") -> Identity:
    certificate, private = authority().issue(dip_id, NAMES[dip_id], key(int(dip_id)))
    return Identity(dip_id, "SUP", "SUPA", f"key of {dip_id}", "http://dip.test", certificate, private)
