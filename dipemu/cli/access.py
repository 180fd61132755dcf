"""``dipemu access``: tokens for those who use ``/api`` and the pages from another machine."""

from __future__ import annotations

from typing import Annotated

import typer

from backbone.caller import Role
from dipemu.cli.asking import print_table
from dipemu.cli.console import USAGE, fail, out
from dipemu.cli.up import DataOption, settings_for

app = typer.Typer(no_args_is_help=True, help="Give access to /api and /ui, by role, and revoke it.")
Name = Annotated[str, typer.Argument(metavar="NAME", help="Who the token is for: a person or a program")]
RoleOption = Annotated[
    Role,
    typer.Option(
        help="reader: looks at everything, changes nothing; tester: starts and steers runs; admin: everything"
    ),
]
Days = Annotated[
    int | None,
    typer.Option(min=1, max=3660, help="Days for which the token counts. Default: until it is revoked"),
]


@app.command("add")
def add(name: Name, role: RoleOption = Role.TESTER, days: Days = None, data: DataOption = None) -> None:
    """Give a token. It is printed once and kept nowhere; it counts at once, without a restart."""
    from backbone.clock import BusinessClock
    from dipemu.access import AccessTokens
    from dipemu.composition import data_directory
    from dipemu.errors import AccessInvalid

    tokens = AccessTokens(data_directory(settings_for(data)))
    try:
        token = tokens.add(name, BusinessClock().now(), role, days)
    except AccessInvalid as fault:
        raise typer.Exit(fail(str(fault), USAGE)) from fault
    out.print(token, soft_wrap=True, markup=False)


@app.command("revoke")
@app.command("remove", hidden=True)
def revoke(name: Name, data: DataOption = None) -> None:
    """Take a token away; it counts at once, for browsers that are signed in with it, too."""
    from dipemu.access import AccessTokens
    from dipemu.access.uses import Uses
    from dipemu.errors import AccessInvalid

    directory = settings_for(data).data
    try:
        AccessTokens(directory).revoke(name)
    except AccessInvalid as fault:
        raise typer.Exit(fail(str(fault), USAGE)) from fault
    Uses(directory).forget(name)
    out.print(f"{name} has no access any more", soft_wrap=True)


@app.command("list")
def listing(data: DataOption = None) -> None:
    """Who has a token: with which role, since when, used last when, and until when it counts."""
    from rich.table import Table
    from rich.text import Text

    from backbone.clock import BusinessClock
    from dipemu.access import AccessTokens
    from dipemu.access.tokens import Token
    from dipemu.access.uses import Uses
    from dipemu.errors import AccessInvalid

    directory, now = settings_for(data).data, BusinessClock().now()
    uses = Uses(directory)

    def row(token: Token) -> list[str]:
        used, expires = uses.last(token.name), token.expires
        until = "never" if expires is None else f"{expires:%Y-%m-%d %H:%M}"
        last = "never" if used is None else f"{used:%Y-%m-%d %H:%M}"
        since = f"{token.created:%Y-%m-%d %H:%M}"
        return [token.name, token.role, since, last, f"{until} (over)" if token.expired(now) else until]

    try:
        given = AccessTokens(directory).given()
    except AccessInvalid as fault:
        raise typer.Exit(fail(str(fault), USAGE)) from fault
    table = Table("Name", "Role", "Since (UTC)", "Last use (UTC)", "Expires (UTC)")
    for token in given:
        table.add_row(*map(Text, row(token)))
    if given:
        print_table(table)
    else:
        out.print("nobody has a token")
