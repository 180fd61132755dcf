"""``dipemu participants``: who may speak to this DIP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from dipemu.cli.console import USAGE, fail, out
from dipemu.cli.up import DataOption, settings_for

if TYPE_CHECKING:
    from backbone.settings import Settings
    from participant.directory import Directory
    from participant.enrolment import Enrolled, Enrolment

app = typer.Typer(
    no_args_is_help=True, help="The participants that may speak to this DIP: keys, certificates, nominations."
)


@app.command("add")
def add(
    role: Annotated[str, typer.Option(help="DIP role code: SUP, MSS, MSA, UMSO, SDS, ADS, UMSDS, LDSO, …")],
    mpid: Annotated[str, typer.Option(help="Market participant ID: four capital letters")],
    directory: Annotated[Path, typer.Option("--out", help="Folder for identity.json, certificate, key")],
    dip_id: Annotated[
        str | None, typer.Option(help="DIP ID: ten characters. Default: a free one for the role")
    ] = None,
    organisation: Annotated[
        str | None, typer.Option(help="The organisation's name. Default: the MPID")
    ] = None,
    certificate: Annotated[
        Path | None,
        typer.Option(help="PEM file with your own signing certificate. Default: one is minted, with its key"),
    ] = None,
    pfx_password: Annotated[
        str | None, typer.Option(help="Also write signing.pfx (PKCS#12) under this password")
    ] = None,
    gateway_url: Annotated[
        str | None,
        typer.Option(help="Address your system reaches the gateway at. Default: as announced"),
    ] = None,
    data: DataOption = None,
) -> None:
    """Register your system: a DIP ID, an API key and a signing certificate.

    Writes identity.json (dipId, role, mpid, apiKey, gatewayUrl), signing.crt (PEM), signing.key
    (PKCS#8 PEM, RSA 2048, readable by you alone) and ca.crt, the authority behind the DIP's own signatures.
    Works while `dipemu up` runs and while it does not. With --certificate no key is minted; certificates of
    an authority of your own are trusted when DIPEMU_TRUST_ANCHORS names its PEM file.
    """
    from participant.enrolment import Enrolment
    from participant.errors import DirectoryConflict, EnrolmentInvalid

    settings = settings_for(data)
    own = _read(certificate) if certificate else None
    wish = Enrolment(role, mpid, dip_id, organisation or "", own)
    try:
        enrolled, facts, authority_pem = asyncio.run(_add(settings, wish, gateway_url))
    except (EnrolmentInvalid, DirectoryConflict) as fault:
        raise typer.Exit(fail(str(fault), USAGE)) from fault
    written = _write(enrolled, facts, authority_pem, directory, pfx_password)
    out.print(f"[bold]{facts['dipId']}[/bold]  {role}  {mpid}")
    out.print(f"  written to   {directory}/{', '.join(written)}", soft_wrap=True)
    out.print(f"  gateway      {facts['gatewayUrl']}", soft_wrap=True)
    out.print(
        f"  next         set your webhooks: POST {facts['gatewayUrl']}/dip-channel/IF-002/pubconfig/"
        f"{facts['dipId']}",
        soft_wrap=True,
    )


def _write(
    enrolled: Enrolled, facts: dict[str, str], authority_pem: str, directory: Path, pfx_password: str | None
) -> list[str]:
    from participant.files import write_private, write_public

    directory.mkdir(parents=True, exist_ok=True)
    written = ["identity.json", "signing.crt", "ca.crt"]
    if enrolled.identity:
        enrolled.identity.save(directory, pfx_password)
        written[2:2] = ["signing.key", *(["signing.pfx"] if pfx_password else [])]
    else:
        content = json.dumps(facts, indent=2).encode() + b"\n"
        write_private(directory / "identity.json", content)
        write_public(directory / "signing.crt", enrolled.certificate_pem.encode())
    write_public(directory / "ca.crt", authority_pem.encode())
    return written


async def _add(
    settings: Settings, wish: Enrolment, gateway_url: str | None
) -> tuple[Enrolled, dict[str, str], str]:
    """What was registered, what ``identity.json`` says of it, and the certificate of the DIP's authority."""
    from dipemu.composition import announced, data_directory
    from participant.authority import CertificateAuthority
    from participant.enrolment import enrol

    async with open_directory(settings) as directory:
        authority = CertificateAuthority.open(data_directory(settings) / "authority")
        url = gateway_url or announced(settings)
        enrolled = await enrol(directory, authority, wish, url)
        return enrolled, enrolled.facts(url), authority.certificate_pem


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as fault:
        raise typer.Exit(fail(f"cannot read {file}: {fault}", USAGE)) from fault


@asynccontextmanager
async def open_directory(settings: Settings) -> AsyncIterator[Directory]:
    """The directory in the database of these settings; a running emulator sees what changes."""
    from dipemu.composition import open_database
    from participant.directory import Directory

    database = await open_database(settings)
    try:
        yield await Directory.open(database)
    finally:
        await database.close()


@app.command("list")
def listing(data: DataOption = None) -> None:
    """Show who is registered; the harness's own parties are marked."""
    out.print(asyncio.run(_table(settings_for(data))))


async def _table(settings: Settings) -> Table:
    table = Table("DIP ID", "Role", "MPID", "Organisation", "Played by")
    async with open_directory(settings) as directory:
        for party in sorted(await directory.all(), key=lambda one: (one.harness, one.dip_id)):
            played_by = "harness" if party.harness else "participant"
            table.add_row(party.dip_id, party.role, party.mpid, party.organisation, played_by)
    return table
