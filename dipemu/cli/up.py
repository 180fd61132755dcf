"""``dipemu up``: the embedded composition, until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dipemu.cli.console import FAULT, USAGE, fail, out

if TYPE_CHECKING:
    import socket

    from backbone.settings import Settings

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
) -> None:
    """Start a DIP with all its counterparties in this process.

    Your system talks to it as it would to the DIP: POST /dip-channel/IF-031, signed. Stop with Ctrl-C;
    what was accepted is kept in the data directory and goes on at the next start.
    """
    from dipemu.server import listen

    began = time.monotonic()
    settings = settings_for(data, host=host, port=port, contracts=contract or None)
    _check_contracts(settings)
    try:
        endpoint = listen(settings.host, settings.port)
    except OSError as fault:
        raise typer.Exit(
            fail(f"cannot listen on {settings.host}:{settings.port}: {fault.strerror}. Try --port 0.", FAULT)
        ) from fault
    run_loop(_serve(settings, endpoint, began))


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


async def _serve(settings: Settings, endpoint: socket.socket, began: float) -> None:
    from dipemu.composition import announce, open_composition
    from dipemu.server import serving, url_of

    url = settings.public_url or url_of(endpoint)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with open_composition(settings) as composition, serving(composition.app, endpoint):
        announce(settings, url)
        _greet(settings, url, time.monotonic() - began)
        await stop.wait()
        out.print("stopping: requests under way are finished first")


def _greet(settings: Settings, url: str, seconds: float) -> None:
    from dipemu import VERSION

    out.print(f"[bold]DIP Emulator {VERSION}[/bold] ready in {seconds:.1f} s", soft_wrap=True)
    out.print(f"  gateway     {url}/dip-channel/IF-nnn", soft_wrap=True)
    out.print(f"  CSS         {url}/css/messages", soft_wrap=True)
    out.print(f"  health      {url}/health/ready", soft_wrap=True)
    out.print(f"  data        {settings.data.resolve()}", soft_wrap=True)
    out.print(f"  contracts   {', '.join(settings.contracts)}", soft_wrap=True)
    out.print(
        "  next        dipemu participants add --role SUP --mpid ABCD --out my-supplier", soft_wrap=True
    )
