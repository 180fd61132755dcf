"""What changed between two versions of the standard, and what that does to messages.

``stricter``: messages that were valid may be refused now. ``looser``: the other way round. ``mixed``: both,
or it cannot be told. ``none``: no message changes its verdict (texts of codes).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeVar

from contracts.model import Catalogue, Interface, Variant
from contracts.reading.descriptions import schema_versions
from contracts.reading.effects import Detail, Effect, block_details, combined, item_details, listed
from contracts.reading.uses import Uses, event_labels, own_parts

Part = TypeVar("Part")
KINDS: Final = ("interface", "event", "block", "item", "code", "endpoint")


class ChangeType(StrEnum):
    """What happened to a part."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Change:
    """One part that is not as it was. ``affects``: events whose messages can hold it, ``IF-031 [MSApp]``."""

    kind: str
    name: str
    change: ChangeType
    effect: Effect
    details: tuple[Detail, ...] = ()
    affects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """All changes from one version to another, by kind and name."""

    before: str
    after: str
    changes: tuple[Change, ...]
    events: int  # of the newer version

    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """Per kind how many were added, removed and changed; kinds without any are left out."""
        found = Counter((change.kind, change.change) for change in self.changes)
        return {
            kind: {str(change): found[kind, change] for change in ChangeType}
            for kind in KINDS
            if any(found[kind, change] for change in ChangeType)
        }


def compare(before: Catalogue, after: Catalogue) -> Difference:
    """Everything that was added, removed or changed from ``before`` to ``after``."""
    changes = (
        *_interfaces(before, after),
        *_events(before, after),
        *_blocks(before, after),
        *_items(before, after),
        *_codes(before, after),
        *_endpoints(before, after),
    )
    return Difference(before.version, after.version, changes, len(_by_event(after)))


def document(difference: Difference) -> dict[str, Any]:
    """The difference as JSON-like data."""
    return {
        "from": difference.before,
        "to": difference.after,
        "counts": difference.counts(),
        "changes": [
            {
                "kind": change.kind,
                "name": change.name,
                "change": str(change.change),
                "effect": str(change.effect),
                "details": [{"fact": d.fact, "before": d.before, "after": d.after} for d in change.details],
                "affects": list(change.affects),
                "affectsAll": len(change.affects) >= difference.events,
            }
            for change in difference.changes
        ],
    }


def _interfaces(before: Catalogue, after: Catalogue) -> Iterator[Change]:
    def details(old: Interface, new: Interface) -> Iterator[Detail]:
        return listed("schema versions", schema_versions(old), schema_versions(new))

    return _parts("interface", before.interfaces, after.interfaces, details)


def _events(before: Catalogue, after: Catalogue) -> Iterator[Change]:
    return _parts("event", _by_event(before), _by_event(after), _variant_details)


def _variant_details(old: Variant, new: Variant) -> Iterator[Detail]:
    """Differences in a message's own parts; shared blocks and items are compared on their own."""
    yield from block_details(old.payload, new.payload)
    parts = {block.key.rpartition(".")[2]: block for block in own_parts(new)}
    for block in own_parts(old):
        name = block.key.rpartition(".")[2]
        if name in parts:
            yield from block_details(block, parts[name], f"{name}.", header=name == "S0")


def _blocks(before: Catalogue, after: Catalogue) -> Iterator[Change]:
    return _parts("block", before.blocks, after.blocks, block_details, (Uses(before), Uses(after)))


def _items(before: Catalogue, after: Catalogue) -> Iterator[Change]:
    return _parts("item", before.items, after.items, item_details, (Uses(before), Uses(after)))


def _parts(
    kind: str,
    old: Mapping[str, Part],
    new: Mapping[str, Part],
    details: Callable[[Part, Part], Iterable[Detail]],
    uses: tuple[Uses, Uses] | None = None,
) -> Iterator[Change]:
    """Parts added, removed and changed. ``uses``: where the old and the new ones are used; None for what
    messages are themselves, so that a new one makes the standard looser and a missing one stricter."""
    looser, stricter = (Effect.LOOSER, Effect.STRICTER) if uses is None else (Effect.NONE, Effect.NONE)
    for name in _missing(new, old):
        yield Change(kind, name, ChangeType.ADDED, looser, affects=_affected(uses and uses[1], name))
    for name in _missing(old, new):
        yield Change(kind, name, ChangeType.REMOVED, stricter, affects=_affected(uses and uses[0], name))
    for name in _both(old, new):
        changed = tuple(details(old[name], new[name]))
        if changed:
            yield _changed(kind, name, changed, _affected(uses and uses[1], name))


def _codes(before: Catalogue, after: Catalogue) -> Iterator[Change]:
    for code in _missing(after.codes, before.codes):
        text = Detail("text", None, after.codes[code].text, Effect.NONE)
        yield Change("code", code, ChangeType.ADDED, Effect.NONE, (text,))
    for code in _missing(before.codes, after.codes):
        text = Detail("text", before.codes[code].text, None, Effect.NONE)
        yield Change("code", code, ChangeType.REMOVED, Effect.NONE, (text,))
    for code in _both(before.codes, after.codes):
        old, new = before.codes[code].text, after.codes[code].text
        if old != new:
            yield _changed("code", code, (Detail("text", old, new, Effect.NONE),), ())


def _endpoints(before: Catalogue, after: Catalogue) -> Iterator[Change]:
    old, new = ([endpoint.path for endpoint in c.endpoints] for c in (before, after))
    for path in _missing(new, old):
        yield Change("endpoint", path, ChangeType.ADDED, Effect.NONE)
    for path in _missing(old, new):
        yield Change("endpoint", path, ChangeType.REMOVED, Effect.NONE)


def _changed(kind: str, name: str, details: Sequence[Detail], affects: tuple[str, ...]) -> Change:
    effect = combined(detail.effect for detail in details)
    return Change(kind, name, ChangeType.CHANGED, effect, tuple(details), affects)


def _by_event(catalogue: Catalogue) -> dict[str, Variant]:
    return {
        f"{name} {event}": catalogue.variant(name, event)
        for name, interface in catalogue.interfaces.items()
        for event in interface.events
    }


def _affected(uses: Uses | None, key: str) -> tuple[str, ...]:
    if uses is None:
        return ()
    return tuple(dict.fromkeys(label for v in uses.variants(key) for label in event_labels(v)))


def _missing(wanted: Mapping[str, Any] | Sequence[str], held: Mapping[str, Any] | Sequence[str]) -> list[str]:
    """Names of the first that the second lacks."""
    return [name for name in wanted if name not in held]


def _both(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[str]:
    return [name for name in first if name in second]
