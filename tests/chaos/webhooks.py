"""Webhooks under watch: what they answered 201, in that order; some answer late, wrongly or never."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from random import Random
from time import perf_counter
from typing import Any

import orjson

from contracts import envelope
from tests.chaos.history import Received
from tests.integration.dip_gateway.environment import serving

Behaviour = Callable[[str], Awaitable[int]]
"""Given the recipient, when and with what status to answer."""


async def well_behaved(recipient: str) -> int:
    return 201


def moody(seed: int, trouble: float = 0.05) -> Behaviour:
    """Answers within 10 ms, and 503 to a share of the requests."""
    random = Random(seed)

    async def behaviour(recipient: str) -> int:
        await asyncio.sleep(random.random() * 0.01)
        return 503 if random.random() < trouble else 201

    return behaviour


class Webhooks:
    """An ASGI application: every recipient's webhook is at ``/{recipient}``."""

    def __init__(self, behaviour: Behaviour = well_behaved) -> None:
        self.behaviour = behaviour
        self.received: list[Received] = []
        self.moments: list[float] = []  # of each of ``received``, as time.perf_counter tells it
        self.arrived = asyncio.Event()
        self.url = ""

    def of(self, recipient: str) -> str:
        """The URL of one recipient's webhook."""
        return f"{self.url}/{recipient}"

    async def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait for something that arrivals bring about; whether it came about in time."""
        try:
            async with asyncio.timeout(seconds):
                while not condition():
                    self.arrived.clear()
                    await self.arrived.wait()
        except TimeoutError:
            return False
        return True

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = await _body(receive)
        if body is None:
            return  # the sender died in the middle of its request: nothing was received
        came = perf_counter()
        recipient = scope["path"].strip("/")
        status = await self.behaviour(recipient)
        if status == 201:
            read = read_messages(recipient, body)
            self.received += read
            self.moments += [came] * len(read)
            self.arrived.set()
        length = [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": status, "headers": length})
        await send({"type": "http.response.body", "body": b"{}"})


async def _body(receive: Any) -> bytes | None:
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def read_messages(recipient: str, body: bytes) -> Sequence[Received]:
    """The messages of one POST; status messages are no deliveries of messages and are left out."""
    found = []
    for message in orjson.loads(body):
        header = envelope.header(message)
        if header.reference is None:
            continue
        found.append(
            Received(
                recipient=recipient,
                channel=header.interface or "",
                mpan=header.mpan or "",
                reference=header.reference,
                transaction_id=header.transaction_id or "",
                replay=bool(header.replay),
            )
        )
    return found


@asynccontextmanager
async def listening(behaviour: Behaviour = well_behaved) -> AsyncIterator[Webhooks]:
    """Webhooks on a free port until the block ends."""
    webhooks = Webhooks(behaviour)
    async with serving(webhooks) as url:
        webhooks.url = url
        yield webhooks
