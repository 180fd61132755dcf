"""``dipemu deliveries``: what was, is or could not be delivered to webhooks, and sending it once more."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table

from dipemu.cli.asking import SERVER, Server, Text, ask, given, print_table
from dipemu.cli.console import out

app = typer.Typer(no_args_is_help=True, help="See deliveries to webhooks; send an abandoned one once more.")


@app.command("list")
def listing(
    state: Annotated[str | None, typer.Option(help="waiting, delivered, abandoned or dropped")] = None,
    recipient: Annotated[str | None, typer.Option(help="DIP ID")] = None,
    channel: Annotated[str | None, typer.Option(help="IF-031, or STATUS")] = None,
    mpan: Text = None,
    sender: Annotated[str | None, typer.Option(help="DIP ID")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    server: Server = SERVER,
) -> None:
    """List deliveries, oldest first."""
    filters = given(state=state, recipient=recipient, channel=channel, mpan=mpan, sender=sender)
    found = ask(server, "GET", "/api/deliveries", filters | {"limit": str(limit)})["deliveries"]
    table = Table("ID", "Publication", "MPAN", "Recipient", "State", "Attempts", "Last answer", "Since")
    for one in found:
        table.add_row(
            str(one["id"]),
            f"{one['publication']} {one['event'] or ''}",
            one["mpan"] or "",
            one["recipient"],
            _state(one),
            str(one["attempts"]),
            str(one["status"] or ""),
            one["createdAt"][:19],
        )
    print_table(table)


def _state(one: dict[str, Any]) -> str:
    step, replayed = one["heldByStep"], " (replayed)" if one["replay"] else ""
    held = "" if step is None else f", held: waiting for release of step {step}"
    return f"{one['state']}{replayed}{held}"


@app.command("requeue")
def requeue(
    identifiers: Annotated[list[int], typer.Argument(metavar="ID...", help="As `deliveries list` shows it")],
    server: Server = SERVER,
) -> None:
    """Deliver these once more, marked as replayed."""
    for identifier in identifiers:
        ask(server, "POST", f"/api/deliveries/{identifier}/requeue")
        out.print(f"delivery {identifier} is sent once more")
