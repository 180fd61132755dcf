"""Checks that evidence repeats on every message: schema and signature, whatever the scenario asked.

They are made from the raw bytes and headers alone, so that a reader need not take the gateway's word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from urllib.parse import urlsplit

from backbone.journal.events import JournalEvent, Kind
from contracts import css, load_catalogue
from contracts.errors import ContractError
from contracts.validation import Severity, Validator
from participant.errors import Reason, SignatureRefused
from participant.signing import HEADERS, Verifier
from services.qualification.messages import message_of

GOOD = "good"
BAD = "bad"
NOT_MADE = "not made"
DOES_NOT_APPLY = "does not apply"


@dataclass(frozen=True)
class Check:
    """``result``: ``good``, ``bad``, ``not made`` or ``does not apply``; a sentence, and what was found."""

    result: str
    text: str
    findings: tuple[tuple[str, str, str], ...] = ()  # pointer, code, sentence
    recorded: bool = False  # not made from the bytes: the gateway wrote the result down


class Checks:
    """Makes the checks with one catalogue and one set of trust anchors (PEM texts).

    ``contracts``: directories of imported catalogues, looked through before those that ship. ``bases``:
    addresses of the gateway as participants know them, where a proxy stands before it.
    """

    def __init__(
        self,
        version: str,
        trust_anchors: Sequence[str] = (),
        contracts: Sequence[Path] = (),
        bases: Sequence[str] = (),
    ) -> None:
        self._bases = bases
        self._version = version
        self._validator = _validator(version, contracts)
        self._verifier = Verifier(trust_anchors, window=None) if trust_anchors else None

    def schema(self, event: JournalEvent) -> Check:
        """Whether the message is one of the standard."""
        message = message_of(event)
        if message is None:
            return Check(NOT_MADE, "There is no message to check.")
        if (event.interface or "").startswith("CSS"):
            found = tuple((problem.pointer, "", problem.message) for problem in css.check(message))
            return _schema_result("our CSS message definition", found)
        if not (event.interface or "").startswith(("IF-", "PUB-", "REP-")):
            return Check(DOES_NOT_APPLY, "The message contracts do not define this message.")
        if self._validator is None:
            return Check(NOT_MADE, f"The message contracts {self._version} are not at hand.")
        violations = self._validator.check(message).violations
        errors = tuple((v.pointer, v.code, v.message) for v in violations if v.severity is Severity.ERROR)
        return _schema_result(f"message contracts {self._version}", errors)

    def signature(self, event: JournalEvent) -> Check:
        """Whether the request was signed, over these bytes, by a certificate that is trusted."""
        if (event.interface or "").startswith("CSS"):
            return Check(DOES_NOT_APPLY, "The DIP's rules of signing do not apply to CSS messages.")
        if event.details.get("withheld"):
            return Check(
                NOT_MADE, "A secret was withheld from this message, so its bytes are not those sent."
            )
        given = {name.lower() for name in event.headers}
        if not all(name.lower() in given for name in HEADERS):
            return _recorded(event)
        if self._verifier is None:
            return _recorded(event)
        return _verified(self._verifier, event, self._bases)


def _validator(version: str, contracts: Sequence[Path]) -> Validator | None:
    try:
        return Validator(load_catalogue(version, contracts))
    except ContractError:
        return None


def _schema_result(against: str, found: tuple[tuple[str, str, str], ...]) -> Check:
    if not found:
        return Check(GOOD, f"Valid against {against}.")
    return Check(BAD, f"{len(found)} violation{'s' if len(found) > 1 else ''} of {against}.", found)


def _verified(verifier: Verifier, event: JournalEvent, bases: Sequence[str]) -> Check:
    """The message's own bytes, alone or as the only one of an array, must be what was signed.

    Behind a proxy the sender signed the address that it knows: one of ``bases`` with the same path.
    """
    body = (event.body or "").encode()
    refusals: list[SignatureRefused] = []
    for url, content in product(_urls(event, bases), (body, b"[" + body + b"]")):
        method = str(event.details.get("method", "POST"))
        try:
            signed = verifier.verify(method, url, event.headers, content, event.at)
        except SignatureRefused as refusal:
            refusals.append(refusal)
            continue
        text = f"Verified from these bytes: {signed.subject}, fingerprint {signed.certificate_fingerprint}."
        return Check(GOOD, text)
    recorded = _recorded(event)
    forged = any(refusal.reason is Reason.SIGNATURE_MISMATCH for refusal in refusals)
    if recorded.result == GOOD and not forged:
        return recorded
    others = [refusal for refusal in refusals if refusal.reason is not Reason.CONTENT_HASH_MISMATCH]
    if event.kind is Kind.REFUSED or others:
        return Check(BAD, str((others or refusals)[0]))
    return Check(NOT_MADE, "The signature covers a batch of which this message is a part.")


def _urls(event: JournalEvent, bases: Sequence[str]) -> list[str]:
    came = str(event.details.get("url", ""))
    parts = urlsplit(came)
    rest = parts.path + (f"?{parts.query}" if parts.query else "")
    return list(dict.fromkeys((came, *(base + rest for base in bases))))


def _recorded(event: JournalEvent) -> Check:
    """What the gateway wrote down; the bytes of one message are only a part of what was signed in a batch."""
    signature = event.details.get("signature")
    if isinstance(signature, dict):
        who = f"{signature.get('subject')}, fingerprint {signature.get('fingerprint')}"
        return Check(GOOD, f"Verified by the gateway: {who}.", recorded=True)
    if event.kind is Kind.REFUSED:
        return Check(NOT_MADE, "The gateway wrote down no good signature for this request.")
    return Check(NOT_MADE, "No signature was written down for this message.")
