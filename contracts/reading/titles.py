"""Short titles of interfaces and roles, in our own words."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from contracts.model import Catalogue, Interface
from contracts.notation import read_yaml

OTHER: Final = "Other interfaces"
_PATH: Final = Path(__file__).parent / "titles.yaml"


def interface_title(name: str) -> str:
    """``A supplier asks for a service provider``; empty for an interface we have no title for."""
    return next((titles[name] for titles in _groups().values() if name in titles), "")


def role_name(role: str) -> str:
    """``Supplier`` for SUP; the code itself where we have no name."""
    return str(_titles()["roles"].get(role, role))


def grouped(catalogue: Catalogue) -> dict[str, list[Interface]]:
    """The interfaces of a catalogue by what they are for; those without a title come last."""
    interfaces = list(catalogue.interfaces.values())
    groups = {group: [i for i in interfaces if i.name in titles] for group, titles in _groups().items()}
    known = {name for titles in _groups().values() for name in titles}
    groups[OTHER] = [i for i in interfaces if i.name not in known]
    return {group: members for group, members in groups.items() if members}


def _groups() -> Mapping[str, Mapping[str, str]]:
    groups: Mapping[str, Mapping[str, str]] = _titles()["groups"]
    return groups


@cache
def _titles() -> Mapping[str, Any]:
    titles: Mapping[str, Any] = read_yaml(_PATH.read_text(encoding="utf-8"), _PATH.name)
    return titles
