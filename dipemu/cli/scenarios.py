"""``dipemu scenarios``: which test cases there are, what one holds, whether a file is sound."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer
from rich import box
from rich.table import Table

from dipemu.cli.console import FAILED, PASSED, USAGE, fail, out

if TYPE_CHECKING:
    from services.qualification.format import Scenario

app = typer.Typer(no_args_is_help=True, help="List, show and check the test cases.")


@app.command("list")
def listing(
    json: Annotated[bool, typer.Option("--json", help="As JSON, one object per test case")] = False,
) -> None:
    """List the test cases, by theme."""
    from services.qualification.scenario import by_theme, load_scenarios, summary

    themes = by_theme(load_scenarios().values())
    if json:
        entries = [summary(scenario) for scenarios in themes.values() for scenario in scenarios]
        sys.stdout.write(orjson.dumps(entries, option=orjson.OPT_INDENT_2).decode() + "\n")
        return
    for theme, scenarios in themes.items():
        table = Table("ID", "Title", "Steps", title=theme, title_justify="left", box=box.SIMPLE_HEAD)
        table.columns[0].no_wrap = True
        for scenario in scenarios:
            table.add_row(scenario.id, scenario.title, str(len(scenario.steps)))
        out.print(table)


@app.command("show")
def show(
    wanted: Annotated[str, typer.Argument(metavar="ID", help="A test case, or a scenario file")],
    resolved: Annotated[
        bool, typer.Option("--resolved", help="The whole as it runs, in YAML: with bases and step templates")
    ] = False,
) -> None:
    """Show one test case: its roles and its steps."""
    from services.qualification.console import render_scenario
    from services.qualification.scenario import as_yaml

    scenario = _scenario(wanted)
    if resolved:
        sys.stdout.write(as_yaml(scenario))
    else:
        out.print(render_scenario(scenario))


def _scenario(wanted: str) -> Scenario:
    """The one of a file, or the one with this ID."""
    from services.qualification.errors import QualificationError
    from services.qualification.scenario import find, load_scenario, load_scenarios

    try:
        return load_scenario(Path(wanted)) if Path(wanted).is_file() else find(load_scenarios(), wanted)
    except QualificationError as error:
        raise typer.Exit(fail(str(error), USAGE)) from error


@app.command("table")
def table() -> None:
    """Print all test cases as a document in Markdown, by theme, with their messages and roles."""
    from services.qualification.library import markdown
    from services.qualification.scenario import load_scenarios

    sys.stdout.write(markdown(load_scenarios().values()))


@app.command("lint")
def lint(path: Annotated[Path, typer.Argument(help="A scenario file, or a folder of them")]) -> None:
    """Check scenario files: every problem with file, place and what would be right."""
    from services.qualification import scenario

    if not path.exists():
        raise typer.Exit(fail(f"cannot read {path}: no such file", USAGE))
    problems = scenario.lint(path)
    for problem in problems:
        out.print(str(problem), soft_wrap=True, markup=False)
    if not problems:
        out.print(f"{path}: no problems")
    raise typer.Exit(FAILED if problems else PASSED)
