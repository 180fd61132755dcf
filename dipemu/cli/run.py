"""``dipemu run``: run a test case and say what came of it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import typer
from rich.live import Live

from dipemu.cli import run_options
from dipemu.cli.console import FAILED, FAULT, PASSED, USAGE, fail, out
from dipemu.cli.runs import fetch_evidence
from dipemu.cli.up import listen_or_end, settings_for
from dipemu.client import RunClient
from dipemu.errors import ServerRefused

EXIT_CODES = {"passed": PASSED, "failed": FAILED}
AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks for. ``ids``, ``themes`` and ``everything`` choose the test cases."""

    ids: list[str]
    themes: list[str]
    everything: bool
    at_once: int | None
    request: dict[str, Any]
    server: str | None
    port: int | None
    data: Path | None
    evidence: Path | None
    junit: Path | None
    json: Path | None

    @property
    def one(self) -> bool:
        """Whether a single test case is named, which is shown step by step."""
        return len(self.ids) == 1 and not self.themes and not self.everything

    @property
    def wrong(self) -> str | None:
        """What cannot be meant, if anything."""
        if not (self.ids or self.themes or self.everything):
            return "name a test case, or give --theme or --all; `dipemu scenarios list` shows what there is"
        if self.request["mpan"] and not self.one:
            return "--mpan goes with one test case: every run needs an MPAN of its own"
        if self.request["mode"] == "stepwise" and not self.one:
            return "--stepwise goes with one test case: you press Run for each of its steps"
        return None


def run(
    scenarios: run_options.Ids = None,
    theme: run_options.Themes = None,
    everything: run_options.Everything = False,
    at_once: run_options.AtOnce = None,
    participant: run_options.Participants = None,
    inject: run_options.Inject = None,
    server: run_options.Server = None,
    timeout: run_options.Timeout = 300,
    mpan: run_options.Mpan = None,
    port: run_options.Port = None,
    data: run_options.Data = None,
    stepwise: run_options.Stepwise = False,
    label: run_options.Label = None,
    evidence: run_options.Evidence = None,
    junit: run_options.Junit = None,
    json: run_options.Json = None,
) -> None:
    """Run test cases. Roles not named with --participant are played by the harness.

    Before the first wait it tells what your system needs to know and what it is to do at each of its
    steps. Exit code 0: passed; 1: failed; 2: usage; 3: the harness's own error. Of several the worst counts:
    3, then 2, then 1. With --theme and --all only those are run in which your system has a role to play.
    """
    request = {
        "participants": _participants(participant or []),
        "inject": inject or [],
        "timeout": timeout,
        "mpan": mpan,
        "mode": "stepwise" if stepwise else "automatic",
        "label": label,
    }
    chosen = (scenarios or [], theme or [], everything, at_once)
    wish = Wish(*chosen, request, server, port, data, evidence, junit, json)
    raise typer.Exit(fail(wish.wrong, USAGE) if wish.wrong else _exit_code(wish))


def _exit_code(wish: Wish) -> int:
    try:
        return asyncio.run(_run(wish))
    except ServerRefused as refusal:
        return fail(str(refusal), USAGE)


def _participants(given: list[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    wrong = [role for role, equals, dip_id in pairs if not (role and equals and dip_id)]
    if wrong:
        raise typer.Exit(
            fail(f"--participant takes ROLE=DIP-ID, as SUPI=2300000012; got {wrong[0]!r}", USAGE)
        )
    return {role: dip_id for role, _, dip_id in pairs}


async def _run(wish: Wish) -> int:
    async with _client(wish) as client:
        if not wish.one:
            return await _run_several(client, wish)
        document = await client.start({**wish.request, "scenario": wish.ids[0]})
        _write_json(wish, document)
        if document["mode"] == "stepwise":
            _tell_how_to_release(client, document)
        document = await _watch(client, document)
        folder = await fetch_evidence(client, document, wish.evidence)
    _write_json(wish, document)
    if wish.junit:
        wish.junit.parent.mkdir(parents=True, exist_ok=True)
        wish.junit.write_bytes((folder / "junit.xml").read_bytes())
    return _conclude(document, folder)


async def _run_several(client: RunClient, wish: Wish) -> int:
    from dipemu.cli.run_many import Batch, run_many

    batch = Batch(
        ids=wish.ids,
        themes=wish.themes,
        everything=wish.everything,
        at_once=wish.at_once or (1 if wish.request["participants"] else AT_ONCE),
        request=wish.request,
        evidence=wish.evidence or Path("evidence"),
        junit=wish.junit,
        json=wish.json,
    )
    return await run_many(client, batch, partial(fetch_evidence, client))


@asynccontextmanager
async def _client(wish: Wish) -> AsyncIterator[RunClient]:
    import httpx

    async with httpx.AsyncClient() as http:
        if wish.server:
            yield RunClient(http, wish.server)
            return
        async with _embedded(wish) as url:
            yield RunClient(http, url)


@asynccontextmanager
async def _embedded(wish: Wish) -> AsyncIterator[str]:
    """A composition for this run alone; a participant must be registered, so it gets the usual directory."""
    from dipemu.composition import announce, open_composition
    from dipemu.server import serving, url_of

    usual = bool(wish.request["participants"])
    with tempfile.TemporaryDirectory(prefix="dipemu-") as fresh:
        port = wish.port if wish.port is not None else (settings_for(None).port if usual else 0)
        endpoint = listen_or_end("127.0.0.1", port)
        url = url_of(endpoint)
        settings = settings_for(wish.data or (None if usual else Path(fresh)), public_url=url)
        async with open_composition(settings) as composition, serving(composition.served, endpoint):
            announce(settings, url)
            yield url


async def _watch(client: RunClient, document: dict[str, Any]) -> dict[str, Any]:
    from services.qualification.console import render, render_briefing

    if any(step["who"] == "QP" for step in document["steps"]):
        out.print(render_briefing(document))
    with Live(render(document), console=out, auto_refresh=False, transient=not out.is_terminal) as live:
        async for latest in client.follow(document):
            document = latest
            live.update(render(document), refresh=out.is_terminal)
    if not out.is_terminal:
        out.print(render(document))
    return document


def _tell_how_to_release(client: RunClient, document: dict[str, Any]) -> None:
    where = f"{document['id']} --server {client.server}"
    out.print(f"Run the held step:    dipemu runs release {where}", soft_wrap=True)
    out.print(f"Let the rest flow:    dipemu runs flow {where}", soft_wrap=True)


def _write_json(wish: Wish, document: dict[str, Any]) -> None:
    if wish.json:
        wish.json.parent.mkdir(parents=True, exist_ok=True)
        wish.json.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")


def _conclude(document: dict[str, Any], folder: Path) -> int:
    verdict = document["verdict"]
    colour = {"passed": "green", "failed": "red"}.get(verdict, "yellow")
    out.print(f"[bold {colour}]{verdict.upper()}[/bold {colour}]  {document['scenario']}", soft_wrap=True)
    if document.get("summary"):
        out.print(document["summary"], soft_wrap=True, markup=False)
    out.print(f"evidence  {folder / 'report.html'}", soft_wrap=True)
    return EXIT_CODES.get(verdict, FAULT)
