"""A webhook that behaves as badly as it is told to, message by message, on a bare socket."""

from __future__ import annotations

import asyncio
import gzip
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_MPAN = re.compile(rb'"MPANCore":"(\d{13})"')
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Reply:
    """What comes back for one POST. ``raw`` None: the connection is closed without a word.

    ``after``: seconds of silence before it.
    """

    raw: bytes | None = None
    after: float = 0


def answer(status: int, body: bytes = b"[]", after: float = 0, **headers: str) -> Reply:
    """A proper HTTP answer; ``headers`` with ``_`` for ``-``."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return Reply("\r\n".join(lines).encode() + b"\r\n\r\n" + body, after)


TAKEN = answer(201)
CLOSED = Reply()
NOT_HTTP = Reply(b"good evening\r\n\r\n")
CUT_SHORT = Reply(b"HTTP/1.1 201 X\r\nContent-Length: 500\r\n\r\n{")
NOT_GZIP = answer(201, b"this is not compressed", Content_Encoding="gzip")
BOMB = answer(201, gzip.compress(bytes(20_000_000)), Content_Encoding="gzip")
HUGE = answer(201, b"[" + b"1," * 1_000_000 + b"1]")
GARBAGE = answer(201, bytes(range(256)))
COME_BACK_NEVER = answer(503, Retry_After="9" * 400)


@dataclass
class WaywardWebhook:
    """Answers the publications about an MPAN as ``replies`` say, the last one for ever; others with 201."""

    url: str = ""
    replies: dict[str, Sequence[Reply]] = field(default_factory=dict)
    posts: dict[str, int] = field(default_factory=dict)

    def behave(self, mpan: str, replies: Sequence[Reply]) -> None:
        """From now on, and from the first of the replies on."""
        self.replies[mpan] = replies
        self.posts[mpan] = 0

    def _next(self, body: bytes) -> Reply:
        found = _MPAN.search(body)
        mpan = found[1].decode() if found else ""
        if mpan not in self.replies:
            return TAKEN
        number = self.posts[mpan]
        self.posts[mpan] += 1
        return self.replies[mpan][min(number, len(self.replies[mpan]) - 1)]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            reply = self._next(await reader.readexactly(int(length[1]) if length else 0))
            await asyncio.sleep(reply.after)
            writer.write(reply.raw or b"")
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the DIP hung up first, or the test is over
        finally:
            writer.close()


@asynccontextmanager
async def wayward_webhook() -> AsyncIterator[WaywardWebhook]:
    """The webhook, on a port of its own."""
    webhook = WaywardWebhook()
    server = await asyncio.start_server(webhook.serve, "127.0.0.1", 0)
    webhook.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield webhook
    finally:
        server.close()
