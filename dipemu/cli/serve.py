"""``dipemu serve`` and ``dipemu prepare``: the distributed composition, one process per service."""

from __future__ import annotations

import asyncio
import signal
from typing import Annotated

import typer

from dipemu.cli.console import FAULT, USAGE, fail, out
from dipemu.cli.up import DataOption, run_loop, settings_for


def serve(
    service: Annotated[str, typer.Argument(help="dip_gateway, registration, css_stub, qualification, …")],
    host: Annotated[str | None, typer.Option(help="Address to listen on. Default 127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on. Default 8080")] = None,
    data: DataOption = None,
) -> None:
    """Run one service of the distributed composition.

    Settings: DIPEMU_KAFKA, DIPEMU_DATABASE_URL, DIPEMU_SERVICE_URLS.

    Several processes of one service share its work. Run `dipemu prepare` once before.
    """
    from dipemu.composition import PREFIXES
    from dipemu.distributed import open_service
    from dipemu.server import listen, serving, url_of

    if service not in PREFIXES:
        raise typer.Exit(fail(f"no such service: {service}. One of {', '.join(PREFIXES)}", USAGE))
    settings = settings_for(data, host=host, port=port)
    try:
        endpoint = listen(settings.host, settings.port)
    except OSError as fault:
        problem = f"cannot listen on {settings.host}:{settings.port}: {fault.strerror}"
        raise typer.Exit(fail(problem, FAULT)) from fault

    async def main() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with open_service(settings, service) as composition, serving(composition.served, endpoint):
            out.print(f"{service} serves {url_of(endpoint)}", soft_wrap=True)
            await stop.wait()

    run_loop(main())


def prepare(data: DataOption = None) -> None:
    """Once before the services start: migrations, certificate authority, the harness's own parties."""
    from dipemu.distributed import prepare as prepare_composition

    asyncio.run(prepare_composition(settings_for(data)))
    out.print("prepared: database, certificate authority, parties of the harness")
