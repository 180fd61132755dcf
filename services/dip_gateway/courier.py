"""The courier: packs deliveries into one body, signs the bytes, carries them to the webhook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from participant import signing
from participant.context import Context
from participant.parties import Party, Webhook
from services.dip_gateway.errors import TargetRefused
from services.dip_gateway.lanes import Item
from services.dip_gateway.posting import Answer, post
from services.dip_gateway.retry import retry_after_seconds
from services.dip_gateway.status import CHANNEL as STATUS
from services.dip_gateway.webhooks import TargetGuard

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
        self._guard = guard
        self._seconds = context.settings.delivery_timeout_seconds

    async def carry(self, webhook: Webhook, items: Sequence[Item]) -> Parcel:
        """POST these items in one request."""
        body = packed(items)
        recipient = await self._context.directory.party(items[0].recipient)
        headers = self._headers(webhook.url, body, recipient)
        try:
            await self._guard.check_resolved(webhook.url, own=recipient is not None and recipient.harness)
        except TargetRefused as fault:
            return Parcel(webhook.url, headers, body, Answer(_FORBIDDEN_TARGET, error=f"not called: {fault}"))
        answer = await post(self._context.http, webhook.url, body, headers, self._seconds)
        return Parcel(webhook.url, headers, body, answer)

    def _headers(self, url: str, body: bytes, recipient: Party | None) -> dict[str, str]:
        signed = signing.sign(self._context.dip_identity, "POST", url, body, self._context.clock.now())
        organisation = f"{recipient.dip_id};{recipient.role};{recipient.mpid}" if recipient else ""
        return {"Content-Type": "application/json", **signed, "X-DIP-MPO": organisation}


def packed(items: Sequence[Item]) -> bytes:
    """The body: an array of messages, or of status entries; a status message is an array already."""
    if items[0].channel == STATUS:
        return b"[" + b",".join(item.body[1:-1] for item in items) + b"]"
    return b"[" + b",".join(item.body for item in items) + b"]"
