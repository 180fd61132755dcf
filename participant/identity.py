"""A participant's own identity: who it is, its API key, its signing certificate and key."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

from participant.certificates import parse_chain
from participant.errors import CertificateUnusable, IdentityUnreadable
from participant.files import write_private, write_public

IDENTITY_FILE, CERTIFICATE_FILE, KEY_FILE, PFX_FILE = (
    "identity.json",
    "signing.crt",
    "signing.key",
    "signing.pfx",
)
_NAMES = {
    "dip_id": "dipId",
    "role": "role",
    "mpid": "mpid",
    "api_key": "apiKey",
    "gateway_url": "gatewayUrl",
}


@dataclass(frozen=True, slots=True)
class Identity:
    """One DIP ID with what it needs to send. ``gateway_url``: without a slash at the end.

    ``certificate_pem``: the signer's certificate first, intermediate ones after it.
    """

    dip_id: str
    role: str
    mpid: str
    api_key: str = field(repr=False)
    gateway_url: str
    certificate_pem: str = field(repr=False)
    private_key: RSAPrivateKey = field(repr=False)

    @classmethod
    def load(cls, directory: Path) -> Identity:
        """Read an identity saved in ``directory``. Raises IdentityUnreadable, naming the file."""
        facts = _facts(directory / IDENTITY_FILE)
        certificate = _read(directory / CERTIFICATE_FILE).decode("utf-8", "replace")
        key = _private_key(directory / KEY_FILE)
        try:
            public = parse_chain(certificate)[0].public_key()
        except (CertificateUnusable, ValueError) as fault:
            raise IdentityUnreadable(f"{directory / CERTIFICATE_FILE}: {fault}") from fault
        if public != key.public_key():
            raise IdentityUnreadable(f"{directory}: {CERTIFICATE_FILE} and {KEY_FILE} do not belong together")
        return cls(**facts, certificate_pem=certificate, private_key=key)

    def save(self, directory: Path, pfx_password: str | None = None) -> None:
        """Write ``identity.json``, ``signing.crt`` and ``signing.key`` (PKCS#8), secrets for the owner only.

        With ``pfx_password`` also ``signing.pfx`` (PKCS#12, AES-256) with certificate and key.
        """
        directory.mkdir(parents=True, exist_ok=True)
        facts = {name: getattr(self, attribute) for attribute, name in _NAMES.items()}
        write_private(directory / KEY_FILE, self.key_pem())
        write_public(directory / CERTIFICATE_FILE, self.certificate_pem.encode())
        if pfx_password is not None:
            write_private(directory / PFX_FILE, self.pfx(pfx_password))
        write_private(directory / IDENTITY_FILE, orjson.dumps(facts, option=orjson.OPT_INDENT_2) + b"\n")

    def key_pem(self) -> bytes:
        """The private key as PKCS#8 PEM, not encrypted."""
        return self.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def pfx(self, password: str) -> bytes:
        """Certificate, intermediate certificates and key as PKCS#12. ``password`` must not be empty."""
        leaf, *others = parse_chain(self.certificate_pem)
        protection = BestAvailableEncryption(password.encode())
        return pkcs12.serialize_key_and_certificates(
            self.dip_id.encode(), self.private_key, leaf, others or None, protection
        )

    def at(self, gateway_url: str) -> Identity:
        """The same identity, speaking to the DIP at another address."""
        return replace(self, gateway_url=gateway_url.rstrip("/"))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise IdentityUnreadable(f"{path}: {fault.strerror}") from fault


def _facts(path: Path) -> dict[str, str]:
    try:
        data = orjson.loads(_read(path))
        facts = {attribute: data[name] for attribute, name in _NAMES.items()}
    except (orjson.JSONDecodeError, KeyError, TypeError) as fault:
        raise IdentityUnreadable(f"{path}: not an identity file ({fault})") from fault
    if not all(isinstance(value, str) for value in facts.values()):
        raise IdentityUnreadable(f"{path}: every value must be a text")
    return facts


def _private_key(path: Path) -> RSAPrivateKey:
    try:
        # The key is our own, and is compared with its certificate below: checking its primes as well would
        # take most of the time that a start takes.
        key = load_pem_private_key(_read(path), password=None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm) as fault:
        raise IdentityUnreadable(f"{path}: not a PEM private key without password") from fault
    if not isinstance(key, RSAPrivateKey):
        raise IdentityUnreadable(f"{path}: not an RSA key")
    return key
