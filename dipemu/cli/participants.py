"""``dipemu participants``: who may speak to this DIP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import randbelow, token_urlsafe
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from dipemu.cli.console import USAGE, fail, out
from dipemu.cli.up import DataOption, settings_for

if TYPE_CHECKING:
    from backbone.settings import Settings
    from participant.directory import Directory
    from participant.identity import Identity

app = typer.Typer(
    no_args_is_help=True, help="The participants that may speak to this DIP: keys, certificates, nominations."
)

# The first two digits by role, as public samples show them: a convention, never a validation.
DIP_ID_PREFIXES = {"SUP": 23, "REGS": 22, "LDSO": 25, "SDS": 14, "MSS": 12}
OTHER_PREFIX = 30


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
    problem = _problem(role, mpid, dip_id)
    if problem:
        raise typer.Exit(fail(problem, USAGE))
    wish = Wish(role, mpid, dip_id, organisation or mpid, gateway_url, certificate)
    settings = settings_for(data)
    added = asyncio.run(_add(settings, wish))
    if added is None:
        raise typer.Exit(fail(f"DIP ID {dip_id} is registered already; choose another, or none", USAGE))
    written = _write(added, directory, pfx_password)
    out.print(f"[bold]{added.facts['dipId']}[/bold]  {role}  {mpid}")
    out.print(f"  written to   {directory}/{', '.join(written)}", soft_wrap=True)
    out.print(f"  gateway      {added.facts['gatewayUrl']}", soft_wrap=True)
    out.print(
        f"  next         set your webhooks: POST {added.facts['gatewayUrl']}/dip-channel/IF-002/pubconfig/"
        f"{added.facts['dipId']}",
        soft_wrap=True,
    )


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be registered."""

    role: str
    mpid: str
    dip_id: str | None
    organisation: str
    gateway_url: str | None
    certificate: Path | None


@dataclass(frozen=True, slots=True)
class Added:
    """What was registered. ``identity``: with its key, where we minted it."""

    facts: dict[str, str]
    identity: Identity | None
    certificate_pem: str
    authority_pem: str


def _write(added: Added, directory: Path, pfx_password: str | None) -> list[str]:
    from participant.files import write_private, write_public

    directory.mkdir(parents=True, exist_ok=True)
    written = ["identity.json", "signing.crt", "ca.crt"]
    if added.identity:
        added.identity.save(directory, pfx_password)
        written[2:2] = ["signing.key", *(["signing.pfx"] if pfx_password else [])]
    else:
        content = json.dumps(added.facts, indent=2).encode() + b"\n"
        write_private(directory / "identity.json", content)
        write_public(directory / "signing.crt", added.certificate_pem.encode())
    write_public(directory / "ca.crt", added.authority_pem.encode())
    return written


def _problem(role: str, mpid: str, dip_id: str | None) -> str | None:
    from contracts import identifiers

    if role not in identifiers.ROLES:
        return f"no such role: {role}. One of {', '.join(sorted(identifiers.ROLES))}"
    if not identifiers.is_mpid(mpid):
        return f"an MPID is four capital letters, this is {mpid!r}"
    if dip_id is not None and not identifiers.is_dip_id(dip_id):
        return f"a DIP ID has exactly ten characters, {dip_id!r} has {len(dip_id)}"
    return None


async def _add(settings: Settings, wish: Wish) -> Added | None:
    from dipemu.composition import announced, data_directory
    from participant.authority import CertificateAuthority
    from participant.identity import Identity
    from participant.parties import CertificateRecord, Party, api_key_hash

    async with open_directory(settings) as directory:
        if wish.dip_id is not None and await directory.party(wish.dip_id) is not None:
            return None
        chosen = wish.dip_id or await _free_dip_id(directory, wish.role)
        authority = CertificateAuthority.open(data_directory(settings) / "authority")
        key, url = token_urlsafe(32), wish.gateway_url or announced(settings)
        facts = {"dipId": chosen, "role": wish.role, "mpid": wish.mpid, "apiKey": key, "gatewayUrl": url}
        if wish.certificate:
            pem = _read(wish.certificate)
            record = CertificateRecord.of(pem)
            party = Party(chosen, wish.role, wish.mpid, wish.organisation)
            await directory.add(replace(party, api_key_hash=api_key_hash(key), certificates=(record,)))
            return Added(facts, None, pem, authority.certificate_pem)
        pem, private_key = authority.issue(chosen, organisation=wish.organisation)
        identity = Identity(chosen, wish.role, wish.mpid, key, url, pem, private_key)
        await directory.register(identity, organisation=wish.organisation, harness=False)
        return Added(facts, identity, pem, authority.certificate_pem)


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


async def _free_dip_id(directory: Directory, role: str) -> str:
    prefix = DIP_ID_PREFIXES.get(role, OTHER_PREFIX)
    while True:
        candidate = f"{prefix}{randbelow(10**7) + 10**7:08d}"
        if await directory.party(candidate) is None:
            return candidate


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
