"""What ``dipemu evidence`` shows: for people, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dipemu.cli.console import out

if TYPE_CHECKING:
    from services.qualification.verification import Verification

_PIPED_WIDTH = 260  # nothing is cut short for whoever reads it from a pipe
_MARKS = {"good": ("good", "green"), "bad": ("BAD", "bold red"), "not known": ("not known", "yellow")}
_COLOURS = {"sound": "green", "broken": "red"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def print_json(document: Any) -> None:
    """Any JSON value on standard output."""
    out.file.write(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n")


def document(path: Path, verification: Verification) -> dict[str, Any]:
    """The verification for programs."""
    from services.qualification.packs import shown

    about = verification.about
    return {
        "evidence": shown(path),
        "outcome": verification.outcome.value,
        "sentence": verification.sentence,
        "signer": verification.signer,
        "fingerprint": about.get("fingerprint"),
        "run": about.get("run"),
        "scenario": about.get("scenario"),
        "checks": [
            {"check": line.name, "result": line.result.value, "text": line.text, "findings": line.findings}
            for line in verification.lines
        ],
        "messages": [
            {
                "line": one.line,
                "message": one.event.interface,
                "what": one.event.kind.value,
                "schema": one.schema.result,
                "signature": one.word,
                "text": f"{one.signature.text} {one.schema.text}",
            }
            for one in verification.messages
        ],
    }


def print_verification(path: Path, verification: Verification) -> None:
    """The verification for people."""
    from services.qualification.packs import shown

    about = verification.about
    printer = out if out.is_terminal else Console(highlight=False, width=_PIPED_WIDTH)
    printer.print(_plain(shown(path)), style="bold", soft_wrap=True)
    for name, value in _facts(about):
        printer.print(_plain(f"  {name:<12} {value}"), soft_wrap=True)
    table = Table("Check", "Result", "What was found", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for line in verification.lines:
        mark, style = _MARKS[line.result.value]
        table.add_row(Text(line.name), Text(mark, style), _plain("\n".join((line.text, *line.findings))))
    printer.print(table)
    word = Text(verification.outcome.value.upper(), _COLOURS.get(verification.outcome.value, "yellow"))
    printer.print(Text.assemble(word, "  ", verification.sentence), soft_wrap=True)


def print_messages(verification: Verification) -> None:
    """The checks of every message."""
    table = Table(
        "Line", "Message", "What", "Schema", "Signature", "What was found", box=None, padding=(0, 2, 0, 0)
    )
    for one in verification.messages:
        event = one.event
        words = (event.interface or "–", event.kind.value, one.schema.result, one.word, one.signature.text)
        table.add_row(str(one.line), *map(_plain, words))
    (out if out.is_terminal else Console(highlight=False, width=_PIPED_WIDTH)).print(table)


def _plain(text: str) -> Text:
    """Text of a pack for people; what would steer their terminal is not passed on."""
    return Text("".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text))


def _facts(about: Any) -> Iterator[tuple[str, str]]:
    if about:
        run, scenario = about["run"], about["scenario"]
        yield "run", f"{run['name']}, MPAN {run.get('mpan')}"
        yield "scenario", f"{scenario['id']}, revision {scenario['revision']}"
        yield "verdict", str(run["verdict"] or "none yet")
        if "fingerprint" in about:
            yield "fingerprint", about["fingerprint"]


def row(path: Path, verification: Verification | None) -> dict[str, str]:
    """One pack of an overview; ``verification`` None: it is no evidence."""
    from services.qualification.packs import shown

    about = verification.about if verification else {}
    run, scenario, times = (about.get(name) or {} for name in ("run", "scenario", "times"))
    parties = [party for party in about.get("parties") or () if party.get("who") == "QP"]
    signer = (verification.signer if verification else None) or {}
    values = {
        "evidence": shown(path),
        "run": run.get("name"),
        "scenario": scenario.get("id"),
        "participant": ", ".join(f"{p['key']} {p['dipId']} {p['organisation']}".strip() for p in parties),
        "verdict": run.get("verdict"),
        "ended": times.get("ended"),
        "outcome": verification.outcome.value if verification else "no evidence",
        "signer": signer.get("subject"),
        "fingerprint": about.get("fingerprint"),
    }
    return {name: str(value or "") for name, value in values.items()}


def print_csv(rows: list[dict[str, str]]) -> None:
    """A value that a spreadsheet would take for a formula is written as text."""
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows({n: f"'{v}" if v.startswith(_FORMULA) else v for n, v in row.items()} for row in rows)
    out.file.write(text.getvalue())


def print_rows(rows: list[dict[str, str]]) -> None:
    """The overview for people."""
    table = Table("Run", "Scenario", "Participant", "Verdict", "Ended", "Outcome", "Evidence")
    for row in rows:
        first = [_plain(row[name] or "–") for name in ("run", "scenario", "participant", "verdict")]
        outcome = Text(row["outcome"], _COLOURS.get(row["outcome"], "yellow"))
        table.add_row(*first, _plain(row["ended"][:19].replace("T", " ")), outcome, _plain(row["evidence"]))
    printer = out if out.is_terminal else Console(highlight=False, width=_PIPED_WIDTH)
    printer.print(table)
    sound = sum(row["outcome"] == "sound" for row in rows)
    printer.print(f"{sound} of {len(rows)} sound", soft_wrap=True)
