"""``dipemu participants``: what changes while a participant is registered, and the directory as a file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from dipemu.cli.console import USAGE, fail, out
from dipemu.cli.participants import open_directory
from dipemu.cli.up import DataOption, settings_for

if TYPE_CHECKING:
    from participant.directory import Directory

app = typer.Typer()
Result = TypeVar("Result")
DipId = Annotated[str, typer.Argument(metavar="DIP-ID")]


def _with_directory(data: Path | None, change: Callable[[Directory], Coroutine[Any, Any, Result]]) -> Result:
    async def main() -> Result:
        async with open_directory(settings_for(data)) as directory:
            return await change(directory)

    return asyncio.run(main())


@app.command("rotate-key")
def rotate_key(
    dip_id: DipId,
    overlap: Annotated[float, typer.Option(help="Hours during which the key before is accepted too")] = 0,
    data: DataOption = None,
) -> None:
    """Mint a new API key; it is printed once and kept nowhere."""
    key = _with_directory(data, lambda it: it.rotate_api_key(dip_id, timedelta(hours=overlap)))
    out.print(key)


@app.command("add-certificate")
def add_certificate(
    dip_id: DipId,
    file: Annotated[Path, typer.Argument(help="PEM file with the signing certificate")],
    data: DataOption = None,
) -> None:
    """Register one more signing certificate; the others stay valid until they expire or are revoked."""
    try:
        pem = file.read_text()
    except (OSError, UnicodeDecodeError) as fault:
        raise typer.Exit(fail(f"cannot read {file}: {fault}", USAGE)) from fault
    record = _with_directory(data, lambda it: it.add_certificate(dip_id, pem))
    until = f"{record.not_after:%Y-%m-%d %H:%M}"
    out.print(f"{dip_id}: certificate {record.fingerprint}, valid until {until} UTC", soft_wrap=True)


@app.command("revoke-certificate")
def revoke_certificate(
    fingerprint: Annotated[str, typer.Argument(help="SHA-256 of the certificate's DER form, hexadecimal")],
    data: DataOption = None,
) -> None:
    """Refuse a certificate from now on."""
    _with_directory(data, lambda it: it.revoke_certificate(fingerprint.lower()))
    out.print(f"revoked {fingerprint}")


@app.command("nominate")
def nominate(
    dip_id: DipId,
    provider: Annotated[str | None, typer.Argument(help="The provider's DIP ID; none ends it")] = None,
    data: DataOption = None,
) -> None:
    """Nominate a DIP connection provider (DCP): it may then sign for this DIP ID."""
    _with_directory(data, lambda it: it.nominate(dip_id, provider))
    out.print(f"{dip_id}: connection provider {provider or 'none'}")


@app.command("remove")
def remove(dip_id: DipId, data: DataOption = None) -> None:
    """Remove a participant with its keys, certificates and webhooks."""
    _with_directory(data, lambda it: it.remove(dip_id))
    out.print(f"removed {dip_id}")


@app.command("export")
def export(
    file: Annotated[Path | None, typer.Argument(help="Where to write. Default: standard output")] = None,
    data: DataOption = None,
) -> None:
    """Write the directory as YAML: parties, certificates, webhooks, nominations. API keys only as hashes."""
    from participant.directory_files import export_directory

    async def read(directory: Directory) -> str:
        return export_directory(await directory.snapshot())

    text = _with_directory(data, read)
    if file is None:
        out.file.write(text)
    else:
        file.write_text(text)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="A file that `participants export` wrote, or one like it")],
    data: DataOption = None,
) -> None:
    """Add or replace all parties of a file, or none; every mistake is named with its place."""
    from participant.directory_files import import_directory

    try:
        text = file.read_text()
    except (OSError, UnicodeDecodeError) as fault:
        raise typer.Exit(fail(f"cannot read {file}: {fault}", USAGE)) from fault
    content = _with_directory(data, lambda it: import_directory(it, text))
    out.print(f"imported {len(content.parties)} parties")
