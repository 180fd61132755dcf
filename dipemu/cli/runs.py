"""``dipemu runs``: find runs of a running DIP Emulator, and steer those that have not ended."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import orjson
import typer
from rich.table import Table
from rich.text import Text

from dipemu.cli import asking
from dipemu.cli.asking import SERVER, Server, ask, given, print_table
from dipemu.cli.console import USAGE, fail, out
from dipemu.client import RunClient
from dipemu.errors import ServerRefused

app = typer.Typer(no_args_is_help=True, help="Find runs and steer them: Run, attest, skip, clock, notes.")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)([smhdw]?)")
Document = dict[str, Any]

RunId = Annotated[str, typer.Argument(metavar="RUN", help="The run's ID; see `dipemu runs list`")]
StepNumber = Annotated[int, typer.Argument(metavar="STEP", help="The number of the step")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON")]
By = Annotated[str | None, typer.Option(help="Who says so. With an access token it is the token's name")]
Reason = Annotated[str, typer.Option(help="Why; kept in the evidence")]


@app.command("list")
def listing(
    scenario: asking.Text = None,
    participant: Annotated[str | None, typer.Option(help="DIP ID of a party under test")] = None,
    verdict: Annotated[str | None, typer.Option(help="passed, failed, error or unknown")] = None,
    phase: Annotated[str | None, typer.Option(help="preparing, running, settling or finished")] = None,
    label: asking.Text = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    server: Server = SERVER,
    as_json: AsJson = False,
) -> None:
    """List runs, newest first: those that fit all that is given."""
    filters = given(
        scenario=scenario, participant=participant, verdict=verdict, phase=phase, label=label, limit=limit
    )
    found: Any = ask(server, "GET", "/api/runs", filters)
    if as_json:
        _print_json(found)
        return
    table = Table("Run", "Begun", "Scenario", "MPAN", "Phase", "Step", "Verdict", "Label")
    for run in found:
        table.add_row(*map(Text, _row(run)))
    print_table(table)


def _row(run: Document) -> list[str]:
    step = str(run["currentStep"] or "")
    label = run.get("label") or ""
    return [
        run["id"], run["created"][:19], run["scenario"], run["mpan"],
        run["phase"], step, run["verdict"] or "", label,
    ]  # fmt: skip


@app.command("show")
def show(run: RunId, server: Server = SERVER, as_json: AsJson = False) -> None:
    """Show one run as it stands."""
    _print(_run(server, run), as_json)


@app.command("release")
def release(
    run: RunId,
    step: Annotated[int | None, typer.Argument(metavar="[STEP]", help="Default: the one held now")] = None,
    server: Server = SERVER,
    as_json: AsJson = False,
) -> None:
    """Run: let the harness do its part of the step that a stepwise run holds."""
    number = step or _run(server, run)["currentStep"] or 1
    _order(run, f"steps/{number}/release", server, as_json)


@app.command("flow")
def flow(run: RunId, server: Server = SERVER, as_json: AsJson = False) -> None:
    """Let all the rest of a stepwise run flow."""
    _order(run, "flow", server, as_json)


@app.command("attest")
def attest(
    run: RunId,
    step: StepNumber,
    reason: Reason,
    by: By = None,
    server: Server = SERVER,
    as_json: AsJson = False,
) -> None:
    """Vouch for a step that nothing has decided yet."""
    _order(run, f"steps/{step}/attest", server, as_json, **given(by=by, reason=reason))


@app.command("skip")
def skip(
    run: RunId,
    step: StepNumber,
    reason: Reason,
    by: By = None,
    server: Server = SERVER,
    as_json: AsJson = False,
) -> None:
    """Leave out a step that nothing has decided yet."""
    _order(run, f"steps/{step}/skip", server, as_json, **given(by=by, reason=reason))


@app.command("note")
def note(
    run: RunId,
    text: Annotated[str, typer.Argument(help="What there is to remark")],
    by: By = None,
    server: Server = SERVER,
    as_json: AsJson = False,
) -> None:
    """Add a remark to a run; it goes to its report and its evidence."""
    _order(run, "notes", server, as_json, **given(by=by, text=text))


@app.command("advance")
def advance(
    run: RunId,
    to: Annotated[str | None, typer.Option(help="A moment, as 2026-03-21T00:00:00+00:00")] = None,
    by: Annotated[str | None, typer.Option(help="A span, as 90s, 15m, 36h, 7d or 2w")] = None,
    server: Server = SERVER,
    as_json: AsJson = False,
) -> None:
    """Move the run's business time forward: what is due by then happens now."""
    if (to is None) == (by is None):
        raise typer.Exit(fail("give either --to or --by", USAGE))
    body = {"to": to} if by is None else {"by": _seconds(by)}
    _order(run, "clock", server, as_json, **body)


