"""``dipemu evidence``: is this evidence what it says it is? Offline, on a folder or a ZIP archive."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dipemu.cli.console import FAILED, PASSED, USAGE, fail, out
from dipemu.cli.up import DataOption, settings_for

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from services.qualification.verification import Verification

app = typer.Typer(no_args_is_help=True, help="Verify, pack and list the evidence of runs, offline.")
_PIPED_WIDTH = 260  # nothing is cut short for whoever reads it from a pipe
_MARKS = {"good": ("good", "green"), "bad": ("BAD", "bold red"), "not known": ("not known", "yellow")}
_COLOURS = {"sound": "green", "broken": "red"}
_COLUMNS = (
    "evidence",
    "run",
    "scenario",
    "participant",
    "verdict",
    "ended",
    "outcome",
    "signer",
    "fingerprint",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

PackArgument = Annotated[
    Path, typer.Argument(metavar="PATH", help="An evidence folder, or a ZIP archive of one")
]
TrustOption = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE",
        help="PEM file: an authority whose signer counts. May be repeated. Default: the authority of the "
        "data directory, if there is one here",
    ),
]
AnySigner = Annotated[
    bool, typer.Option("--any-signer", help="Do not ask who signed: a pack that is whole counts as sound")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON")]


@app.command("verify")
def verify(
    path: PackArgument,
    trust: TrustOption = None,
    any_signer: AnySigner = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Verify one evidence pack: files, journal, signature, every message, the verdict.

    Exit code 0: sound; 1: not sound (broken, unsigned, or by a signer that is not trusted); 2: usage.
    """
    verification = _verified(path, _anchors(trust, data), data)
    if as_json:
        _print_json(_document(path, verification))
    else:
        _print(path, verification)
    raise typer.Exit(_exit_code([verification], any_signer))


@app.command("pack")
def pack(
    path: PackArgument,
    output: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Default: PATH with .zip added")
    ] = None,
    data: DataOption = None,
) -> None:
    """Make a ZIP archive of an evidence folder; the same folder gives the same bytes.

    Evidence that is broken, or has no manifest, is not packed. Exit code 0: packed; 1: not; 2: usage.
    """
    from services.qualification.packs import read_pack, zipped

    verification = _verified(path, [], data)
    if verification.outcome in ("broken", "old"):
        _print(path, verification)
        raise typer.Exit(FAILED)
    files = read_pack(path)
    target = output or path.with_name(f"{path.resolve().name}.zip")
    try:
        target.write_bytes(zipped(files))
    except OSError as fault:
        raise typer.Exit(fail(f"cannot write {target}: {fault.strerror}", USAGE)) from fault
    out.print(f"{target}  {len(files)} files", soft_wrap=True, markup=False)


@app.command("summary")
def summary(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Evidence, or folders that hold evidence")
    ],
    trust: TrustOption = None,
    any_signer: AnySigner = False,
    data: DataOption = None,
    as_json: JsonOption = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the result as CSV")] = False,
) -> None:
    """List many evidence packs: scenario, participant, verdict, date, and whether each is sound.

    Exit code 0: all sound; 1: not all; 2: usage, or no evidence there.
    """
    if as_json and as_csv:
        raise typer.Exit(fail("--json and --csv exclude each other", USAGE))
    anchors = _anchors(trust, data)
    found = [(path, _verified(path, anchors, data)) for path in _packs(paths)]
    rows = [_row(path, verification) for path, verification in found]
    if as_json:
        _print_json(rows)
    elif as_csv:
        _print_csv(rows)
    else:
        _print_rows(rows)
    raise typer.Exit(_exit_code([verification for _, verification in found], any_signer))


def _exit_code(found: list[Verification], any_signer: bool) -> int:
    accepted = {"sound", "untrusted"} if any_signer else {"sound"}
    return PASSED if all(verification.outcome in accepted for verification in found) else FAILED


def _anchors(trust: list[Path] | None, data: Path | None) -> list[Certificate]:
    """The authorities to trust. Ends with a usage error for a file that holds none."""
    from participant.authority import CERTIFICATE_FILE
    from participant.certificates import parse_chain
    from participant.errors import CertificateUnusable

    ours = settings_for(data).data / "authority" / CERTIFICATE_FILE
    files = trust if trust is not None else [ours] if ours.is_file() else []
    anchors: list[Certificate] = []
    for path in files:
        try:
            anchors += parse_chain(path.read_bytes())
        except OSError as fault:
            raise typer.Exit(fail(f"cannot read {path}: {fault.strerror}", USAGE)) from fault
        except CertificateUnusable as fault:
            raise typer.Exit(fail(f"{path}: {fault}", USAGE)) from fault
    return anchors


