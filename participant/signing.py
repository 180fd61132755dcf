"""The DIP's message signature, for both directions.

Four headers travel with a request. The string signed is ``METHOD;url;date;contentHash``: method in upper
case, the full URL in lower case, the date exactly as in its header, the content hash as in its header.
The signature is RSA PKCS#1 v1.5 with SHA-256, in base64.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from participant import refusals
from participant.certificates import SigningCertificate, chain_to, parse_chain, signing_certificate
from participant.errors import CertificateUnusable, Reason
from participant.identity import Identity

CONTENT_HASH = "X-DIP-Content-Hash"
DATE = "X-DIP-Signature-Date"
CERTIFICATE = "X-DIP-Signature-Certificate"
SIGNATURE = "X-DIP-Signature"
HEADERS = (CONTENT_HASH, DATE, CERTIFICATE, SIGNATURE)
_NAMES = tuple((name, name.lower()) for name in HEADERS)  # servers hand them on in lower case

_DATE_FORM = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|\+00:00)", re.ASCII)
_PADDING = padding.PKCS1v15()
_SHA256 = hashes.SHA256()
_KEPT_CERTIFICATES = 1024


def content_hash(body: bytes) -> str:
    """Base64 of the SHA-256 of the raw body; an empty body counts as ``{}``."""
    return base64.b64encode(hashlib.sha256(body or b"{}").digest()).decode()


def signature_date(at: datetime) -> str:
    """``2025-06-27T14:29:09.061Z``. ``at`` must be aware."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def string_to_sign(method: str, url: str, date: str, body_hash: str) -> str:
    """``METHOD;url;date;contentHash``."""
    return f"{method.upper()};{url.lower()};{date};{body_hash}"


def certificate_header(pem: str) -> str:
    """Base64 of the PEM text with LF line ends."""
    return base64.b64encode(pem.replace("\r\n", "\n").encode()).decode()


def sign(identity: Identity, method: str, url: str, body: bytes, at: datetime) -> dict[str, str]:
    """The four headers for exactly these ``body`` bytes sent to exactly this ``url``."""
    date, body_hash = signature_date(at), content_hash(body)
    text = string_to_sign(method, url, date, body_hash).encode()
    signature = identity.private_key.sign(text, _PADDING, _SHA256)
    return {
        CONTENT_HASH: body_hash,
        DATE: date,
        CERTIFICATE: certificate_header(identity.certificate_pem),
        SIGNATURE: base64.b64encode(signature).decode(),
    }


@dataclass(frozen=True, slots=True)
class Signed:
    """Who signed a request. ``certificate_fingerprint``: SHA-256 of the DER form, hexadecimal."""

    certificate_fingerprint: str
    subject: str
    not_after: datetime
    certificate_pem: str
    shown: Mapping[str, str] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """``shown``: for the journal; made once, since a certificate signs many requests."""
        shown = {
            "subject": self.subject,
            "fingerprint": self.certificate_fingerprint,
            "notAfter": self.not_after.isoformat(),
        }
        object.__setattr__(self, "shown", shown)


@dataclass(frozen=True, slots=True)
class _Known:
    """A certificate that leads to a trust anchor, and the time in which all of its chain is valid."""

    certificate: SigningCertificate
    not_before: datetime
    not_after: datetime
    signed: Signed


class Verifier:
    """Checks signed requests against trust anchors.

    ``window``: how far the signature date may be from ``now``, either way; None accepts any date.
    A certificate header once found good is remembered by its value, so that the usual request costs one
    SHA-256, one look-up and one RSA verification.
    """

    def __init__(self, trust_anchors_pem: Sequence[str], window: timedelta | None) -> None:
        self._anchors = tuple(c for pem in trust_anchors_pem for c in parse_chain(pem))
        self._window = window
        self._known: dict[str, _Known] = {}

    def verify(self, method: str, url: str, headers: Mapping[str, str], body: bytes, now: datetime) -> Signed:
        """Who signed this request. ``url``: the full URL as the sender addressed it.

        Raises SignatureRefused, for the first that fails of: headers present, content hash, signature date,
        certificate, chain, validity period, signature.
        """
        given_hash, date, certificate, signature = [_header(headers, *names) for names in _NAMES]
        if not hmac.compare_digest(given_hash.encode(), content_hash(body).encode()):
            raise refusals.content_hash_mismatch(given_hash, content_hash(body))
        self._check_date(date, now)
        known = self._known.get(certificate) or self._learn(certificate)
        _check_validity(known, now)
        try:
            raw = binascii.a2b_base64(signature, strict_mode=True)
        except ValueError as fault:
            raise refusals.not_base64(SIGNATURE, Reason.SIGNATURE_UNREADABLE) from fault
        text = string_to_sign(method, url, date, given_hash)
        try:
            known.certificate.key.verify(raw, text.encode(), _PADDING, _SHA256)
        except InvalidSignature as fault:
            raise refusals.signature_mismatch(text) from fault
        return known.signed

    def _check_date(self, date: str, now: datetime) -> None:
        moment = _parse_date(date)
        if self._window is None:
            return
        if abs(moment - now) > self._window:
            reason = Reason.DATE_IN_FUTURE if moment > now else Reason.DATE_TOO_OLD
            raise refusals.date_outside(reason, date, now, self._window)

    def _learn(self, header: str) -> _Known:
        chain = _decode_certificate(header)
        try:
            certificate = signing_certificate(chain[0])
        except CertificateUnusable as fault:
            raise refusals.key_unsuitable(str(fault)) from fault
        path = chain_to(chain, self._anchors)
        if path is None:
            raise refusals.not_trusted(certificate.subject, certificate.issuer)
        known = _Known(
            certificate,
            max(c.not_valid_before_utc for c in path),
            min(c.not_valid_after_utc for c in path),
            Signed(certificate.fingerprint, certificate.subject, certificate.not_after, certificate.pem),
        )
        if len(self._known) >= _KEPT_CERTIFICATES:
            del self._known[next(iter(self._known))]
        self._known[header] = known
        return known


def _header(headers: Mapping[str, str], name: str, lower: str) -> str:
    value = headers.get(lower)
    if value is None:
        value = next((v for k, v in headers.items() if k.lower() == lower), None)
    if not value:
        raise refusals.header_missing(name)
    return value


def _parse_date(date: str) -> datetime:
    if not _DATE_FORM.fullmatch(date):
        raise refusals.date_malformed(date)
    try:
        return datetime.fromisoformat(date)
    except ValueError as fault:
        raise refusals.date_malformed(date) from fault


def _decode_certificate(header: str) -> list[x509.Certificate]:
    try:
        pem = base64.b64decode(header, validate=True)
    except (binascii.Error, ValueError) as fault:
        raise refusals.not_base64(CERTIFICATE, Reason.CERTIFICATE_UNREADABLE) from fault
    if b"PRIVATE KEY" in pem:
        raise refusals.private_key_sent()
    try:
        return parse_chain(pem)
    except CertificateUnusable as fault:
        raise refusals.certificate_unreadable() from fault


def _check_validity(known: _Known, now: datetime) -> None:
    if now < known.not_before:
        raise refusals.not_yet_valid(known.certificate.subject, known.not_before)
    if now > known.not_after:
        raise refusals.expired(known.certificate.subject, known.not_after)