@app.command("cancel")
def cancel(run: RunId, server: Server = SERVER, as_json: AsJson = False) -> None:
    """End a run now, without a verdict on the step it waits for."""
    _order(run, "cancel", server, as_json)


@app.command("report")
def report(
    run: RunId,
    evidence: Annotated[
        Path | None, typer.Option(help="Folder for the evidence. Default: evidence/<run>")
    ] = None,
    server: Server = SERVER,
    as_json: AsJson = False,
) -> None:
    """Fetch the evidence of a run, as it stands if it has not ended, and say where its report is."""
    place = asyncio.run(_fetched(server, _run(server, run), evidence)) / "report.html"
    if as_json:
        _print_json({"report": str(place)})
        return
    out.print(f"evidence  {place}", soft_wrap=True)


async def _fetched(server: str, run: Document, folder: Path | None) -> Path:
    import httpx

    async with httpx.AsyncClient() as http:
        try:
            return await fetch_evidence(RunClient(http, server), run, folder)
        except ServerRefused as refusal:
            raise typer.Exit(fail(str(refusal), USAGE)) from refusal


async def fetch_evidence(client: RunClient, run: Document, folder: Path | None) -> Path:
    """The evidence of a run in a folder, by default ``evidence/<run>``; the folder."""
    from services.qualification.packs import unzipped, write_pack

    place = folder or Path("evidence") / run["name"]
    files = unzipped(await client.evidence(run["id"]))
    await asyncio.to_thread(write_pack, files, place)
    return place


def _seconds(span: str) -> float:
    found = _SPAN.fullmatch(span.strip())
    if found is None:
        raise typer.Exit(fail(f"--by takes a span, as 90s, 15m, 36h, 7d or 2w; got {span!r}", USAGE))
    return float(found[1]) * _SECONDS[found[2]]


def _run(server: str, run: str) -> Document:
    return ask(server, "GET", _address(run))


def _order(run: str, what: str, server: str, as_json: bool, **body: Any) -> None:
    _print(ask(server, "POST", f"{_address(run)}/{what}", body=body), as_json)


def _address(run: str) -> str:
    return f"/api/runs/{quote(run, safe='')}"


def _print_json(value: Any) -> None:
    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def _print(run: Document, as_json: bool) -> None:
    from services.qualification.console import render

    if as_json:
        _print_json(run)
        return
    out.print(render(run))
    for name, value in _facts(run).items():
        out.print(Text.assemble((f"{name:<15}", "bold"), value), soft_wrap=True)
    for remark in run["notes"]:
        out.print(Text(f"{remark['at'][:19]}  {remark['by']}: {remark['text']}"), soft_wrap=True)


def _facts(run: Document) -> dict[str, str]:
    facts = {
        "Run": run["id"],
        "Label": run.get("label") or "",
        "Mode": run["mode"],
        "Phase": run["phase"],
        "Verdict": run["verdict"] or "",
        "Business time": run["businessTime"],
        "Summary": run["summary"],
    }
    return {name: value for name, value in facts.items() if value}
