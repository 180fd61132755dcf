"""The ``dipemu`` command. Scripts rely on the names, the exit codes and what goes to standard output."""

from __future__ import annotations

import sys
import traceback
from typing import Annotated

import typer

from dipemu import VERSION
from dipemu.cli import (
    access,
    contracts,
    db,
    deliveries,
    evidence,
    faults,
    messages,
    participants,
    participants_change,
    run,
    runs,
    sample,
    scenarios,
    serve,
    up,
    validate,
)
from dipemu.cli.console import FAULT, PASSED, fail

app = typer.Typer(
    name="dipemu",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help=(
        "Qualification test harness for Britain's half-hourly settlement market: the DIP, the parties "
        "behind it, and the judge.\n\n"
        "[bold]Start here[/bold]\n\n"
        "  dipemu run SITFTS0020-Smart-Single      every role played by the harness\n\n"
        "  dipemu up                               a DIP on this machine, for your own system\n\n"
        "  dipemu participants add --role SUP --mpid ABCD --out my-supplier\n\n"
        "  dipemu run SITFTS0020-Smart-Single --server http://127.0.0.1:8080 --participant SUPI=2300000012"
    ),
)
participants.app.add_typer(participants_change.app)
app.add_typer(participants.app, name="participants")
app.add_typer(scenarios.app, name="scenarios")
app.add_typer(messages.app, name="messages")
app.add_typer(runs.app, name="runs")
app.add_typer(deliveries.app, name="deliveries")
app.add_typer(faults.app, name="faults")
app.add_typer(contracts.app, name="contracts")
app.add_typer(evidence.app, name="evidence")
app.add_typer(db.app, name="db")
app.add_typer(access.app, name="access")
app.command("up")(up.up)
app.command("run")(run.run)
app.command("validate")(validate.validate)
app.command("sample")(sample.sample)
app.command("serve")(serve.serve)
app.command("prepare")(serve.prepare)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"dipemu {VERSION}")
        raise typer.Exit(PASSED)


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Options that stand before any command."""


def main() -> None:
    """Run the command line; faults that we name are told in a sentence, not in a traceback."""
    from backbone.errors import BackboneError
    from contracts.errors import ContractError
    from dipemu.errors import CompositionError
    from participant.errors import ParticipantError

    try:
        app()
    except (BackboneError, CompositionError, ContractError, ParticipantError) as fault:
        sys.exit(fail(str(fault), FAULT))
    except Exception as fault:
        traceback.print_exc()
        # Python's own exit code would be 1, and 1 is a verdict: nobody is blamed for a fault of ours.
        raise SystemExit(fail("this is a fault of the harness", FAULT)) from fault
