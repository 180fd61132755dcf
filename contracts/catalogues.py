"""Finding and loading catalogues: those that ship with the product and those imported into a directory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from contracts.codes import described
from contracts.errors import CatalogueInvalid, UnknownVersion
from contracts.model import Catalogue
from contracts.notation import Reader, read_codes, read_endpoints, read_yaml
from contracts.routing import read_rules

SHIPPED: Final = Path(__file__).parent / "catalogue"
_FILES: Final = ("items", "blocks", "interfaces", "codes", "endpoints")


def load_catalogue(version: str, directories: Sequence[Path] = ()) -> Catalogue:
    """The catalogue of that version; loaded once. ``directories`` are searched before what ships.

    Raises UnknownVersion, CatalogueInvalid.
    """
    folder = _folder(version, directories)
    return _load(folder, version, _changed(folder))


def catalogue_digest(version: str, directories: Sequence[Path] = ()) -> str:
    """SHA-256 (hexadecimal) by which two catalogues of one version are known to be the same.

    It is that of the text ``sha256sum *.yaml`` prints in the catalogue's folder, its routing.yaml added.
    Raises UnknownVersion.
    """
    folder = _folder(version, directories)
    files = {path.name: path for path in (_routing(folder), *folder.glob("*.yaml"))}
    hashes = {name: sha256(path.read_bytes()).hexdigest() for name, path in sorted(files.items())}
    return sha256("".join(f"{digest}  {name}\n" for name, digest in hashes.items()).encode()).hexdigest()


def _folder(version: str, directories: Sequence[Path]) -> Path:
    for directory in (*directories, SHIPPED):
        if (directory / version / "interfaces.yaml").is_file():
            return directory / version
    known = ", ".join(available_versions(directories))
    raise UnknownVersion(f"no catalogue of version {version}; there are: {known}")


def available_versions(directories: Sequence[Path] = ()) -> tuple[str, ...]:
    """The names of all catalogues that can be loaded, oldest first."""
    names = {
        path.parent.name
        for directory in (*directories, SHIPPED)
        for path in directory.glob("*/interfaces.yaml")
    }
    return tuple(sorted(names, key=_version_order))


@cache
def _load(folder: Path, version: str, changed: int) -> Catalogue:
    entries = {name: _entries(folder / f"{name}.yaml") for name in _FILES}
    try:
        reader = Reader(entries["items"], entries["blocks"])
        interfaces = {name: reader.interface(name, found) for name, found in entries["interfaces"].items()}
    except (CatalogueInvalid, TypeError, ValueError, AttributeError) as error:
        raise CatalogueInvalid(f"{folder}: {error}") from error
    catalogue = Catalogue(
        version=version,
        items=reader.items,
        blocks=reader.blocks,
        interfaces=interfaces,
        codes=described(read_codes(entries["codes"])),
        endpoints=read_endpoints(entries["endpoints"]),
    )
    return replace(catalogue, routing=_rules(folder))


def _rules(folder: Path) -> tuple[Any, ...]:
    return read_rules(_entries(_routing(folder)))


def _routing(folder: Path) -> Path:
    own = folder / "routing.yaml"
    return own if own.is_file() else SHIPPED / "routing.yaml"


def _entries(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    entries = read_yaml(path.read_text(encoding="utf-8"), str(path)) or {}
    if not isinstance(entries, Mapping):
        raise CatalogueInvalid(f"{path}: not a mapping")
    return entries


def _changed(folder: Path) -> int:
    return max(path.stat().st_mtime_ns for path in folder.glob("*.yaml"))


def _version_order(name: str) -> list[tuple[int, int, str]]:
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in name.split(".")]
