"""Reading X.509 certificates: what a signature check needs to know of one, worked out once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding

from participant.errors import CertificateUnusable

LEAST_KEY_BITS = 2048
LONGEST_CHAIN = 5


@dataclass(frozen=True, slots=True)
class SigningCertificate:
    """A certificate that can sign DIP messages. ``fingerprint``: SHA-256 of the DER form, hexadecimal.

    ``not_before`` and ``not_after`` are aware UTC instants.
    """

    fingerprint: str
    subject: str
    issuer: str
    not_before: datetime
    not_after: datetime
    pem: str
    key: RSAPublicKey


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of the DER form, lower-case hexadecimal."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def parse_chain(pem: str | bytes) -> list[x509.Certificate]:
    """All certificates of a PEM text, the signer's first. Raises CertificateUnusable when there is none."""
    data = pem.encode() if isinstance(pem, str) else pem
    try:
        return x509.load_pem_x509_certificates(data)
    except ValueError as fault:
        raise CertificateUnusable("this is not the PEM text of an X.509 certificate") from fault


def read_trust_anchors(paths: Sequence[Path]) -> tuple[str, ...]:
    """The PEM texts of authorities kept in these files. Raises CertificateUnusable, naming the file."""
    texts = []
    for path in paths:
        try:
            text = path.read_text("ascii", errors="replace")
            if not all(is_authority(certificate) for certificate in parse_chain(text)):
                raise CertificateUnusable("this is not the certificate of an authority")
        except (OSError, CertificateUnusable) as fault:
            raise CertificateUnusable(f"{path}: {fault}") from fault
        texts.append(text)
    return tuple(texts)


def signing_certificate(certificate: x509.Certificate) -> SigningCertificate:
    """What a signature check needs of ``certificate``.

    Raises CertificateUnusable when its key is not RSA of at least 2048 bits or is not meant for signing.
    """
    try:
        key = certificate.public_key()
        usable = _may_sign(certificate)
    except (ValueError, x509.DuplicateExtension) as fault:
        raise CertificateUnusable(f"the certificate holds something unreadable: {fault}") from fault
    if not isinstance(key, RSAPublicKey):
        raise CertificateUnusable(
            "the certificate's key is not an RSA key; the DIP signs with RSA and SHA-256"
        )
    if key.key_size < LEAST_KEY_BITS:
        raise CertificateUnusable(
            f"the certificate's RSA key has {key.key_size} bits; at least {LEAST_KEY_BITS} are needed"
        )
    if not usable:
        raise CertificateUnusable("the certificate's key usage does not allow digital signatures")
    return SigningCertificate(
        fingerprint=fingerprint(certificate),
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        pem=certificate.public_bytes(Encoding.PEM).decode(),
        key=key,
    )


def chain_to(
    chain: Sequence[x509.Certificate], anchors: Sequence[x509.Certificate]
) -> tuple[x509.Certificate, ...] | None:
    """The path from the first certificate of ``chain`` to one of the ``anchors``, both ends included.

    The others of ``chain`` may serve as intermediate authorities. None when no path exists. An anchor may
    be the signer's own certificate. Validity periods are not looked at.
    """
    path = [chain[0]]
    while len(path) <= LONGEST_CHAIN:
        if path[-1] in anchors:
            return tuple(path)
        issuer = next((c for c in (*anchors, *chain[1:]) if c not in path and _issued(c, path[-1])), None)
        if issuer is None:
            return None
        path.append(issuer)
    return None


def _issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    if issuer.subject != certificate.issuer or not is_authority(issuer):
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def is_authority(certificate: x509.Certificate) -> bool:
    """Whether the certificate may issue others."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False


def _may_sign(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return usage.digital_signature or usage.content_commitment
