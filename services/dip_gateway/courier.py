"""The courier: packs deliveries into one body, signs the bytes, carries them to the webhook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from participant import signing
from participant.context import Context
from participant.errors import TargetRefused, TargetUnresolved
from participant.identity import Identity
from participant.parties import Party, Webhook
from participant.targets import TargetGuard
from services.dip_gateway.faults import Fault
from services.dip_gateway.lanes import Item
from services.dip_gateway.mishaps import Passage, spoiled
from services.dip_gateway.posting import Answer, post
from services.dip_gateway.retry import retry_after_seconds
from services.dip_gateway.spoiling import spoiled_signature
from services.dip_gateway.status import CHANNEL as STATUS

_FORBIDDEN_TARGET: Final = 403


@dataclass(frozen=True, slots=True)
class Parcel:
    """What was sent where, and what came back."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    answer: Answer

    def retry_after(self, now: datetime) -> float | None:
        return retry_after_seconds(self.answer.headers.get("retry-after"), now)


class Courier:
    """Carries parcels. Raises nothing that a recipient can cause."""

    def __init__(self, context: Context, guard: TargetGuard) -> None:
        self._context = context
        self._expired: Identity | None = None
        self._guard = guard
        self._seconds = context.settings.delivery_timeout_seconds

    async def carry(self, webhook: Webhook, items: Sequence[Item], passage: Passage | None = None) -> Parcel:
        """POST these items in one request. ``passage``: what is to go wrong with it."""
        faults = passage.faults if passage else frozenset()
        body = packed(spoiled(items, faults) if faults else items)
        recipient = await self._context.directory.party(items[0].recipient)
        headers = self._headers(webhook.url, body, recipient, faults)
        if passage and passage.status:
            return Parcel(
                webhook.url, headers, body, Answer(passage.status, b"answered by an injected fault")
            )
        try:
            await self._guard.check_resolved(webhook.url, own=recipient is not None and recipient.harness)
        except TargetUnresolved as fault:  # as no answer: tried again
            return Parcel(webhook.url, headers, body, Answer(error=f"not called: {fault}"))
        except TargetRefused as fault:
            return Parcel(webhook.url, headers, body, Answer(_FORBIDDEN_TARGET, error=f"not called: {fault}"))
        answer = await post(self._context.http, webhook.url, body, headers, self._seconds)
        if Fault.DUPLICATE in faults:
            answer = await post(self._context.http, webhook.url, body, headers, self._seconds)
        if Fault.LOSE_ANSWER in faults:
            answer = Answer(error="the answer was lost (injected)")
        return Parcel(webhook.url, headers, body, answer)

    def _headers(
        self, url: str, body: bytes, recipient: Party | None, faults: frozenset[Fault]
    ) -> dict[str, str]:
        identity = self._context.dip_identity
        if Fault.EXPIRED_CERTIFICATE in faults:
            identity = self._expired = self._expired or expired(self._context)
        signed = signing.sign(identity, "POST", url, body, self._context.clock.now())
        if Fault.BAD_SIGNATURE in faults:
            signed[signing.SIGNATURE] = spoiled_signature(signed[signing.SIGNATURE])
        organisation = f"{recipient.dip_id};{recipient.role};{recipient.mpid}" if recipient else ""
        return {"Content-Type": "application/json", **signed, "X-DIP-MPO": organisation}


def expired(context: Context) -> Identity:
    """The DIP's identity with a certificate that was good until yesterday."""
    identity = context.dip_identity
    since = context.clock.now() - timedelta(days=366)
    certificate, _ = context.authority.issue(
        identity.dip_id, key=identity.private_key, days=365, not_before=since
    )
    return replace(identity, certificate_pem=certificate)


def packed(items: Sequence[Item]) -> bytes:
    """The body: an array of messages, or of status entries; a status message is an array already."""
    bodies = [item.body or b"" for item in items]
    if items[0].channel == STATUS:
        bodies = [body[1:-1] for body in bodies]
    return b"[" + b",".join(bodies) + b"]"
