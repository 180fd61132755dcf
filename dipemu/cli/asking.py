"""Asks a running DIP Emulator, for the commands that print what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.table import Table

from dipemu.cli.console import FAULT, USAGE, fail, out
from dipemu.client import authorisation, reason

SERVER = "http://127.0.0.1:8080"
Server = Annotated[str, typer.Option(help="Address of the DIP Emulator")]
Text = Annotated[str | None, typer.Option()]
_PIPED_WIDTH = 260  # nothing is cut short for whoever reads it from a pipe
_SECONDS = 30.0


def ask(
    server: str, method: str, path: str, query: Mapping[str, str] | None = None, body: object = None
) -> dict[str, Any]:
    """The answer's JSON, empty where there is none. What was refused, or not answered, ends the command."""
    arguments = {"json": body} if body is not None else {}
    try:
        answer = httpx.request(
            method,
            server.rstrip("/") + path,
            params=query,
            headers=authorisation(),
            timeout=_SECONDS,
            **arguments,  # type: ignore[arg-type]
        )
    except (httpx.TransportError, httpx.InvalidURL) as fault:
        text = f"no DIP Emulator answers at {server} ({fault}). Is `dipemu up` running there?"
        raise typer.Exit(fail(text, FAULT)) from fault
    if answer.is_error:
        raise typer.Exit(fail(reason(answer), USAGE))
    document: dict[str, Any] = answer.json() if answer.content else {}
    return document


def given(**values: object) -> dict[str, Any]:
    """What was given on the command line."""
    return {name: value for name, value in values.items() if value is not None}


def print_table(table: Table) -> None:
    """Print it, whole where nobody watches."""
    printer = out if out.is_terminal else Console(highlight=False, width=_PIPED_WIDTH)
    printer.print(table)
