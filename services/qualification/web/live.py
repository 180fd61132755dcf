"""Parts of pages that follow what happens: the script asks for the next version and waits for it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Final

from fastapi.responses import HTMLResponse, Response

from backbone.journal import JournalIndex
from services.qualification.runs import RunManager
from services.qualification.web.pages import headers

LONGEST_SECONDS: Final = 4.0  # shorter than the server waits for requests under way when it is told to stop
_LOOK_SECONDS: Final = 1.0
_ROUND_SECONDS: Final = 0.3  # between two looks at least: a busy journal has news all the time


def token_of(text: str) -> str:
    """Names one version of a part."""
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def part(text: str, token: str) -> Response:
    """A part of a page, and the name of its version."""
    return HTMLResponse(text, headers=headers() | {"X-Version": token})


async def next_part(
    render: Callable[[], Awaitable[str]], runs: RunManager, index: JournalIndex, known: str, seconds: float
) -> Response:
    """The part as soon as it differs from the version ``known``; 204 when nothing changed in ``seconds``."""
    until = asyncio.get_running_loop().time() + seconds
    while True:
        position, versions = await index.wait(0, 0), runs.versions()
        text = await render()
        token = token_of(text)
        left = until - asyncio.get_running_loop().time()
        if token != known:
            return part(text, token)
        if left <= 0:
            return Response(status_code=204, headers=headers())
        await _news(runs, index, position, versions, until)
        await asyncio.sleep(_ROUND_SECONDS)


async def _news(
    runs: RunManager, index: JournalIndex, position: int, versions: dict[str, int], until: float
) -> None:
    """Return when something was written to the journal or a run was judged anew, or when the time is up."""
    clock = asyncio.get_running_loop().time
    while runs.versions() == versions and (left := until - clock()) > 0:
        if await index.wait(position, min(_LOOK_SECONDS, left)) > position:
            return
