"""A load generator: prepared requests over keep-alive connections, the next when the answer is there.

Raw sockets, since an HTTP client in Python costs more than what is measured. Runs in its own process.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from time import perf_counter

import uvloop

_HEAD_END = b"\r\n\r\n"


@dataclass
class Result:
    """What one run came to. ``latencies``: seconds, sorted."""

    seconds: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        return sum(self.statuses.values()) / self.seconds

    def percentile(self, share: float) -> float:
        """Seconds below which ``share`` (0 to 1) of the answers came."""
        return self.latencies[min(len(self.latencies) - 1, int(len(self.latencies) * share))]


class _Client(asyncio.Protocol):
    """One connection."""

    def __init__(
        self, requests: Sequence[bytes], step: int, offset: int, until: float, result: Result
    ) -> None:
        self._requests = requests
        self._step = step
        self._next = offset
        self._until = until
        self._result = result
        self._buffer = b""
        self._sent = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._send()

    def _send(self) -> None:
        now = perf_counter()
        if now >= self._until or self._next >= len(self._requests):
            self._transport.close()
            return
        self._sent = now
        self._transport.write(self._requests[self._next])  # type: ignore[attr-defined]
        self._next += self._step

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, rest = self._buffer.partition(_HEAD_END)
        if not separator:
            return
        if not _complete(head.lower(), rest):
            return
        self._result.statuses[int(head[9:12])] += 1
        self._result.latencies.append(perf_counter() - self._sent)
        self._buffer = b""
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


def _complete(head: bytes, rest: bytes) -> bool:
    position = head.find(b"content-length:")
    if position >= 0:
        return len(rest) >= int(head[position + 15 :].split(b"\r\n", 1)[0])
    return rest.endswith(b"0\r\n\r\n")  # chunked


async def _run(host: str, port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Result:
    loop, result = asyncio.get_running_loop(), Result()
    began = perf_counter()
    clients = []
    for offset in range(connections):
        client = _Client(requests, connections, offset, began + seconds, result)
        await loop.create_connection(lambda client=client: client, host, port)  # type: ignore[misc]
        clients.append(client)
    await asyncio.gather(*(client.done for client in clients))
    result.seconds = perf_counter() - began
    result.latencies.sort()
    return result


def _child(
    pipe: Connection, host: str, port: int, requests: Sequence[bytes], connections: int, seconds: float
) -> None:
    pipe.send(uvloop.run(_run(host, port, requests, connections, seconds)))


def load(
    host: str, port: int, requests: Sequence[bytes], *, connections: int = 32, seconds: float = 5.0
) -> Result:
    """Send the requests, each once, for at most ``seconds``, from a process of their own."""
    context = get_context("spawn") if sys.platform == "darwin" else get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_child, args=(theirs, host, port, requests, connections, seconds))
    process.start()
    result: Result = ours.recv()
    process.join()
    return result
