"""A participant's own HTTP server, on a port of this machine."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


class Listener:
    """Takes what is POSTed to ``url`` and answers 201."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._received: asyncio.Queue[Any] = asyncio.Queue()

    async def take(self, request: Request) -> Response:
        await self._received.put(await request.json())
        return Response(status_code=201)

    async def next(self) -> Any:
        """The next thing that came in, waiting for it."""
        async with asyncio.timeout(20):
            return await self._received.get()


@asynccontextmanager
async def listening() -> AsyncIterator[Listener]:
    """Listen until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as port:
        listener = Listener(f"http://127.0.0.1:{port.getsockname()[1]}/css")
        app = Starlette(routes=[Route("/css", listener.take, methods=["POST"])])
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        task = asyncio.create_task(server.serve([port]))
        try:
            yield listener
        finally:
            server.should_exit = True
            with suppress(asyncio.CancelledError):
                await task
