"""Faults of the participant room: everything it raises on purpose derives from one root.

ParticipantError
├── SignatureRefused     a signed request cannot be accepted; carries reason, message and help
├── IdentityUnreadable   an identity's folder lacks a file or holds one that cannot be read
├── AuthorityUnreadable  the certificate authority's folder cannot be read
├── CertificateUnusable  a certificate given for a party cannot be used for signing
├── PartyUnknown         the directory holds no party with this DIP ID
├── DirectoryConflict    a change would give two parties the same API key or certificate
├── EnrolmentInvalid     a participant cannot be registered as asked; says what is wrong
├── DirectoryFileInvalid a directory file (YAML) cannot be imported; says where and why
├── TargetRefused        an address of another party that may not be called
│   └── TargetUnresolved its host's name stands for no address at the moment
├── HandlerConflict      two handlers claim the same message
├── SenderUnknown        a handler sends as a party that this service does not play
└── TimeStandsStill      a handler of the passing of time leaves its state as due as it was
"""

from __future__ import annotations

from enum import StrEnum


class ParticipantError(Exception):
    """Root of the faults raised by the participant room."""


class Reason(StrEnum):
    """Why a signature was refused; one member per cause. The values are stable: tools may match them."""

    HEADER_MISSING = "header missing"
    CONTENT_HASH_MISMATCH = "content hash mismatch"
    DATE_MALFORMED = "signature date malformed"
    DATE_TOO_OLD = "signature date too old"
    DATE_IN_FUTURE = "signature date in the future"
    CERTIFICATE_UNREADABLE = "certificate unreadable"
    PRIVATE_KEY_SENT = "private key sent"
    KEY_UNSUITABLE = "certificate key unsuitable"
    CERTIFICATE_NOT_TRUSTED = "certificate not trusted"
    CERTIFICATE_NOT_YET_VALID = "certificate not yet valid"
    CERTIFICATE_EXPIRED = "certificate expired"
    SIGNATURE_UNREADABLE = "signature unreadable"
    SIGNATURE_MISMATCH = "signature mismatch"
    CERTIFICATE_UNKNOWN = "certificate not registered"
    CERTIFICATE_OF_OTHER_PARTY = "certificate of another party"
    CERTIFICATE_REVOKED = "certificate revoked"
    NOT_THE_DIP = "signer is not the DIP"


class SignatureRefused(ParticipantError):
    """A signed request cannot be accepted.

    ``message`` says what is wrong in plain English, ``help`` what the sender can do about it.
    """

    def __init__(self, reason: Reason, message: str, help: str) -> None:  # noqa: A002 - the market's word
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.help = help


class IdentityUnreadable(ParticipantError):
    """An identity's folder lacks a file, or holds one that cannot be read."""


class AuthorityUnreadable(ParticipantError):
    """The certificate authority's folder holds files that cannot be read."""


class CertificateUnusable(ParticipantError):
    """A certificate given for a party cannot be used for signing."""


class PartyUnknown(ParticipantError):
    """The directory holds no party with this DIP ID."""


class EnrolmentInvalid(ParticipantError):
    """A participant cannot be registered as asked: its role, MPID, DIP ID or organisation is not right."""


class DirectoryConflict(ParticipantError):
    """A change would give two parties the same API key or certificate."""


class DirectoryFileInvalid(ParticipantError):
    """A directory file cannot be imported; the message says where and why."""


class TargetRefused(ParticipantError):
    """An address of another party that may not be called; the message says why and what would do."""


class TargetUnresolved(TargetRefused):
    """The name of the address's host stands for no address at the moment; it may again later."""


class HandlerConflict(ParticipantError):
    """Two handlers claim the same message."""


class SenderUnknown(ParticipantError):
    """A handler sends as a party that this service does not play."""


class TimeStandsStill(ParticipantError):
    """A handler of the passing of time leaves its state as due as it was; it would be woken for ever."""
