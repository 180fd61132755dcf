"""Sends messages to the DIP as one participant: signed, with the API key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from backbone.clock import Clock
from contracts import envelope
from participant.directory import STATUS_CHANNEL
from participant.identity import Identity
from participant.signing import sign

SENDER_REFERENCE_DUPLICATED = "MSG1006"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``body``: the parsed JSON, the text where it is no JSON, None where there is none."""

    status: int
    body: Any = None
    retry_after: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the request was accepted."""
        return 200 <= self.status < 300

    @property
    def messages(self) -> tuple[str, ...]:
        """The ``CODE - text`` of each entry of a standard response."""
        entries = self.body.get("messageArray") if isinstance(self.body, dict) else self.body
        if not isinstance(entries, list):
            return ()
        return tuple(
            str(entry["message"]) for entry in entries if isinstance(entry, dict) and "message" in entry
        )

    @property
    def is_duplicate(self) -> bool:
        """Whether nothing is wrong but that the DIP has had this sender's unique reference before."""
        return bool(self.messages) and all(m.startswith(SENDER_REFERENCE_DUPLICATED) for m in self.messages)


class DipClient:
    """One participant's connection to the DIP. Methods raise httpx.TransportError when no answer came."""

    def __init__(
        self, identity: Identity, http: httpx.AsyncClient, clock: Clock, timeout_seconds: float = 30.0
    ) -> None:
        self._identity = identity
        self._http = http
        self._clock = clock
        self._timeout = timeout_seconds

    async def send(self, messages: Sequence[Mapping[str, Any]]) -> Answer:
        """Send a batch on the channel of its first message. Raises ValueError for an empty batch."""
        if not messages:
            raise ValueError("a batch holds at least one message")
        interface = envelope.header(messages[0]).interface or ""
        return await self.send_bytes(interface, orjson.dumps(list(messages)))

    async def send_bytes(self, interface: str, body: bytes) -> Answer:
        """Send exactly these bytes on the channel ``IF-031``."""
        return await self._request("POST", f"/dip-channel/{interface}", body)

    async def set_webhook(self, channel: str, url: str) -> Answer:
        """Have publications of ``channel`` (``IF-031``; ``STATUS`` for status messages) sent to ``url``."""
        return await self._request("POST", self._webhook_path(channel), orjson.dumps({"callbackURL": url}))

    async def remove_webhook(self, channel: str) -> Answer:
        """Have publications of ``channel`` sent nowhere."""
        return await self._request("DELETE", self._webhook_path(channel), b"")

    def _webhook_path(self, channel: str) -> str:
        if channel == STATUS_CHANNEL:
            return f"/statusmessage/config/{self._identity.dip_id}"
        return f"/dip-channel/{channel}/pubconfig/{self._identity.dip_id}"

    async def _request(self, method: str, path: str, body: bytes) -> Answer:
        url = self._identity.gateway_url + path
        headers = sign(self._identity, method, url, body, self._clock.now())
        headers |= {"X-API-Key": self._identity.api_key, "Content-Type": "application/json"}
        response = await self._http.request(method, url, content=body, headers=headers, timeout=self._timeout)
        return answer_of(response)


def answer_of(response: httpx.Response) -> Answer:
    """The answer of an HTTP response."""
    body: Any = response.text or None
    if body is not None:
        try:
            body = orjson.loads(response.content)
        except orjson.JSONDecodeError:
            body = response.text
    return Answer(response.status_code, body, response.headers.get("Retry-After"))
