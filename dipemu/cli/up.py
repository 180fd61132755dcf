"""``dipemu up``: the embedded composition, until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dipemu.cli.console import FAULT, USAGE, fail, out

if TYPE_CHECKING:
    import socket
    import ssl

    from backbone.settings import Settings
    from dipemu.composition import Composition

DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="Data directory: log, database, keys. Default: $DIPEMU_DATA or .dipemu"),
]


def settings_for(data: Path | None, **given: Any) -> Settings:
    """Settings from the environment, with what the command line gives on top; ``None`` is not given.

    Raises SettingsInvalid, naming the variable.
    """
    from backbone.settings import Settings

    return Settings.load(data=data, **given)


def up(
    host: Annotated[str | None, typer.Option(help="Address to listen on. Default 127.0.0.1")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on; 0 picks a free one. Default 8080")
    ] = None,
    data: DataOption = None,
    contract: Annotated[
        list[str] | None,
        typer.Option(
            metavar="VERSION",
            help="Version of the standard to serve; may be repeated, the first is the default. Default 2.1.0",
        ),
    ] = None,
    tls: Annotated[
        bool,
        typer.Option(
            "--tls",
            help="Mutual TLS: callers must show a certificate that belongs to their DIP ID, as the DIP asks",
        ),
    ] = False,
    control_port: Annotated[
        int, typer.Option(help="With --tls: loopback port for `dipemu run --server` and health, without TLS")
    ] = 8081,
) -> None:
    """Start a DIP with all its counterparties in this process.

    Your system talks to it as it would to the DIP: POST /dip-channel/IF-031, signed. Stop with Ctrl-C;
    what was accepted is kept in the data directory and goes on at the next start.
    """
    began = time.monotonic()
    settings = settings_for(data, host=host, port=port, contracts=contract or None)
    _check_contracts(settings)
    endpoint = listen_or_end(settings.host, settings.port)
    control = listen_or_end("127.0.0.1", control_port) if tls else None
    run_loop(_serve(settings, endpoint, control, began))


def listen_or_end(host: str, port: int) -> socket.socket:
    """A listening socket; a port that is taken ends the command with a sentence."""
    from dipemu.server import listen

    try:
        return listen(host, port)
    except OSError as fault:
        problem = f"cannot listen on {host}:{port}: {fault.strerror}. Try another port, or 0 for a free one."
        raise typer.Exit(fail(problem, FAULT)) from fault


def _check_contracts(settings: Settings) -> None:
    """End the command with a sentence when a version to be served is not there."""
    from contracts.errors import UnknownVersion
    from dipemu.catalogues import catalogue

    try:
        for version in settings.contracts:
            catalogue(settings, version)
    except UnknownVersion as unknown:
        sentence = f"{unknown}. `dipemu contracts import` adds one to the data directory."
        raise typer.Exit(fail(sentence, USAGE)) from unknown


def run_loop(main: Coroutine[Any, Any, None]) -> None:
    """Run ``main`` to its end on the fast event loop."""
    import uvloop

    uvloop.run(main)


async def _serve(
    settings: Settings, endpoint: socket.socket, control: socket.socket | None, began: float
) -> None:
    from dipemu.composition import announce, open_composition
    from dipemu.dispatch import controlled
    from dipemu.server import serving, url_of

    url = settings.public_url or url_of(endpoint, "https" if control else "http")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        composition = await stack.enter_async_context(open_composition(settings))
        tls = _server_context(composition, url) if control else None
        await stack.enter_async_context(serving(composition.served, endpoint, tls))
        if control:
            await stack.enter_async_context(serving(controlled(composition.served), control))
        announce(settings, url)
        _greet(settings, url, url_of(control) if control else url, time.monotonic() - began)
        await stop.wait()
        out.print("stopping: requests under way are finished first")


def _server_context(composition: Composition, url: str) -> ssl.SSLContext:
    from urllib.parse import urlsplit

    from dipemu.tls import server_context

    names = dict.fromkeys([urlsplit(url).hostname or "127.0.0.1", "127.0.0.1", "::1", "localhost"])
    context = composition.context
    return server_context(
        composition.settings.data / "tls", context.authority, list(names), context.trust_anchors
    )


def _greet(settings: Settings, url: str, control: str, seconds: float) -> None:
    from dipemu import VERSION

    out.print(f"[bold]DIP Emulator {VERSION}[/bold] ready in {seconds:.1f} s", soft_wrap=True)
    out.print(f"  gateway     {url}/dip-channel/IF-nnn", soft_wrap=True)
    out.print(f"  CSS         {url}/css/messages", soft_wrap=True)
    out.print(f"  web pages   {control}/ui/", soft_wrap=True)
    out.print(f"  runs        {control}/api/runs", soft_wrap=True)
    out.print(f"  health      {control}/health/ready", soft_wrap=True)
    out.print(f"  data        {settings.data.resolve()}", soft_wrap=True)
    out.print(f"  contracts   {', '.join(settings.contracts)}", soft_wrap=True)
    out.print(
        "  next        dipemu participants add --role SUP --mpid ABCD --out my-supplier", soft_wrap=True
    )
