"""One walk over a message for the semantic rules: its MPANs, its dates and its settlement days."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any, Final

from contracts.describing import is_moment
from contracts.envelope import Header, header
from contracts.model import Catalogue, DataItem

# Lists of settlement periods are looked at by their own rules, never walked for other facts.
_PERIODS: Final = {
    "consumptionPeriods": "sp",
    "MDRConsumptionPeriods": "sp",
    "LSGroupSettlementPeriods": "sp",
    "defaultedConsumptionPeriods": "settlementPeriodEffectiveToDateTime",
}
_REFERENCE: Final = re.compile(
    r"^S-(?:(?P<interface>(?:IF|REP)-\d{3,4})-)?(?:\d{3,4}-)?(?P<sender>[0-9a-fA-F]{10})-(?P<role>[A-Z]{3,5})"
    r"-(?P<day>\d{8})-[a-zA-Z0-9]+$"
)
_DEEPEST: Final = 20  # levels; the standard itself has eight
_HALF_HOUR: Final = timedelta(minutes=30)
_MPANS: Final = frozenset(
    {
        "MPANCore",
        "principalMPAN",
        "subsidiaryMPAN",
        "linkedImportExportMPAN",
        "primaryMPAN",
        "secondaryMPAN",
    }
)


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule may know beyond the message. ``role_of``: the role a DIP ID holds, None when unknown."""

    now: datetime | None = None
    role_of: Callable[[str], str | None] | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """A settlement day with the end of each period. ``pointer``: of the day's block."""

    pointer: str
    date: Any
    list_name: str
    end_name: str
    ends: tuple[Any, ...]
    duration: Any = None
    regular: bool = False  # all 48 half hours of a UTC day, in order: nothing to complain about


@dataclass(slots=True)
class _Found:
    mpans: list[tuple[str, str]] = field(default_factory=list)
    moments: list[tuple[str, str, str]] = field(default_factory=list)
    days: list[Day] = field(default_factory=list)


@dataclass(frozen=True)
class Facts:
    """What the rules look at: pointers with values of text, whatever the message's shape."""

    message: object
    mpans: tuple[tuple[str, str], ...]  # pointer, value
    moments: tuple[tuple[str, str, str], ...]  # pointer, name, value
    days: tuple[Day, ...]
    known: Header | None = None

    @classmethod
    def read(cls, message: object, moments: frozenset[str], known: Header | None = None) -> Facts:
        """``known``: the message's header, where the caller has read it already."""
        found = _Found()
        if isinstance(message, Mapping):
            _walk(message, "", moments, found)
        return cls(message, tuple(found.mpans), tuple(found.moments), tuple(found.days), known)

    @cached_property
    def odd_days(self) -> tuple[Day, ...]:
        """The days that are not simply the 48 half hours of a UTC day."""
        return tuple(day for day in self.days if not day.regular)

    @cached_property
    def reference(self) -> Mapping[str, str] | None:
        """The named parts of the sender reference: interface, sender, role, day; None when it has others."""
        found = _REFERENCE.match(self.header.reference or "")
        return found.groupdict() if found else None

    @cached_property
    def header(self) -> Header:
        return self.known or header(self.message)


@lru_cache(maxsize=32)
def moment_names(catalogue: Catalogue) -> frozenset[str]:
    """The names of all fields that hold a date and time."""
    return frozenset(
        part.name
        for block in catalogue.blocks.values()
        for part in block.fields
        if isinstance(part.type, DataItem) and is_moment(part.type)
    )


def _walk(
    value: Mapping[str, Any], pointer: str, moments: frozenset[str], found: _Found, depth: int = 0
) -> None:
    if depth > _DEEPEST:
        return
    for name, inner in value.items():
        if isinstance(inner, str):
            if name in _MPANS:
                found.mpans.append((f"{pointer}/{name}", inner))
            elif name in moments:
                found.moments.append((f"{pointer}/{name}", name, inner))
        elif isinstance(inner, dict):
            _walk(inner, f"{pointer}/{name}", moments, found, depth + 1)
        elif isinstance(inner, list):
            if name in _PERIODS:
                found.days.append(_day(value, name, inner, pointer))
            else:
                for below, entry in _entries(inner, f"{pointer}/{name}"):
                    _walk(entry, below, moments, found, depth + 1)


def _entries(values: list[Any], pointer: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    return ((f"{pointer}/{i}", v) for i, v in enumerate(values) if isinstance(v, dict))


def _day(block: Mapping[str, Any], name: str, periods: list[Any], pointer: str) -> Day:
    day = block.get("settlementDay")
    day = day if isinstance(day, Mapping) else {}
    end = _PERIODS[name]
    ends = tuple(period.get(end) if isinstance(period, dict) else None for period in periods)
    date = day.get("settlementDayDate")
    regular = isinstance(date, str) and ends == _regular_ends(date)
    return Day(pointer, date, name, end, ends, day.get("periodDuration"), regular)


@lru_cache(maxsize=512)
def _regular_ends(date: str) -> tuple[str, ...]:
    """The ends of the 48 half hours of a UTC day; empty for anything that is not midnight UTC."""
    if not date.endswith("T00:00:00+00:00"):
        return ()
    try:
        start = datetime.fromisoformat(date)
    except ValueError:
        return ()
    return tuple((start + number * _HALF_HOUR).isoformat() for number in range(1, 49))
