"""``dipemu contracts``: which versions of the message standard there are, what they say, how they differ."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.table import Table

from dipemu.cli.console import FAILED, PASSED, USAGE, err, fail, out
from dipemu.cli.up import DataOption, settings_for

if TYPE_CHECKING:
    from contracts import Catalogue
    from contracts.importer import ImportReport

app = typer.Typer(no_args_is_help=True, help="Versions of the message standard: list, show, compare, import.")

ContractOption = Annotated[
    str | None, typer.Option("--contract", help="Version of the standard. Default: the first that is served")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON")]


class Export(StrEnum):
    """What the standard can be exported as."""

    ASYNCAPI = "asyncapi"
    JSON_SCHEMA = "json-schema"


def load(contract: str | None, data: Path | None) -> Catalogue:
    """The catalogue a command works on; ends the command with a sentence where there is none."""
    from contracts.errors import UnknownVersion
    from dipemu.catalogues import catalogue

    try:
        return catalogue(settings_for(data), contract)
    except UnknownVersion as unknown:
        raise typer.Exit(fail(str(unknown), USAGE)) from unknown


def served(data: Path | None) -> list[str]:
    """The versions that ``dipemu up`` serves with these settings, the default first."""
    return list(settings_for(data).contracts)


def print_json(document: object) -> None:
    """Write JSON to standard output, for people and for pipes."""
    out.file.write(orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n")


@app.command("list")
def listing(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the versions that ship and those imported into the data directory."""
    from contracts import available_versions, load_catalogue
    from dipemu.catalogues import directories, origin

    settings = settings_for(data)
    folders = directories(settings.data)
    entries = [
        {
            **_counts(load_catalogue(version, folders)),
            "from": origin(settings.data, version),
            "served": version in settings.contracts,
        }
        for version in available_versions(folders)
    ]
    if as_json:
        print_json(entries)
        return
    table = Table("Version", "Interfaces", "Events", "Blocks", "Items", "Codes", "Served", "From")
    for entry in entries:
        numbers = [str(entry[name]) for name in ("interfaces", "events", "blocks", "items", "codes")]
        table.add_row(entry["version"], *numbers, "yes" if entry["served"] else "", entry["from"])
    out.print(table)


@app.command("show")
def show(
    name: Annotated[
        str, typer.Argument(help="IF-031, B070, DI-063 (or MPANCore), REG1031; case does not matter")
    ],
    event: Annotated[str | None, typer.Argument(help="An event of the interface: MSApp or [MSApp]")] = None,
    contract: ContractOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show an interface, one of its events, a block, an item or a response code."""
    from contracts.reading.descriptions import description
    from contracts.reading.errors import UnknownPart
    from contracts.reading.lookup import find
    from dipemu.cli.contract_views import print_description

    catalogue = load(contract, data)
    try:
        found = description(catalogue, find(catalogue, name, event))
    except UnknownPart as unknown:
        raise typer.Exit(fail(str(unknown).replace("[", "\\["), USAGE)) from unknown
    if as_json:
        print_json(found)
    else:
        print_description(found, catalogue.version)


@app.command("diff")
def diff(
    before: Annotated[str, typer.Argument(help="The older version", metavar="BEFORE")],
    after: Annotated[str, typer.Argument(help="The newer version", metavar="AFTER")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare two versions: interfaces, events, blocks, items and codes added, removed or changed.

    Each change says whether it makes the standard stricter (messages that were valid may be refused),
    looser, or neither, and in which messages it can be met.
    """
    from contracts.reading.diff import compare, document
    from dipemu.cli.contract_views import print_difference

    difference = document(compare(load(before, data), load(after, data)))
    if as_json:
        print_json(difference)
    else:
        print_difference(difference)


@app.command("import")
def importing(
    path: Annotated[Path, typer.Argument(help="A folder of YAML files, or one resolved OpenAPI document")],
    version: Annotated[
        str | None, typer.Option("--as", help="Name for the version. Default: what the documents say")
    ] = None,
    data: DataOption = None,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Import what can be read, although some cannot")
    ] = False,
) -> None:
    """Import published definitions as a version that up, validate, sample and show find by name.

    What cannot be read is named with file and place. Exit code 1: something could not be read and nothing
    was imported; 2: the path cannot be read.
    """
    from contracts.errors import CatalogueInvalid, ImportRefused
    from contracts.importer import import_spec, write_catalogue
    from dipemu.catalogues import directories, is_version_name

    if not path.exists():
        raise typer.Exit(fail(f"cannot read {path}: no such file or folder", USAGE))
    try:
        report = import_spec(path, version, keep_going)
    except (ImportRefused, CatalogueInvalid) as refusal:
        hint = "\nNothing was imported. --keep-going imports the rest."
        message = str(refusal).replace("[", "\\[")
        raise typer.Exit(fail(message + ("" if keep_going else hint), FAILED)) from refusal
    if not is_version_name(report.catalogue.version):
        sentence = f"{report.catalogue.version!r} cannot name a version; give another with --as"
        raise typer.Exit(fail(sentence, USAGE))
    folder = write_catalogue(report.catalogue, directories(settings_for(data).data)[0])
    _tell_imported(report, folder)


