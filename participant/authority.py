"""The local certificate authority: issues the certificates of an environment of one's own."""

from __future__ import annotations

import ipaddress
import shutil
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from backbone.clock import Clock, SystemClock
from participant.certificates import parse_chain
from participant.errors import AuthorityUnreadable, CertificateUnusable
from participant.files import write_private, write_public

CERTIFICATE_FILE, KEY_FILE = "ca.crt", "ca.key"
AUTHORITY_DAYS = 3650
CERTIFICATE_DAYS = 825
TLS_BOTH_ENDS = (ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH)
BACKDATED = timedelta(hours=1)  # so that a partner's clock that is slow does not refuse a new certificate


class CertificateAuthority:
    """An EC P-256 authority that issues RSA 2048 signing and TLS certificates."""

    def __init__(self, certificate: x509.Certificate, key: EllipticCurvePrivateKey, clock: Clock) -> None:
        self._certificate = certificate
        self._key = key
        self._clock = clock
        self.certificate_pem = certificate.public_bytes(Encoding.PEM).decode()

    @classmethod
    def open(cls, directory: Path, clock: Clock | None = None) -> CertificateAuthority:
        """Load the authority kept in ``directory``, making it once when there is none.

        Safe when several processes do it at once: all get the same authority. The key file has mode 0600.
        Raises AuthorityUnreadable.
        """
        clock = clock or SystemClock()
        if not (directory / KEY_FILE).exists():
            _make(directory, clock.now())
        try:
            certificate = parse_chain((directory / CERTIFICATE_FILE).read_bytes())[0]
            key = load_pem_private_key((directory / KEY_FILE).read_bytes(), password=None)
        except (OSError, CertificateUnusable, ValueError, TypeError, UnsupportedAlgorithm) as fault:
            raise AuthorityUnreadable(f"{directory}: {fault}") from fault
        if not isinstance(key, EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise AuthorityUnreadable(
                f"{directory}: {CERTIFICATE_FILE} and {KEY_FILE} do not belong together"
            )
        return cls(certificate, key, clock)

    def issue(
        self,
        common_name: str,
        organisation: str = "",
        key: RSAPrivateKey | None = None,
        days: int = CERTIFICATE_DAYS,
        hosts: Sequence[str] = (),
        not_before: datetime | None = None,
        purposes: Sequence[x509.ObjectIdentifier] = TLS_BOTH_ENDS,
    ) -> tuple[str, RSAPrivateKey]:
        """Issue a certificate (PEM) for ``key``, a new RSA 2048 key where none is given.

        It can sign messages and be used for its ``purposes`` (extended key usages), TLS on both ends if
        nothing else is said; ``hosts`` (names or addresses) are those it may serve. It is valid for
        ``days`` from ``not_before``, by default an hour ago.
        """
        key = key or rsa.generate_private_key(public_exponent=65537, key_size=2048)
        start = not_before or self._clock.now() - BACKDATED
        builder = (
            _builder(_name(common_name, organisation), self._certificate.subject, start, days)
            .public_key(key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
        )
        if hosts:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_host(h) for h in hosts]), critical=False
            )
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM).decode(), key


def _make(directory: Path, now: datetime) -> None:
    """Make a new authority aside and move it into place whole; when another process was first, its stays."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    aside = Path(tempfile.mkdtemp(prefix=".authority-", dir=directory.parent))
    try:
        pem = _authority_certificate(key, now).public_bytes(Encoding.PEM)
        write_public(aside / CERTIFICATE_FILE, pem)
        write_private(aside / KEY_FILE, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        aside.rename(directory)
    except OSError as fault:
        if not (directory / KEY_FILE).exists():
            raise AuthorityUnreadable(f"{directory}: cannot be made ({fault.strerror})") from fault
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _authority_certificate(key: EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    number = x509.random_serial_number()
    name = _name(f"DIP Emulator local authority {number % 0xFFFFFF:06x}", "DIP Emulator")
    return (
        _builder(name, name, now - BACKDATED, AUTHORITY_DAYS)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _builder(subject: x509.Name, issuer: x509.Name, start: datetime, days: int) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
    )


def _name(common_name: str, organisation: str) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organisation:
        parts.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    return x509.Name(parts)


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=not signs_certificates,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
