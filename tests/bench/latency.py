"""From accepted to delivered: the time between a sender's 201 and the arrival at the recipient's webhook."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from contextlib import AsyncExitStack
from time import perf_counter
from typing import Any

import uvicorn


class Arrivals:
    """A webhook that notes when each message came, by its sender reference. ``hang``: it never answers."""

    def __init__(self, hang: float = 0.0) -> None:
        self.at: dict[str, float] = {}
        self._hang = hang

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        now = perf_counter()
        for part in body.split(b'"senderUniqueReference":"')[1:]:
            self.at.setdefault(part.partition(b'"')[0].decode(), now)
        if self._hang:
            await asyncio.sleep(self._hang)
        await send({"type": "http.response.start", "status": 201, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"{}"})


async def listening(stack: AsyncExitStack, app: Any) -> str:
    """Serve a webhook until the stack is closed; its URL."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_level="critical", lifespan="off", http="httptools"
    )
    server, endpoint = uvicorn.Server(config), config.bind_socket()
    task = asyncio.create_task(server.serve([endpoint]))

    async def stop() -> None:
        server.should_exit = server.force_exit = True
        await task

    stack.push_async_callback(stop)
    return f"http://127.0.0.1:{endpoint.getsockname()[1]}/webhook"


def closed_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as endpoint:
        endpoint.bind(("127.0.0.1", 0))
        return int(endpoint.getsockname()[1])


async def send_paced(
    port: int, requests: Sequence[bytes], rate: float, connections: int = 16
) -> dict[str, float]:
    """Send at ``rate`` per second; when each was answered 201, by sender reference."""
    accepted: dict[str, float] = {}
    numbers = iter(range(len(requests)))
    began = perf_counter()

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in numbers:
            await asyncio.sleep(max(0.0, began + number / rate - perf_counter()))
            writer.write(requests[number])
            head = await reader.readuntil(b"\r\n\r\n")
            now = perf_counter()
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
            await reader.readexactly(length)
            assert head[9:12] == b"201", head
            reference = requests[number].partition(b'"senderUniqueReference":"')[2].partition(b'"')[0]
            accepted[reference.decode()] = now
        writer.close()
        await writer.wait_closed()

    await asyncio.gather(*(one() for _ in range(connections)))
    return accepted


async def latencies(accepted: dict[str, float], arrivals: Arrivals, seconds: float = 60.0) -> list[float]:
    """Seconds from accepted to arrived, sorted, once all have arrived."""
    async with asyncio.timeout(seconds):
        while not accepted.keys() <= arrivals.at.keys():  # noqa: ASYNC110 - the webhook keeps no event per message
            await asyncio.sleep(0.02)
    return sorted(max(0.0, arrivals.at[reference] - at) for reference, at in accepted.items())


def percentile(values: Sequence[float], share: float) -> float:
    return values[min(len(values) - 1, int(len(values) * share))]
