"""Several test cases with one command: chosen by ID, by theme or all, some at once, one table of results."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from rich import box
from rich.table import Table

from dipemu.cli.console import FAILED, FAULT, PASSED, USAGE, out
from dipemu.client import RunClient
from dipemu.errors import CompositionError, ServerRefused
from services.qualification.console import render_briefing
from services.qualification.junit import RunResult, junit_of_runs

REFUSED = "refused"
EXIT_CODES = {"passed": PASSED, "failed": FAILED, REFUSED: USAGE}
_WORST_FIRST = (FAULT, USAGE, FAILED, PASSED)
_STYLES = {"passed": "green", "failed": "red"}
Fetch = Callable[[dict[str, Any], Path], Awaitable[Path]]


@dataclass(frozen=True, slots=True)
class Batch:
    """What is to be run. ``request``: what all runs share. ``evidence``: the folder of the runs' folders."""

    ids: Sequence[str]
    themes: Sequence[str]
    everything: bool
    at_once: int
    request: Mapping[str, Any]
    evidence: Path
    junit: Path | None
    json: Path | None


async def run_many(client: RunClient, batch: Batch, fetch: Fetch) -> int:
    """Run them all and tell the results; the exit code is that of the worst.

    ``fetch`` puts a run's evidence into a folder. Raises ServerRefused for a test case, a theme or a role
    that there is not, before anything is run.
    """
    scenarios = choose(await client.scenarios(), batch)
    turn = asyncio.Semaphore(batch.at_once)
    runs = (_one(client, scenario, batch, fetch, turn) for scenario in scenarios)
    results = await asyncio.gather(*runs)
    _write(results, batch)
    out.print(_table(results))
    out.print(_count(results), soft_wrap=True)
    out.print(f"evidence  {batch.evidence}", soft_wrap=True, markup=False)
    return worst(result.verdict for result in results)


def worst(verdicts: Iterable[str]) -> int:
    """The exit code of several: the harness's own error first, then what could not be run, then failed."""
    codes = {EXIT_CODES.get(verdict, FAULT) for verdict in verdicts}
    return next(code for code in _WORST_FIRST if code in codes)


def choose(known: Sequence[Mapping[str, Any]], batch: Batch) -> list[Mapping[str, Any]]:
    """The test cases wanted, in their order by theme. ``known``: how the server lists its own.

    By theme and for all only those in which every participant has a role to play. Raises ServerRefused for
    names that are unknown, and when nothing is left.
    """
    _known(batch.ids, {one["id"] for one in known}, "test case")
    _known(batch.themes, {one["theme"] for one in known}, "theme")
    roles = set(batch.request["participants"])
    chosen = [one for one in known if one["id"] in batch.ids or (_wide(one, batch) and _plays(one, roles))]
    if not chosen:
        raise ServerRefused(f"no test case there lets a participant play {' and '.join(sorted(roles))}")
    return sorted(chosen, key=lambda one: (one["theme"], one["id"]))


def _known(wanted: Iterable[str], known: Collection[str], what: str) -> None:
    missing = [name for name in wanted if name not in known]
    if missing:
        raise ServerRefused(f"There is no {what} {missing[0]}. Known: {', '.join(sorted(known))}.")


def _wide(scenario: Mapping[str, Any], batch: Batch) -> bool:
    return batch.everything or scenario["theme"] in batch.themes


def _plays(scenario: Mapping[str, Any], roles: set[str]) -> bool:
    return roles <= {role["key"] for role in scenario["roles"] if role["participant"] and role["steps"]}


async def _one(
    client: RunClient, scenario: Mapping[str, Any], batch: Batch, fetch: Fetch, turn: asyncio.Semaphore
) -> RunResult:
    """One run, from its start to its evidence. What goes wrong with it is its result, and stops no other."""
    async with turn:
        try:
            document = await _ended(client, scenario, batch)
            await fetch(document, batch.evidence / document["name"])
        except ServerRefused as refusal:
            result = RunResult(scenario["id"], scenario["theme"], REFUSED, str(refusal))
        except CompositionError as fault:
            result = RunResult(scenario["id"], scenario["theme"], "error", str(fault))
        else:
            verdict, said = document["verdict"], document["summary"]
            result = RunResult(scenario["id"], scenario["theme"], verdict, said, document)
    style = _STYLES.get(result.verdict, "yellow")
    out.print(f"[{style}]{result.verdict.upper():8}[/{style}] {result.scenario}", soft_wrap=True)
    return result


async def _ended(client: RunClient, scenario: Mapping[str, Any], batch: Batch) -> dict[str, Any]:
    possible = scenario["inject"]
    inject = [message for message in batch.request["inject"] if message in possible]
    document = await client.start({**batch.request, "scenario": scenario["id"], "inject": inject})
    if any(step["who"] == "QP" for step in document["steps"]):
        out.print(f"[bold]{document['scenario']}[/bold]", render_briefing(document))
    return await client.end(document)


def _write(results: Sequence[RunResult], batch: Batch) -> None:
    if batch.junit:
        _put(batch.junit, junit_of_runs(results))
    if batch.json:
        runs = [result.as_json() for result in results]
        counts = Counter(result.verdict for result in results)
        _put(batch.json, orjson.dumps({"verdicts": counts, "runs": runs}, option=orjson.OPT_INDENT_2) + b"\n")


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _table(results: Sequence[RunResult]) -> Table:
    table = Table("Test case", "Theme", "Verdict", "Steps", "Seconds", "What went wrong", box=box.SIMPLE_HEAD)
    table.columns[0].no_wrap = True
    for result in results:
        style = _STYLES.get(result.verdict, "yellow")
        wrong = "" if result.verdict == "passed" else result.summary
        verdict = f"[{style}]{result.verdict}[/{style}]"
        steps = f"{result.steps_passed}/{result.steps}" if result.steps else ""
        table.add_row(result.scenario, result.theme, verdict, steps, f"{result.seconds:.1f}", _plain(wrong))
    return table


def _plain(text: str) -> str:
    """Square brackets are markup to the console, and event codes to everybody else."""
    return text.replace("[", r"\[")


def _count(results: Sequence[RunResult]) -> str:
    counts = Counter(result.verdict for result in results)
    return f"{len(results)} test cases: " + ", ".join(
        f"{count} {verdict}" for verdict, count in counts.items()
    )
