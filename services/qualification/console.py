"""The run document and the scenario, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from services.qualification.format import Scenario, Step

_STYLES = {
    "passed": "bold green",
    "attested": "bold green",
    "failed": "bold red",
    "error": "bold magenta",
    "waiting for participant": "bold yellow",
    "waiting for harness": "cyan",
    "held for the tester": "bold blue",
    "unknown": "yellow",
}
_COLUMNS = ("Step", "Description", "Source", "Recipient", "Message", "Who", "Valid", "Status", "Evidence")
_LEFT_OUT_WHEN_NARROW = {"Valid", "Evidence"}
_NARROW = 105  # characters; below, a table with every column would break words
_NARROW_SCENARIO = 78


class StepTable:
    """A table of steps that leaves out its least telling columns where the terminal is narrow."""

    def __init__(
        self, title: str, columns: Sequence[str], rows: Sequence[Mapping[str, Text]], narrow: int = _NARROW
    ) -> None:
        self._title = title
        self._columns = columns
        self._rows = rows
        self._narrow = narrow

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        narrow = options.max_width < self._narrow
        shown = [name for name in self._columns if not (narrow and name in _LEFT_OUT_WHEN_NARROW)]
        table = Table(title=Text(self._title, "bold"), title_justify="left", box=box.SIMPLE_HEAD)
        table.padding = (0, 1, 0, 0)
        for name in shown:
            free = name in ("Description", "Status")
            table.add_column(name, no_wrap=not free, ratio=1 if name == "Description" and narrow else None)
        for row in self._rows:
            table.add_row(*(row[name] for name in shown))
        yield table


def render(document: Mapping[str, Any]) -> RenderableType:
    """The step table as it stands, and under it what is waited for or what went wrong."""
    title = f"{document['testScenario']} · {document['testCase']} · MPAN {document['mpan']}"
    return Group(StepTable(title, _COLUMNS, [_row(s) for s in document["steps"]]), *_remarks(document))


def _row(step: Mapping[str, Any]) -> dict[str, Text]:
    description = step["description"] + (f" ({step['note']})" if step["note"] else "")
    return {
        "Step": Text(str(step["step"])),
        "Description": Text(description),
        "Source": Text(step["source"]),
        "Recipient": Text(step["recipient"]),
        "Message": Text(_message(step["message"], step["event"])),
        "Who": Text(step["who"]),
        "Valid": Text(step["valid"]),
        "Status": Text(step["status"], _STYLES.get(step["result"], "dim")),
        "Evidence": Text(step["evidence"]),
    }


def _message(message: str, event: str | None) -> str:
    return f"{message}\n{event}" if event else message


def _remarks(document: Mapping[str, Any]) -> Iterator[RenderableType]:
    for step in document["steps"]:
        waiting = step["result"].startswith(("waiting", "held"))
        if not waiting and step["result"] not in ("failed", "error", "unknown"):
            continue
        style = _STYLES.get(step["result"], "")
        yield Text.assemble((f"Step {step['step']} {step['status']}: ", style), step["explanation"])
        yield from (Text(f"  nearest: {_near(near)}") for near in step["nearMisses"][:3])


def _near(near: Mapping[str, Any]) -> str:
    misses = [f"{miss['field']} expected {miss['expected']}, seen {miss['seen']}" for miss in near["misses"]]
    misses += [f"refused because: {near['reason']}"] if near["reason"] else []
    return f"{near['what']} {near['reference'] or ''}: {'; '.join(misses) or 'it came too late'}"


def render_briefing(document: Mapping[str, Any]) -> RenderableType:
    """What the tester needs before the first wait."""
    return Panel(Group(*_briefing(document)), title="Before the first step", title_align="left", expand=False)


def _briefing(document: Mapping[str, Any]) -> Iterator[RenderableType]:
    facts = Table.grid(padding=(0, 2))
    facts.add_row(Text("MPAN"), Text(document["mpan"], "bold"))
    if "supplyStartDate" in document:
        facts.add_row(Text("Supply start date"), Text(document["supplyStartDate"], "bold"))
    for hook in document["webhooks"]:
        facts.add_row(Text(f"Webhook {hook['party']} {hook['channel']}"), Text(hook["text"]))
    facts.add_row(Text("Time for each step"), Text(f"{document['timeoutSeconds']:g} s"))
    yield facts
    yield from (Text(f"Warning: {text}", "bold yellow") for text in document["preflight"])
    yield Text("")
    yield _parties(document)
    yield Text("")
    yield _site_data(document)
    yield Text("")
    yield Text("What your system is to do", "bold")
    for item in document["instructions"]:
        name = f"{item['message']} {item['event'] or ''}".strip()
        yield Text.assemble(
            (f"Step {item['step']} ", "bold"), (f"{item['party']} {name}: ", "cyan"), item["text"]
        )


def _parties(document: Mapping[str, Any]) -> Table:
    table = Table("Role", "Party", "DIP ID", "MPID", "Played by", box=None, padding=(0, 2, 0, 0))
    for party in document["parties"]:
        played = "your system (QP)" if party["who"] == "QP" else "harness (QTE)"
        texts = (party["key"], party["title"], party["dipId"], party["mpid"], played)
        table.add_row(*map(Text, texts))
    return table


def _site_data(document: Mapping[str, Any]) -> Table:
    table = Table("Site data", "", box=None, padding=(0, 2, 0, 0))
    for name, value in document["siteData"].items():
        if isinstance(value, list):
            texts = [", ".join(f"{k} {v}" for k, v in item.items()) for item in value]
            table.add_row(Text(name), Text("\n".join(texts)))
        else:
            table.add_row(Text(name), Text(str(value)))
    return table


def render_scenario(scenario: Scenario) -> RenderableType:
    """One test case: what it is about, its roles and its steps."""
    title = Text("Roles", "bold")
    roles = Table("Role", "Party", "DIP role", "May be a participant", title=title, title_justify="left")
    roles.box, roles.padding = box.SIMPLE_HEAD, (0, 1, 0, 0)
    for name, role in scenario.roles.items():
        roles.add_row(name, role.title, role.role, "yes" if role.participant else "no")
    columns = [name for name in _COLUMNS if name not in ("Who", "Status")]
    steps = StepTable("Steps", columns, [_scenario_row(step) for step in scenario.steps], _NARROW_SCENARIO)
    head = Text.assemble((scenario.test_case, "bold"), f"\n{scenario.test_scenario}: {scenario.title}\n\n")
    return Group(head, Text(scenario.summary), Text(""), roles, steps)


def _scenario_row(step: Step) -> dict[str, Text]:
    return {
        "Step": Text(str(step.step)),
        "Description": Text(step.description),
        "Source": Text(step.source),
        "Recipient": Text(step.recipient),
        "Message": Text(_message(step.message, step.event)),
        "Valid": Text(step.valid),
        "Evidence": Text(step.evidence),
    }
