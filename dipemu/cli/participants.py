"""``dipemu participants``: who may speak to this DIP."""

from __future__ import annotations

import asyncio
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

app = typer.Typer(no_args_is_help=True, help="Add and list the participants that may speak to this DIP.")

# The first two digits by role, as public samples show them: a convention, never a validation.
DIP_ID_PREFIXES = {"SUP": 23, "REGS": 22, "LDSO": 25, "SDS": 14, "MSS": 12}
OTHER_PREFIX = 30


@app.command("add")
def add(
    role: Annotated[str, typer.Option(help="DIP role code: SUP, MSS, MSA, UMSO, SDS, ADS, UMSDS, LDSO, …")],
    mpid: Annotated[str, typer.Option(help="Market participant ID: four capital letters")],
    directory: Annotated[
        Path, typer.Option("--out", help="Folder for identity.json, signing.crt, signing.key")
    ],
    dip_id: Annotated[
        str | None, typer.Option(help="DIP ID: ten characters. Default: a free one for the role")
    ] = None,
    gateway_url: Annotated[
        str | None,
        typer.Option(help="Address your system reaches the gateway at. Default: the running one's"),
    ] = None,
    data: DataOption = None,
) -> None:
    """Register your system: a DIP ID, an API key and a signing certificate.

    Writes identity.json (dipId, role, mpid, apiKey, gatewayUrl), signing.crt (PEM) and signing.key
    (PKCS#8 PEM, RSA 2048, readable by you alone). Works while `dipemu up` runs and while it does not.
    """
    problem = _problem(role, mpid, dip_id)
    if problem:
        raise typer.Exit(fail(problem, USAGE))
    settings = settings_for(data)
    identity = asyncio.run(_add(settings, role, mpid, dip_id, gateway_url))
    if identity is None:
        raise typer.Exit(fail(f"DIP ID {dip_id} is registered already; choose another, or none", USAGE))
    identity.save(directory)
    out.print(f"[bold]{identity.dip_id}[/bold]  {role}  {mpid}")
    out.print(f"  written to   {directory}/identity.json, signing.crt, signing.key", soft_wrap=True)
    out.print(f"  gateway      {identity.gateway_url}", soft_wrap=True)
    out.print(
        f"  next         set your webhooks: POST {identity.gateway_url}/dip-channel/IF-002/pubconfig/"
        f"{identity.dip_id}",
        soft_wrap=True,
    )


def _problem(role: str, mpid: str, dip_id: str | None) -> str | None:
    from contracts import identifiers

    if role not in identifiers.ROLES:
        return f"no such role: {role}. One of {', '.join(sorted(identifiers.ROLES))}"
    if not identifiers.is_mpid(mpid):
        return f"an MPID is four capital letters, this is {mpid!r}"
    if dip_id is not None and not identifiers.is_dip_id(dip_id):
        return f"a DIP ID has exactly ten characters, {dip_id!r} has {len(dip_id)}"
    return None


async def _add(
    settings: Settings, role: str, mpid: str, dip_id: str | None, gateway_url: str | None
) -> Identity | None:
    from dipemu.composition import announced, data_directory, open_database
    from participant.authority import CertificateAuthority
    from participant.directory import Directory
    from participant.identity import Identity

    database = await open_database(settings)
    try:
        directory = await Directory.open(database)
        if dip_id is not None and await directory.party(dip_id) is not None:
            return None
        chosen = dip_id or await _free_dip_id(directory, role)
        authority = CertificateAuthority.open(data_directory(settings) / "authority")
        certificate, key = authority.issue(chosen, organisation=mpid)
        identity = Identity(
            dip_id=chosen,
            role=role,
            mpid=mpid,
            api_key=token_urlsafe(32),
            gateway_url=gateway_url or announced(settings),
            certificate_pem=certificate,
            private_key=key,
        )
        await directory.register(identity, organisation=mpid, harness=False)
        return identity
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
    from dipemu.composition import open_database
    from participant.directory import Directory

    table = Table("DIP ID", "Role", "MPID", "Organisation", "Played by")
    database = await open_database(settings)
    try:
        directory = await Directory.open(database)
        for party in sorted(await directory.all(), key=lambda one: (one.harness, one.dip_id)):
            played_by = "harness" if party.harness else "participant"
            table.add_row(party.dip_id, party.role, party.mpid, party.organisation, played_by)
    finally:
        await database.close()
    return table
