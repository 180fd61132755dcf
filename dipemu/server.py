"""Serves a composition over HTTP with uvicorn."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn

from dipemu.tls import CertificateProtocol

SWITCH_SECONDS = 0.0005
KEEP_ALIVE_SECONDS = 30  # longer than HTTP clients keep one: they must not send into one just closed


class QuietServer(uvicorn.Server):
    """uvicorn, without taking the process's signals: whoever runs the server decides when it ends."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave the signals alone."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 lets the system choose. Raises OSError when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    endpoint = socket.socket(family, socket.SOCK_STREAM)
    endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        endpoint.bind((host, port))
    except OSError:
        endpoint.close()
        raise
    endpoint.listen(1024)
    endpoint.setblocking(False)  # noqa: FBT003 - the socket's own signature
    return endpoint


def url_of(endpoint: socket.socket, scheme: str = "http") -> str:
    """The URL under which a listening socket is reached on this machine."""
    host, port = endpoint.getsockname()[:2]
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - read, not bound
    return f"{scheme}://[{shown}]:{port}" if ":" in shown else f"{scheme}://{shown}:{port}"


@asynccontextmanager
async def serving(
    app: Callable[..., Any], endpoint: socket.socket, tls: ssl.SSLContext | None = None
) -> AsyncIterator[None]:
    """Serve ``app`` on ``endpoint`` until the block ends, then let requests under way finish."""
    config = uvicorn.Config(
        app,
        http=CertificateProtocol if tls else "httptools",
        ssl_context_factory=(lambda *_: tls) if tls else None,
        lifespan="off",
        access_log=False,
        proxy_headers=False,  # who calls is read from the connection: a proxy is trusted by our own settings
        log_level="warning",
        timeout_graceful_shutdown=5,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        server_header=False,
    )
    # Shorter turns between the event loop and the log's writer thread: each waits for the other's answer.
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()  # what is built by now lives as long as the server: the collector need not look at it again
    server = QuietServer(config)
    task = asyncio.create_task(server.serve(sockets=[endpoint]))
    try:
        while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn offers no event to wait on
            await asyncio.sleep(0.005)
        yield
    finally:
        server.should_exit = True
        await task
