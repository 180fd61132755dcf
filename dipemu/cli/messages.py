"""``dipemu messages``: find any message of a running DIP Emulator and see what became of it."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table

from dipemu.cli.asking import SERVER, Server, Text, ask, given, print_table
from dipemu.cli.console import PASSED, out

app = typer.Typer(no_args_is_help=True, help="Find messages and see their whole life.")


@app.command("list")
def listing(
    mpan: Text = None,
    party: Annotated[str | None, typer.Option(help="DIP ID of the sender or a recipient")] = None,
    reference: Annotated[str | None, typer.Option(help="senderUniqueReference")] = None,
    correlation: Text = None,
    transaction: Text = None,
    interface: Annotated[str | None, typer.Option(help="IF-031, PUB-031 or CSS01700")] = None,
    since: Annotated[str | None, typer.Option(help="2026-03-21T19:05:00+00:00, inclusive")] = None,
    until: Annotated[str | None, typer.Option(help="as --since, exclusive")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    server: Server = SERVER,
) -> None:
    """List messages, newest first."""
    filters = given(
        mpan=mpan,
        party=party,
        reference=reference,
        correlation=correlation,
        transaction=transaction,
        interface=interface,
        since=since,
        until=until,
    )
    found = ask(server, "GET", "/api/messages", filters | {"limit": str(limit)})
    table = Table("At", "Message", "MPAN", "Sender", "Status", "Recipients", "Transaction ID")
    for message in found["messages"]:
        table.add_row(*_row(message))
    print_table(table)
    raise typer.Exit(PASSED)


@app.command("show")
def show(
    identifier: Annotated[str, typer.Argument(metavar="ID", help="Transaction ID or senderUniqueReference")],
    bodies: Annotated[bool, typer.Option("--bodies", help="With headers and bodies")] = False,
    server: Server = SERVER,
) -> None:
    """Show everything that happened to one message, in order."""
    for event in ask(server, "GET", f"/api/messages/{identifier}")["events"]:
        out.print(f"{event['at']}  {_told(event)}", soft_wrap=True, markup=False)
        if bodies:
            for name, value in event["headers"].items():
                out.print(f"    {name}: {value}", soft_wrap=True, markup=False)
            out.print(f"    {event['body'] or ''}", soft_wrap=True, markup=False)


def _row(message: dict[str, Any]) -> list[str]:
    recipients = [f"{dip_id} {known['status']}" for dip_id, known in message["recipients"].items()]
    codes = " ".join(message["codes"])
    return [
        message["at"][:19],
        f"{message['interface'] or '?'} {message['event'] or ''}",
        message["mpan"] or "",
        message["sender"] or "",
        f"{message['status']} {codes}".strip(),
        "\n".join(recipients),
        message["transactionId"] or message["reference"] or "",
    ]


def _told(event: dict[str, Any]) -> str:
    details = event["details"]
    parts = [
        event["kind"],
        event["interface"] or "",
        f"to {event['recipient']}" if event["recipient"] else f"from {event['sender']}",
        " ".join(event["codes"]),
        f"attempt {details['attempt']}" if "attempt" in details else "",
        f"answered {details['status']}" if details.get("status") else details.get("error") or "",
        details.get("reason") or "",
    ]
    return "  ".join(part for part in parts if part)
