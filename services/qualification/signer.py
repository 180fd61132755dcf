"""The signature of evidence: the key of this environment, and the check of anybody's signature.

The environment's own authority issues one certificate that is for documents alone (RFC 9336), so that no
participant can sign evidence with the certificate that the same authority gave it. Key and certificate
live in one file of the data directory, readable by its owner alone. A certificate of one's own takes their
place with DIPEMU_EVIDENCE_CERTIFICATE and DIPEMU_EVIDENCE_KEY.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from backbone.errors import SettingsInvalid
from backbone.settings import Settings
from participant.authority import CertificateAuthority
from participant.certificates import LEAST_KEY_BITS, chain_to, fingerprint, parse_chain
from participant.errors import CertificateUnusable
from participant.files import write_private
from services.qualification.errors import EvidenceUnsigned

SIGNER_FILE = "evidence-signer.pem"
DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # id-kp-documentSigning
_FOR_DOCUMENTS = {
    DOCUMENT_SIGNING,
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    ExtendedKeyUsageOID.CODE_SIGNING,
    ExtendedKeyUsageOID.EMAIL_PROTECTION,
}
_SHA256 = hashes.SHA256()
_ONE_AT_A_TIME = Lock()  # evidence is made in threads; the first of them mints
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Signer:
    """Who signs evidence. ``certificates``: the signer's first, intermediate ones after it."""

    certificates: tuple[x509.Certificate, ...]
    key: Key = field(repr=False)

    @property
    def pem(self) -> bytes:
        return pem_of(self.certificates)

    def sign(self, content: bytes) -> bytes:
        """RSA PKCS#1 v1.5 or ECDSA (DER), with SHA-256: what ``openssl dgst -sha256 -verify`` checks."""
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(content, padding.PKCS1v15(), _SHA256)
        return self.key.sign(content, ec.ECDSA(_SHA256))


def pem_of(certificates: Sequence[x509.Certificate]) -> bytes:
    """The one PEM form of certificates."""
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)


def open_signer(settings: Settings, authority: CertificateAuthority, now: datetime) -> Signer:
    """The signer of this environment, minted when there is none that is valid now.

    Raises SettingsInvalid for a certificate or key of one's own that cannot be used, EvidenceUnsigned when
    the data directory does not let us keep ours.
    """
    own = own_signer(settings)
    if own is not None:
        return own
    path = settings.data / SIGNER_FILE
    anchors = parse_chain(authority.certificate_pem)
    with _ONE_AT_A_TIME:
        kept = _kept(path)
        if kept and _valid(kept.certificates[0], now) and chain_to(kept.certificates, anchors):
            return kept
        return _mint(path, authority, settings.environment_tag)


def own_signer(settings: Settings) -> Signer | None:
    """The signer that the settings name; None where they name none. Raises SettingsInvalid."""
    certificate, key = settings.evidence_certificate, settings.evidence_key
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise SettingsInvalid("DIPEMU_EVIDENCE_CERTIFICATE and DIPEMU_EVIDENCE_KEY belong together: set both")
    try:
        signer = _signer(certificate.read_bytes(), key.read_bytes())
    except OSError as fault:
        raise SettingsInvalid(f"DIPEMU_EVIDENCE_…: {fault.filename}: {fault.strerror}") from fault
    except CertificateUnusable as fault:
        raise SettingsInvalid(f"DIPEMU_EVIDENCE_…: {certificate}, {key}: {fault}") from fault
    return signer


def _signer(certificate: bytes, key: bytes) -> Signer:
    """Raises CertificateUnusable."""
    chain = parse_chain(certificate)
    try:
        private = load_pem_private_key(key, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as fault:
        raise CertificateUnusable("the key is no PEM private key without password") from fault
    if not isinstance(private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise CertificateUnusable("the key is neither RSA nor an elliptic curve key")
    if private.public_key() != chain[0].public_key():
        raise CertificateUnusable("key and certificate do not belong together")
    if isinstance(private, rsa.RSAPrivateKey) and private.key_size < LEAST_KEY_BITS:
        raise CertificateUnusable(f"the RSA key has fewer than {LEAST_KEY_BITS} bits")
    if not for_documents(chain[0]):
        raise CertificateUnusable("the certificate is for TLS alone, not for signing documents")
    return Signer(tuple(chain), private)


def _kept(path: Path) -> Signer | None:
    """The signer kept in the data directory; one that cannot be used is replaced, not mended."""
    try:
        content = path.read_bytes()
        return _signer(content, content)
    except (OSError, CertificateUnusable):
        return None


def _mint(path: Path, authority: CertificateAuthority, tag: str) -> Signer:
    pem, key = authority.issue(f"Evidence of {tag}", "DIP Emulator", purposes=[DOCUMENT_SIGNING])
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        write_private(path, secret + pem.encode())
    except OSError as fault:
        raise EvidenceUnsigned(
            f"{path}: the key that signs evidence cannot be kept ({fault.strerror})"
        ) from (fault)
    return Signer(tuple(parse_chain(pem)), key)


def signature_good(certificate: x509.Certificate, signature: bytes, content: bytes) -> bool:
    """Whether this certificate's key made the signature over exactly these bytes."""
    try:
        key = certificate.public_key()
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, content, padding.PKCS1v15(), _SHA256)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, content, ec.ECDSA(_SHA256))
        else:
            return False
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        return False
    return True


def distrust(
    chain: Sequence[x509.Certificate], anchors: Sequence[x509.Certificate], at: datetime
) -> str | None:
    """Why a signer is not trusted, as a sentence; None where it is. ``at``: when it says it signed."""
    signer = chain[0]
    issuer = signer.issuer.rfc4514_string()
    if not anchors:
        return f"No authority was given to trust; the certificate says that {issuer} issued it."
    path = chain_to(chain, anchors)
    if path is None:
        return f"The certificate was issued by {issuer}, which is none of the authorities given."
    if not for_documents(signer):
        return "The certificate leads to an authority given, but is not one for signing documents."
    if not all(_valid(certificate, at) for certificate in path):
        return f"The certificate, or its authority's, was not valid at {at:%Y-%m-%d %H:%M:%S} UTC."
    return None


def for_documents(certificate: x509.Certificate) -> bool:
    """Whether the certificate may sign documents: it says so, or names no purpose at all."""
    try:
        usages = set(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return True
    except (x509.DuplicateExtension, ValueError):
        return False
    return bool(usages & _FOR_DOCUMENTS)


def _valid(certificate: x509.Certificate, at: datetime) -> bool:
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def describe(certificate: x509.Certificate) -> dict[str, str]:
    """What the manifest says of its signer."""
    return {
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "fingerprint": fingerprint(certificate),
    }