@app.command("docs")
def docs(
    out_folder: Annotated[Path, typer.Option("--out", help="Folder to write; made when missing")],
    contract: ContractOption = None,
    data: DataOption = None,
) -> None:
    """Write a reference of the standard as pages that need no server: open index.html."""
    from contracts.reading.reference import write_reference

    catalogue = load(contract, data)
    pages = write_reference(catalogue, out_folder, earlier=_earlier(catalogue.version, data))
    out.print(f"{pages} pages of version {catalogue.version}: {out_folder / 'index.html'}", soft_wrap=True)


@app.command("export")
def export(
    what: Annotated[Export, typer.Argument(help="asyncapi: one document; json-schema: a file per event")],
    target: Annotated[Path, typer.Option("--out", help="File for asyncapi (.json, .yaml), else a folder")],
    contract: ContractOption = None,
    data: DataOption = None,
) -> None:
    """Export the topics as AsyncAPI 3, or the messages as JSON Schema."""
    from contracts.reading.asyncapi import write_asyncapi
    from contracts.reading.json_schema import write_schemas

    catalogue = load(contract, data)
    if what is Export.ASYNCAPI:
        write_asyncapi(catalogue, target)
        out.print(f"AsyncAPI document of version {catalogue.version}: {target}", soft_wrap=True)
    else:
        count = write_schemas(catalogue, target)
        out.print(f"{count} schemas of version {catalogue.version}: {target}", soft_wrap=True)


def _counts(catalogue: Catalogue) -> dict[str, Any]:
    return {
        "version": catalogue.version,
        "interfaces": len(catalogue.interfaces),
        "events": sum(len(interface.events) for interface in catalogue.interfaces.values()),
        "blocks": len(catalogue.blocks),
        "items": len(catalogue.items),
        "codes": len(catalogue.codes),
    }


def _tell_imported(report: ImportReport, folder: Path) -> None:
    from contracts import available_versions

    for problem in report.problems:
        err.print(f"not read: {problem}", soft_wrap=True, markup=False)
    counts = _counts(report.catalogue)
    words = ", ".join(
        f"{counts[name]} {name}" for name in ("interfaces", "events", "blocks", "items", "codes")
    )
    out.print(f"imported {counts['version']}: {words}", soft_wrap=True)
    if report.problems:
        out.print(f"without the {len(report.problems)} parts named above", soft_wrap=True)
    out.print(f"  kept in  {folder}", soft_wrap=True)
    out.print(
        f"  compare  dipemu contracts diff {available_versions()[-1]} {counts['version']}", soft_wrap=True
    )
    out.print(f"  serve    dipemu up --contract {counts['version']}", soft_wrap=True)
    raise typer.Exit(PASSED)


def _earlier(version: str, data: Path | None) -> Catalogue | None:
    """The version before this one, to compare with; None for the oldest."""
    from contracts import available_versions
    from dipemu.catalogues import directories

    versions = available_versions(directories(settings_for(data).data))
    place = versions.index(version)
    return load(versions[place - 1], data) if place else None
