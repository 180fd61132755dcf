"""The message standard as data: items, blocks, interfaces and their event variants, codes, routing.

Everything is frozen and holds facts only. A catalogue is one published version of the standard.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from contracts.errors import UnknownVariant

Scalar = str | int | float | bool
_NUMBERED: Final = re.compile(r"^(D[IT]-\d+N?)-(.+)$")


@dataclass(frozen=True, slots=True)
class DataItem:
    """One value. ``key``: ``DI-063-MPAN-Core``. ``type``: string, integer, number, boolean or any.

    Lengths count code points. ``pattern`` is searched for, as JSON Schema does, not matched in full.
    ``nullable`` is the effective answer: the published enumeration may exclude null again.
    """

    key: str
    type: str
    nullable: bool = False
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    enum: tuple[Scalar, ...] | None = None
    minimum: float | None = None
    maximum: float | None = None
    multiple_of: float | None = None
    format: str | None = None

    @property
    def number(self) -> str | None:
        """``DI-063``; None for an item the data catalogue does not number."""
        found = _NUMBERED.match(self.key)
        return found[1] if found and found[1].startswith("DI-") else None

    @property
    def name(self) -> str:
        """``MPAN-Core``."""
        found = _NUMBERED.match(self.key)
        return found[2] if found else self.key


@dataclass(frozen=True, slots=True)
class Field:
    """A named place in a block for a data item, a block, or (``many``) a list of either."""

    name: str
    type: DataItem | Block
    required: bool = True
    many: bool = False
    min_items: int | None = None
    max_items: int | None = None
    nullable: bool = False  # of the block or the list itself; an item says so on its own


@dataclass(frozen=True, slots=True)
class Block:
    """A JSON object. ``open``: fields beyond these are allowed. ``untyped``: published without a type,

    so the schema takes any value that is not an object as well.
    """

    key: str
    fields: tuple[Field, ...]
    open: bool = False
    untyped: bool = False

    def field(self, name: str) -> Field | None:
        return next((f for f in self.fields if f.name == name), None)


@dataclass(frozen=True, slots=True)
class Variant:
    """One payload structure of an interface, for one or several events.

    ``name``: ``MSApp``; ``events``: ``("[MSApp]",)``, empty where an old version does not list them and
    takes any; ``payload`` holds CommonBlock and CustomBlock.
    """

    interface: str
    name: str
    events: tuple[str, ...]
    schema_versions: tuple[str, ...]
    payload: Block

    @property
    def common(self) -> Block:
        return _part(self.payload, "CommonBlock")

    @property
    def custom(self) -> Block:
        """The custom block; one without fields where the variant has none."""
        return _part(self.payload, "CustomBlock")


def _part(payload: Block, name: str) -> Block:
    found = payload.field(name)
    return found.type if found and isinstance(found.type, Block) else Block(name, ())


@dataclass(frozen=True, slots=True)
class Interface:
    """``IF-031`` or ``REP-002`` with its variants in published order."""

    name: str
    variants: tuple[Variant, ...]

    @property
    def events(self) -> tuple[str, ...]:
        """All events, in published order, each once."""
        return tuple(dict.fromkeys(event for variant in self.variants for event in variant.events))


@dataclass(frozen=True, slots=True)
class ResponseCode:
    """An official code. ``senders``: role codes, ``DIP`` for the DIP itself, ``*`` for any recipient."""

    code: str
    text: str
    family: str = ""
    senders: frozenset[str] = frozenset()
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class RoutingRule:
    """Who may send an interface and who gets it, as DIP role codes.

    ``primary``: chosen by the sender in A0. ``secondary``: looked up by the DIP from MPAN and role.
    ``always``: every holder of the role. ``secondary_next``: also the coming holder of that role, where a
    change is pending. ``events`` empty: the rule is for all events of the interface.
    """

    interface: str
    senders: frozenset[str]
    primary: frozenset[str] = frozenset()
    secondary: frozenset[str] = frozenset()
    always: frozenset[str] = frozenset()
    secondary_next: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset()
    inferred: bool = True

    @property
    def recipients(self) -> frozenset[str]:
        return self.primary | self.secondary | self.always


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An official ``/validate/{interface}/{event}`` path and the variant it validates against."""

    interface: str
    event: str
    variant: str

    @property
    def path(self) -> str:
        return f"/validate/{self.interface}/{self.event}"


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """One version of the message standard. Compared and hashed by identity: it is large and loaded once."""

    version: str
    items: Mapping[str, DataItem]
    blocks: Mapping[str, Block]
    interfaces: Mapping[str, Interface]
    codes: Mapping[str, ResponseCode]
    endpoints: tuple[Endpoint, ...] = ()
    routing: tuple[RoutingRule, ...] = ()

    def variants(self) -> Iterator[Variant]:
        for interface in self.interfaces.values():
            yield from interface.variants

    def variant(self, interface: str, event: str) -> Variant:
        """The variant for an event, with or without its square brackets.

        Where several list the event (IF-020), the one named after it. Raises UnknownVariant.
        """
        name = event.strip("[]")
        variants = self._interface(interface).variants
        candidates = [v for v in variants if f"[{name}]" in v.events] or [v for v in variants if not v.events]
        if not candidates:
            raise UnknownVariant(f"{interface} has no event [{name}] in version {self.version}")
        return min(candidates, key=lambda v: (v.name != name, len(v.events)))

    def schema_version(self, interface: str) -> str:
        """The schema version messages of this interface carry; empty where an old version does not say.

        Raises UnknownVariant.
        """
        return next(reversed(self._interface(interface).variants[0].schema_versions), "")

    def code_text(self, code: str) -> str:
        """The official form ``MSG1001 - Schema Failure``; the bare code where it is not known."""
        known = self.codes.get(code)
        return f"{code} - {known.text}" if known else code

    def _interface(self, name: str) -> Interface:
        if name not in self.interfaces:
            raise UnknownVariant(f"version {self.version} has no interface {name}")
        return self.interfaces[name]
