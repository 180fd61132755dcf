"""Who sends this request, and may they: API key, signature, certificate, in that order."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Final

from participant.context import Context
from participant.errors import Reason, SignatureRefused
from participant.parties import Party
from participant.signing import Signed
from services.dip_gateway.asgi import Request
from services.dip_gateway.errors import Refused
from services.dip_gateway.limits import Bucket
from services.dip_gateway.responses import Entry
from services.dip_gateway.settings import GatewaySettings
from services.dip_gateway.tls_binding import TlsBinding

# Identity not shown: 401. Identity shown, and it is not one that may do this: 403.
_FORBIDDEN: Final = frozenset(
    {Reason.CERTIFICATE_UNKNOWN, Reason.CERTIFICATE_OF_OTHER_PARTY, Reason.CERTIFICATE_REVOKED}
)


@dataclass(frozen=True, slots=True)
class Admitted:
    """The party a request comes from and how it was signed."""

    party: Party
    signed: Signed


class Admission:
    """Admits requests. ``failed``: the text of the code for requests that fail as a whole (MSG1000).

    ``bucket``: how fast one party may send.
    """

    def __init__(self, context: Context, settings: GatewaySettings, failed: str, bucket: Bucket) -> None:
        self._tls = TlsBinding(context.directory, settings)
        self._directory = context.directory
        self._verifier = context.verifier
        self._required = context.settings.api_key_required
        self._public_url = context.settings.public_url.rstrip("/")
        self._now: Callable[[], datetime] = context.clock.now
        self._failed = failed
        self._bucket = bucket

    async def admit(self, request: Request) -> Admitted:
        """Raises Refused with 401, 403 or 429."""
        now = self._now()
        party = await self._by_key(request)
        try:
            signed = self._verified(request, now)
            if party is None:
                party = await self._by_certificate(signed)
            await self._directory.check_signer(party.dip_id, signed, now)
            await self._tls.check(request, party)
        except SignatureRefused as fault:
            status = 403 if fault.reason in _FORBIDDEN else 401
            raise self._refused(status, fault.message, fault.help, fault.reason.value, party) from fault
        self._check_rate(party)
        return Admitted(party, signed)

    def _check_rate(self, party: Party) -> None:
        wait = self._bucket.take(party.dip_id, monotonic())
        if wait is not None:
            seconds = math.ceil(wait)
            text = f"Too many requests; send the next in {seconds} s, or more messages in each."
            entry = Entry(self._failed, text, party.dip_id)
            raise Refused(429, text, [entry], detail="rate", retry_after=seconds)

    async def admit_key(self, request: Request) -> Party | None:
        """For addresses that ask for no signature: the API key alone. Raises Refused with 401."""
        return await self._by_key(request)

    async def _by_key(self, request: Request) -> Party | None:
        """The party of the API key; None when none was sent and none is required."""
        key = request.headers.get("x-api-key")
        if key is None and not self._required:
            return None
        if not key:
            text = "Send the API key of your DIP ID in the header X-API-Key (identity.json: apiKey)."
            raise self._refused(401, "The header X-API-Key is missing.", text, "api key missing")
        party = await self._directory.by_api_key(key)
        if party is None:
            text = "Use the API key that was given with this DIP ID; a replaced key is no longer accepted."
            raise self._refused(401, "The API key is not known.", text, "api key unknown")
        return party

    async def _by_certificate(self, signed: Signed) -> Party:
        party = await self._directory.by_fingerprint(signed.certificate_fingerprint)
        if party is None:
            raise SignatureRefused(
                Reason.CERTIFICATE_UNKNOWN,
                f"No party has registered the certificate of {signed.subject}.",
                "Register the certificate for your DIP ID, or send the API key as well.",
            )
        return party

    def _verified(self, request: Request, now: datetime) -> Signed:
        """Verify against the URL as it came and, behind a proxy, as participants know it."""
        try:
            return self._verifier.verify(request.method, request.url, request.headers, request.body, now)
        except SignatureRefused as fault:
            if not self._public_url or fault.reason is not Reason.SIGNATURE_MISMATCH:
                raise
        query = f"?{request.query.decode('latin-1')}" if request.query else ""
        url = f"{self._public_url}{request.path}{query}"
        return self._verifier.verify(request.method, url, request.headers, request.body, now)

    def _refused(
        self, status: int, reason: str, advice: str, detail: str, party: Party | None = None
    ) -> Refused:
        recipient = party.dip_id if party else None
        entry = Entry(self._failed, f"{reason} {advice}", recipient)
        return Refused(status, reason, [entry], detail=detail)
