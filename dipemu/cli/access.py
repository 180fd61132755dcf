"""``dipemu access``: tokens for those who use ``/api`` and the pages from another machine."""

from __future__ import annotations

from typing import Annotated

import typer

from dipemu.cli.console import USAGE, fail, out
from dipemu.cli.up import DataOption, settings_for

app = typer.Typer(no_args_is_help=True, help="Give and take away access to /api and /ui.")
Name = Annotated[str, typer.Argument(metavar="NAME", help="Who the token is for: a person or a program")]


@app.command("add")
def add(name: Name, data: DataOption = None) -> None:
    """Give a token. It is printed once and kept nowhere; it counts at once, without a restart."""
    from backbone.clock import BusinessClock
    from dipemu.access import AccessTokens
    from dipemu.composition import data_directory
    from dipemu.errors import AccessInvalid

    tokens = AccessTokens(data_directory(settings_for(data)))
    try:
        token = tokens.add(name, BusinessClock().now())
    except AccessInvalid as fault:
        raise typer.Exit(fail(str(fault), USAGE)) from fault
    out.print(token, soft_wrap=True, markup=False)


@app.command("remove")
def remove(name: Name, data: DataOption = None) -> None:
    """Take a token away; it counts at once."""
    from dipemu.access import AccessTokens
    from dipemu.errors import AccessInvalid

    try:
        AccessTokens(settings_for(data).data).remove(name)
    except AccessInvalid as fault:
        raise typer.Exit(fail(str(fault), USAGE)) from fault
    out.print(f"{name} has no access any more", soft_wrap=True)


@app.command("list")
def listing(data: DataOption = None) -> None:
    """Who has a token, and since when."""
    from dipemu.access import AccessTokens

    given = AccessTokens(settings_for(data).data).given()
    for name, since in given.items():
        out.print(f"{name}  since {since}", soft_wrap=True, markup=False)
    if not given:
        out.print("nobody has a token")
