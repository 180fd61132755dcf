"""The static reference: a folder of pages about one version of the standard, for reading without a server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from contracts import envelope
from contracts.codes import FAMILIES
from contracts.describing import MOMENT_EXAMPLE, expected, is_moment
from contracts.errors import SampleImpossible
from contracts.model import Block, Catalogue, DataItem, Interface, ResponseCode, Variant
from contracts.reading import places
from contracts.reading.descriptions import ROUTES, each_event, route, schema_versions
from contracts.reading.diff import compare, document
from contracts.reading.rows import length, limits, rows
from contracts.reading.search_index import roles, script
from contracts.reading.titles import grouped, interface_title, role_name
from contracts.reading.uses import Uses
from contracts.samples import sample

_TEMPLATES: Final = Path(__file__).parent / "templates"
_ASSETS: Final = ("reference.css", "search.js")
Page = tuple[str, str, dict[str, Any]]
Routed = tuple[list[str], dict[str, Any] | None]


def write_reference(catalogue: Catalogue, folder: Path, earlier: Catalogue | None = None) -> int:
    """Write the pages into ``folder``; ``earlier``: the version to tell the changes from.

    Returns how many pages there are.
    """
    reference = _Reference(catalogue, earlier)
    (folder / "assets").mkdir(parents=True, exist_ok=True)
    for name in _ASSETS:
        (folder / "assets" / name).write_bytes((_TEMPLATES / name).read_bytes())
    (folder / "assets" / "index.js").write_bytes(script(catalogue, reference.uses))
    written = 0
    for address, template, facts in reference.pages():
        path = folder / address
        path.parent.mkdir(exist_ok=True)
        path.write_text(reference.render(address, template, facts), encoding="utf-8")
        written += 1
    return written


class _Reference:
    """Plans and renders the pages of one catalogue."""

    def __init__(self, catalogue: Catalogue, earlier: Catalogue | None) -> None:
        self.catalogue = catalogue
        self.uses = Uses(catalogue)
        self.difference = document(compare(earlier, catalogue)) if earlier else None
        self._environment = _environment(catalogue)
        self._environment.globals |= {"uses": self.uses}

    def pages(self) -> Iterator[Page]:
        yield "index.html", "index", {"groups": self._groups()}
        for interface in self.catalogue.interfaces.values():
            yield places.interface_page(interface.name), "interface", self._interface(interface)
        yield "blocks/index.html", "blocks", {"blocks": list(self.catalogue.blocks.values())}
        for block in self.catalogue.blocks.values():
            yield places.block_page(block.key), "block", self._block(block)
        yield "items/index.html", "items", {"items": list(self.catalogue.items.values())}
        for item in self.catalogue.items.values():
            yield places.item_page(item.key), "item", self._item(item)
        yield "codes.html", "codes", {"code_families": self._families()}
        yield "roles.html", "roles", {"roles": self._roles()}
        if self.difference:
            yield "changes.html", "changes", {}

    def render(self, address: str, template: str, facts: Mapping[str, Any]) -> str:
        root = "../" * address.count("/")
        page = self._environment.get_template(f"{template}.html")
        return page.render(
            root=root, address=address, difference=self.difference, changes=self._changes, **facts
        )

    # --- what each kind of page shows

    def _groups(self) -> dict[str, list[dict[str, Any]]]:
        return {
            group: [self._summary(interface) for interface in interfaces]
            for group, interfaces in grouped(self.catalogue).items()
        }

    def _summary(self, interface: Interface) -> dict[str, Any]:
        return {
            "name": interface.name,
            "title": interface_title(interface.name),
            "events": interface.events,
            "senders": sorted({s for r in self._routes(interface) for s in r["senders"]}),
            "receivers": sorted({x for r in self._routes(interface) for n in ROUTES for x in r[n]}),
        }

    def _routes(self, interface: Interface) -> list[dict[str, Any]]:
        found = [route(self.catalogue, interface.name, event) for event in interface.events]
        return [entry for entry in found if entry]

    def _interface(self, interface: Interface) -> dict[str, Any]:
        return {
            **self._summary(interface),
            "publication": envelope.publication_id(interface.name),
            "schema_versions": schema_versions(interface),
            "variants": [self._variant(variant) for variant in self._variants(interface)],
            "endpoints": [e.path for e in self.catalogue.endpoints if e.interface == interface.name],
        }

    def _variants(self, interface: Interface) -> list[Variant]:
        """The variants that some event leads to, in published order."""
        reached = [variant for variant, _ in each_event(self.catalogue, interface)]
        return [v for v in interface.variants if any(v is one for one in reached)]

    def _variant(self, variant: Variant) -> dict[str, Any]:
        own = [e for e in variant.events if self.catalogue.variant(variant.interface, e) is variant]
        return {
            "anchor": places.slug(variant.name),
            "events": own,
            "routes": self._event_routes(variant.interface, own),
            "common": variant.common,
            "custom": variant.custom,
            "rows": list(rows(variant.custom)),
            "sample": self._sample(variant.interface, own[0]),
        }

    def _event_routes(self, interface: str, events: list[str]) -> list[Routed]:
        """Events that share their senders and receivers stand together."""
        routes: list[Routed] = []
        for event in events:
            found = route(self.catalogue, interface, event)
            same = next((names for names, known in routes if known == found), None)
            if same is None:
                routes.append(([event], found))
            else:
                same.append(event)
        return routes

    def _sample(self, interface: str, event: str) -> str | None:
        try:
            message = sample(self.catalogue, interface, event)
        except SampleImpossible:
            return None
        return orjson.dumps(message, option=orjson.OPT_INDENT_2).decode()

    def _block(self, block: Block) -> dict[str, Any]:
        return {"block": block, "rows": list(rows(block)), **self._used(block.key)}

    def _item(self, item: DataItem) -> dict[str, Any]:
        return {"item": item, "names": self.uses.names(item.key), **self._used(item.key)}

    def _used(self, key: str) -> dict[str, Any]:
        messages: dict[str, list[str]] = {}
        for variant in self.uses.variants(key):
            messages.setdefault(variant.interface, []).extend(variant.events)
        return {"used_in": self.uses.places(key), "messages": messages, "change": self._changes.get(key)}

    def _families(self) -> list[tuple[str, list[ResponseCode]]]:
        families: dict[str, list[ResponseCode]] = {}
        for code in self.catalogue.codes.values():
            families.setdefault(code.family, []).append(code)
        return list(families.items())

    def _roles(self) -> list[dict[str, Any]]:
        interfaces = [
            (interface, self._summary(interface)) for interface in self.catalogue.interfaces.values()
        ]
        return [
            {
                "role": role,
                "sends": [s["name"] for _, s in interfaces if role in s["senders"]],
                "receives": [s["name"] for _, s in interfaces if role in s["receivers"]],
            }
            for role in sorted(roles(self.catalogue))
        ]

    @cached_property
    def _changes(self) -> Mapping[str, Any]:
        changes = self.difference["changes"] if self.difference else []
        return {change["name"]: change for change in changes}


def _environment(catalogue: Catalogue) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "catalogue": catalogue,
        "places": places,
        "expected": expected,
        "length": length,
        "limits": limits,
        "families": FAMILIES,
        "role_name": role_name,
        "interface_title": interface_title,
        "publication_id": envelope.publication_id,
        "is_moment": is_moment,
        "moment_example": MOMENT_EXAMPLE,
        "spoken": _spoken,
    }
    return environment


def _spoken(bounds: str) -> str:
    """Bounds in words: ``..36`` is ``up to 36``, ``1..50`` is ``1 to 50``."""
    low, dots, high = bounds.partition("..")
    if not dots:
        return bounds
    return f"{low} to {high}" if low and high else f"up to {high}" if high else f"{low} or more"
