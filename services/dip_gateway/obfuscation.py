"""Masking: what a recipient is not to see is replaced by ``x``, where the standard provides for it. Pure.

Which recipient sees which value masked is not published, so it is configuration: for an interface (and an
event) the roles whose copies are masked. Only items whose published values include ``x`` are ever touched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from contracts import Catalogue
from contracts.errors import ContractError
from contracts.model import Block, DataItem

MASK: Final = "x"


class Obfuscation:
    """``rules``: ``{"IF-036 [DSAppActive]": ["LDSO"], "IF-026": ["EES"]}``; the event's rule goes first."""

    def __init__(self, catalogue: Catalogue, rules: Mapping[str, Sequence[str]]) -> None:
        self._catalogue = catalogue
        self._rules = {key: frozenset(roles) for key, roles in rules.items()}

    def masks(self, interface: str | None, event: str | None, role: str | None) -> bool:
        """Whether recipients with this role get a masked copy."""
        if not self._rules:
            return False
        roles = self._rules.get(f"{interface} {event}", self._rules.get(interface or "", frozenset()))
        return role in roles

    def masked(self, publication: Mapping[str, Any], interface: str, event: str) -> bytes:
        """The publication with every maskable value masked."""
        try:
            payload = self._catalogue.variant(interface, event).payload
        except ContractError:
            return orjson.dumps(publication)
        return orjson.dumps({**publication, "payload": _masked(publication["payload"], payload)})


def _masked(value: Any, kind: Block | DataItem) -> Any:
    if isinstance(value, list):
        return [_masked(entry, kind) for entry in value]
    if isinstance(kind, DataItem):
        return MASK if value is not None and MASK in (kind.enum or ()) else value
    if not isinstance(value, dict):
        return value
    kinds = {field.name: field.type for field in kind.fields}
    return {name: _masked(entry, kinds[name]) if name in kinds else entry for name, entry in value.items()}