def _verified(path: Path, anchors: list[Certificate], data: Path | None) -> Verification:
    """Ends with a usage error for what is no evidence at all."""
    from services.qualification.errors import EvidenceInvalid
    from services.qualification.verification import verify_path

    try:
        return verify_path(path, anchors, (settings_for(data).data / "contracts",))
    except EvidenceInvalid as fault:
        raise typer.Exit(fail(str(fault), USAGE)) from fault


def _packs(paths: list[Path]) -> Iterator[Path]:
    """Every pack at these places: archives, folders, and folders of either. Ends when one holds none."""
    from services.qualification.packs import packs_below

    for path in paths:
        found = packs_below(path)
        if not found:
            raise typer.Exit(fail(f"{path} holds no evidence", USAGE))
        yield from found


def _print_json(document: Any) -> None:
    out.file.write(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n")


def _document(path: Path, verification: Verification) -> dict[str, Any]:
    about = verification.about
    return {
        "evidence": str(path),
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
    }


def _print(path: Path, verification: Verification) -> None:
    about = verification.about
    printer = out if out.is_terminal else Console(highlight=False, width=_PIPED_WIDTH)
    printer.print(f"{path}", style="bold", markup=False, soft_wrap=True)
    for name, value in _facts(about):
        printer.print(Text(f"  {name:<12} {value}"), soft_wrap=True)
    table = Table("Check", "Result", "What was found", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for line in verification.lines:
        mark, style = _MARKS[line.result.value]
        table.add_row(Text(line.name), Text(mark, style), Text("\n".join((line.text, *line.findings))))
    printer.print(table)
    word = Text(verification.outcome.value.upper(), _COLOURS.get(verification.outcome.value, "yellow"))
    printer.print(Text.assemble(word, "  ", verification.sentence), soft_wrap=True)


def _facts(about: Any) -> Iterator[tuple[str, str]]:
    if about:
        run, scenario = about["run"], about["scenario"]
        yield "run", f"{run['name']}, MPAN {run.get('mpan')}"
        yield "scenario", f"{scenario['id']}, revision {scenario['revision']}"
        yield "verdict", str(run["verdict"] or "none yet")
        if "fingerprint" in about:
            yield "fingerprint", about["fingerprint"]


def _row(path: Path, verification: Verification) -> dict[str, str]:
    about = verification.about
    run, scenario, times = (about.get(name) or {} for name in ("run", "scenario", "times"))
    parties = [party for party in about.get("parties") or () if party.get("who") == "QP"]
    values = {
        "run": run.get("name"),
        "scenario": scenario.get("id"),
        "participant": ", ".join(f"{p['key']} {p['dipId']} {p['organisation']}".strip() for p in parties),
        "verdict": run.get("verdict"),
        "ended": times.get("ended"),
        "signer": (verification.signer or {}).get("subject"),
        "fingerprint": about.get("fingerprint"),
    }
    known = {name: str(value or "") for name, value in values.items()}
    row = known | {"evidence": str(path), "outcome": verification.outcome.value}
    return {name: row[name] for name in _COLUMNS}


def _print_csv(rows: list[dict[str, str]]) -> None:
    """A value that a spreadsheet would take for a formula is written as text."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS)
    writer.writeheader()
    writer.writerows({n: f"'{v}" if v.startswith(_FORMULA) else v for n, v in row.items()} for row in rows)
    out.file.write(text.getvalue())


def _print_rows(rows: list[dict[str, str]]) -> None:
    table = Table("Run", "Scenario", "Participant", "Verdict", "Ended", "Outcome", "Evidence")
    for row in rows:
        first = [Text(row[name] or "–") for name in ("run", "scenario", "participant", "verdict")]
        outcome = Text(row["outcome"], _COLOURS.get(row["outcome"], "yellow"))
        table.add_row(*first, Text(row["ended"][:19].replace("T", " ")), outcome, Text(row["evidence"]))
    printer = out if out.is_terminal else Console(highlight=False, width=_PIPED_WIDTH)
    printer.print(table)
    sound = sum(row["outcome"] == "sound" for row in rows)
    printer.print(f"{sound} of {len(rows)} sound", soft_wrap=True)
