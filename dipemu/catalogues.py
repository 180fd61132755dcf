"""The catalogues at hand: those that ship and those put under the data directory by ``contracts import``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from backbone.settings import Settings
    from contracts import Catalogue

FOLDER: Final = "contracts"
_VERSION: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}")


def directories(data: Path) -> tuple[Path, ...]:
    """Where imported catalogues lie: ``DATA/contracts``, one folder per version."""
    return (data / FOLDER,)


def catalogue(settings: Settings, version: str | None = None) -> Catalogue:
    """The catalogue of this version, by default the first that the settings name.

    Raises UnknownVersion naming those there are, CatalogueInvalid.
    """
    from contracts import load_catalogue

    return load_catalogue(version or settings.contracts[0], directories(settings.data))


def origin(data: Path, version: str) -> str:
    """Where a version is taken from: its folder under the data directory, or ``shipped``."""
    for directory in directories(data):
        if (directory / version / "interfaces.yaml").is_file():
            return str(directory / version)
    return "shipped"


def is_version_name(text: str) -> bool:
    """Whether this can name a version, and so its folder: letters, digits, dots and hyphens."""
    return _VERSION.fullmatch(text) is not None
