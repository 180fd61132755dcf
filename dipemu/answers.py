"""Answers of the composition itself: what it says before, or in place of, any service."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson

Header = tuple[bytes, bytes]


async def send_answer(
    send: Callable[..., Any], status: int, content: bytes, kind: str, more: Sequence[Header] = ()
) -> None:
    """A whole answer. ``kind``: its media type; ``more``: further headers."""
    headers = [(b"content-type", kind.encode()), (b"content-length", str(len(content)).encode()), *more]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


async def send_json(send: Callable[..., Any], status: int, body: object, more: Sequence[Header] = ()) -> None:
    """An answer in JSON."""
    await send_answer(send, status, orjson.dumps(body), "application/json", more)
