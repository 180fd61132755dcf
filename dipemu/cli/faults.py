"""``dipemu faults``: what shall go wrong, for whom, how often."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from dipemu.cli.asking import SERVER, Server, Text, ask, given, print_table
from dipemu.cli.console import USAGE, fail, out

app = typer.Typer(
    no_args_is_help=True, help="Let deliveries or answers go wrong, to see how your system takes it."
)
_SHOWN = ("party", "interface", "event", "mpan", "run", "probability", "times", "seconds", "status", "until")


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Of the rule; one of the same name is replaced")],
    fault: Annotated[
        str,
        typer.Argument(
            help="delay, duplicate, reorder, drop, 'lose answer', 'bad signature', 'expired certificate', "
            "'wrong environment', 'replay flag', outage, answer, 'answer after'"
        ),
    ],
    where: Annotated[
        str | None, typer.Option(help="delivery: to your webhook (default); intake: what you send")
    ] = None,
    party: Annotated[str | None, typer.Option(help="DIP ID: who receives or, at intake, sends")] = None,
    interface: Annotated[str | None, typer.Option(help="IF-031, in both directions")] = None,
    event: Annotated[str | None, typer.Option(help="[MSApp]")] = None,
    mpan: Text = None,
    run: Annotated[str | None, typer.Option(help="A run's ID: its MPAN alone")] = None,
    probability: Annotated[float | None, typer.Option(help="Per message, 0 to 1. Default 1")] = None,
    times: Annotated[int | None, typer.Option(help="At most so often. Default: always")] = None,
    seconds: Annotated[float | None, typer.Option(help="Of a delay, or a reordering at most")] = None,
    status: Annotated[int | None, typer.Option(help="Of an answer. Default 503")] = None,
    hours: Annotated[float | None, typer.Option(help="Of an outage. Default 1")] = None,
    server: Server = SERVER,
) -> None:
    """Add a rule; it counts at once, until it is removed."""
    conditions = given(where=where, party=party, interface=interface, event=event, mpan=mpan, run=run)
    measures = given(probability=probability, times=times, seconds=seconds, status=status, hours=hours)
    ask(server, "POST", "/api/faults", body={"name": name, "fault": fault} | conditions | measures)
    out.print(f"{name} is in force", soft_wrap=True, markup=False)


@app.command("load")
def load(
    file: Annotated[Path, typer.Argument(help="YAML or JSON: a rule, or a list of them")],
    server: Server = SERVER,
) -> None:
    """Add all rules of a file, or none."""
    import yaml

    try:
        rules = yaml.safe_load(file.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as fault:
        raise typer.Exit(fail(f"cannot read {file}: {fault}", USAGE)) from fault
    added = ask(server, "POST", "/api/faults", body=rules)["faults"]
    out.print(f"{len(added)} rules are in force: {', '.join(rule['name'] for rule in added)}", soft_wrap=True)


@app.command("list")
def listing(server: Server = SERVER) -> None:
    """The rules in force."""
    table = Table("Name", "Fault", "Where", "For")
    for rule in ask(server, "GET", "/api/faults")["faults"]:
        table.add_row(rule["name"], rule["fault"], rule["where"], _told(rule))
    print_table(table)


def _told(rule: dict[str, Any]) -> str:
    return ", ".join(f"{name} {rule[name]}" for name in _SHOWN if name in rule)


@app.command("remove")
def remove(name: str, server: Server = SERVER) -> None:
    """Remove a rule: what it held back goes on."""
    from urllib.parse import quote

    ask(server, "DELETE", f"/api/faults/{quote(name, safe='')}")
    out.print(f"{name} is in force no more", soft_wrap=True, markup=False)
