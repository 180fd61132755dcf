"""One POST to a webhook: signed over the bytes sent, bounded in time and in what is read of the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

ANSWER_KEPT = 4_096  # bytes of an answer that are kept; what lies beyond is not read
_READ_AT_MOST = 65_536


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``status`` None: no answer, and ``error`` says why."""

    status: int | None = None
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    error: str | None = None

    @property
    def text(self) -> str:
        """The beginning of the answer, for the journal; PostgreSQL takes no NUL in a text."""
        return self.body[:ANSWER_KEPT].decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


async def post(
    http: httpx.AsyncClient, url: str, body: bytes, headers: Mapping[str, str], seconds: float
) -> Answer:
    """POST and tell what came of it; raises nothing that the other side can cause.

    ``seconds``: from the first attempt to connect to the last byte read of the answer.
    """
    try:
        async with asyncio.timeout(seconds):
            return await _exchange(http, url, body, headers)
    except TimeoutError:
        return Answer(error=f"no answer within {seconds:g} s")
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as fault:
        return Answer(error=f"{type(fault).__name__}: {fault}".rstrip(": "))


async def _exchange(http: httpx.AsyncClient, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    async with http.stream(
        "POST", url, content=body, headers=dict(headers), follow_redirects=False, timeout=None
    ) as response:
        return Answer(response.status_code, await _read(response), dict(response.headers))


async def _read(response: httpx.Response) -> bytes:
    """The beginning of the body; empty where it is not encoded as it says: the status counts all the same."""
    read = b""
    try:
        async for chunk in response.aiter_bytes():
            read += chunk
            if len(read) >= _READ_AT_MOST:
                break
    except httpx.DecodingError:
        return b""
    return read
