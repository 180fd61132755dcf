"""``dipemu evidence``: is this evidence what it says it is? Offline, on a folder or a ZIP archive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dipemu.cli import evidence_views as views
from dipemu.cli.console import FAILED, PASSED, USAGE, fail, out
from dipemu.cli.up import DataOption, settings_for

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from services.qualification.verification import Verification

app = typer.Typer(no_args_is_help=True, help="Verify, pack and list the evidence of runs, offline.")

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
    messages: Annotated[
        bool, typer.Option("--messages", help="Also list the checks of every message")
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Verify one evidence pack: files, journal, signature, every message, the verdict.

    Exit code 0: sound; 1: not sound (broken, unsigned, or by a signer that is not trusted); 2: usage.
    """
    verification = _verified(path, _anchors(trust, data), data)
    if as_json:
        views.print_json(views.document(path, verification))
    else:
        views.print_verification(path, verification)
        if messages:
            views.print_messages(verification)
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
        views.print_verification(path, verification)
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
    found = [(path, _found(path, anchors, data)) for path in _packs(paths)]
    rows = [views.row(path, verification) for path, verification in found]
    if as_json:
        views.print_json(rows)
    elif as_csv:
        views.print_csv(rows)
    else:
        views.print_rows(rows)
    raise typer.Exit(_exit_code([verification for _, verification in found], any_signer))


def _exit_code(found: list[Verification | None], any_signer: bool) -> int:
    accepted = {"sound", "untrusted"} if any_signer else {"sound"}
    return PASSED if all(one is not None and one.outcome in accepted for one in found) else FAILED


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
        return verify_path(path, anchors, _imported(data))
    except EvidenceInvalid as fault:
        raise typer.Exit(fail(str(fault), USAGE)) from fault


def _imported(data: Path | None) -> tuple[Path]:
    """Where imported message contracts are."""
    return (settings_for(data).data / "contracts",)


def _found(path: Path, anchors: list[Certificate], data: Path | None) -> Verification | None:
    """As ``_verified``; None for what is no evidence, so that one stray archive does not hide the rest."""
    from services.qualification.errors import EvidenceInvalid
    from services.qualification.verification import verify_path

    try:
        return verify_path(path, anchors, _imported(data))
    except EvidenceInvalid:
        return None


def _packs(paths: list[Path]) -> Iterator[Path]:
    """Every pack at these places: archives, folders, and folders of either. Ends when one holds none."""
    from services.qualification.packs import packs_below

    for path in paths:
        found = packs_below(path)
        if not found:
            raise typer.Exit(fail(f"{path} holds no evidence", USAGE))
        yield from found
