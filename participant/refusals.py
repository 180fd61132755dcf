"""The words of every refused signature: what is wrong, and what the sender can do about it."""

from __future__ import annotations

from datetime import datetime, timedelta

from participant.errors import Reason, SignatureRefused


def header_missing(name: str) -> SignatureRefused:
    return SignatureRefused(
        Reason.HEADER_MISSING,
        f"the header {name} is missing or empty",
        "Send all four: X-DIP-Content-Hash, X-DIP-Signature-Date, X-DIP-Signature-Certificate and "
        "X-DIP-Signature.",
    )


def content_hash_mismatch(given: str, expected: str) -> SignatureRefused:
    return SignatureRefused(
        Reason.CONTENT_HASH_MISMATCH,
        f"X-DIP-Content-Hash is {given[:64]} but the body received has {expected}",
        "Hash exactly the bytes that are sent (base64 of SHA-256, {} for an empty body); something may have "
        "changed the body after it was signed, for example a second JSON serialisation.",
    )


def date_malformed(date: str) -> SignatureRefused:
    return SignatureRefused(
        Reason.DATE_MALFORMED,
        f"X-DIP-Signature-Date is not an ISO 8601 date and time in UTC: {date[:64]}",
        "Send UTC with milliseconds, like 2025-06-27T14:29:09.061Z.",
    )


def date_outside(reason: Reason, date: str, now: datetime, window: timedelta) -> SignatureRefused:
    side = "older" if reason is Reason.DATE_TOO_OLD else "later"
    return SignatureRefused(
        reason,
        f"X-DIP-Signature-Date {date} is more than {window.total_seconds():g} s {side} than the DIP's time, "
        f"{now.isoformat(timespec='milliseconds')}",
        "Sign each request when it is sent, retries too, and check the clock of the sending machine.",
    )


def not_base64(header: str, reason: Reason) -> SignatureRefused:
    return SignatureRefused(
        reason,
        f"{header} is not base64",
        f"Send {header} in standard base64, without line breaks.",
    )


def private_key_sent() -> SignatureRefused:
    return SignatureRefused(
        Reason.PRIVATE_KEY_SENT,
        "X-DIP-Signature-Certificate holds a private key",
        "Send only the certificate. That key counts as disclosed: make a new one and have this one revoked.",
    )


def certificate_unreadable() -> SignatureRefused:
    return SignatureRefused(
        Reason.CERTIFICATE_UNREADABLE,
        "X-DIP-Signature-Certificate does not hold the PEM text of an X.509 certificate",
        "Send base64 of the whole PEM text, from -----BEGIN CERTIFICATE----- on, with LF line ends.",
    )


def key_unsuitable(why: str) -> SignatureRefused:
    return SignatureRefused(
        Reason.KEY_UNSUITABLE, why, "Sign with a certificate for an RSA key of at least 2048 bits."
    )


def not_trusted(subject: str, issuer: str) -> SignatureRefused:
    return SignatureRefused(
        Reason.CERTIFICATE_NOT_TRUSTED,
        f"the certificate of {subject}, issued by {issuer}, does not lead to a trusted authority",
        "Use the certificate issued for this environment, or have your authority's certificate added to the "
        "trust anchors; intermediate certificates may follow yours in the same PEM text.",
    )


def not_yet_valid(subject: str, not_before: datetime) -> SignatureRefused:
    return SignatureRefused(
        Reason.CERTIFICATE_NOT_YET_VALID,
        f"the certificate of {subject}, or its authority's, is valid only from {not_before.isoformat()}",
        "Wait until then or sign with a certificate that is valid now.",
    )


def expired(subject: str, not_after: datetime) -> SignatureRefused:
    return SignatureRefused(
        Reason.CERTIFICATE_EXPIRED,
        f"the certificate of {subject}, or its authority's, expired at {not_after.isoformat()}",
        "Have a new certificate issued and registered; two may be valid at once, so that none is missed.",
    )


def signature_mismatch(text: str) -> SignatureRefused:
    return SignatureRefused(
        Reason.SIGNATURE_MISMATCH,
        "X-DIP-Signature does not verify with the key of the certificate sent",
        f"Sign this string with RSA PKCS#1 v1.5 and SHA-256: {text}",
    )


def certificate_unknown(subject: str, dip_id: str) -> SignatureRefused:
    return SignatureRefused(
        Reason.CERTIFICATE_UNKNOWN,
        f"the certificate of {subject} is not registered for {dip_id}",
        "Register the certificate for this DIP ID, or sign with the one that is registered.",
    )


def certificate_of_other_party(subject: str, dip_id: str, owner: str) -> SignatureRefused:
    return SignatureRefused(
        Reason.CERTIFICATE_OF_OTHER_PARTY,
        f"the certificate of {subject} is registered for {owner}, not for {dip_id}",
        "Use the API key, the sender DIP ID and the signing certificate of one and the same DIP ID.",
    )


def revoked(subject: str, at: datetime) -> SignatureRefused:
    return SignatureRefused(
        Reason.CERTIFICATE_REVOKED,
        f"the certificate of {subject} was revoked at {at.isoformat()}",
        "Sign with another certificate registered for this DIP ID, or register a new one.",
    )


def not_the_dip(subject: str) -> SignatureRefused:
    return SignatureRefused(
        Reason.NOT_THE_DIP,
        f"the request is signed by {subject}, which is not the DIP",
        "Only the DIP may post to a webhook.",
    )
