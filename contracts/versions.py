"""Serving several versions at once: which catalogue a message is meant for."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.envelope import header
from contracts.model import Catalogue


def choose(catalogues: Sequence[Catalogue], message: object) -> Catalogue:
    """The catalogue whose schema version the message carries; the first where that does not decide.

    ``catalogues``: at least one, the default first. 2.0.1 and 2.1.0 both say ``011``, so between those
    two the default it is. Among several that know the schema version, one that knows the event too wins.
    """
    found = header(message)
    fitting = [c for c in catalogues if _serves(c, found.interface, found.schema_version, None)]
    knowing = [c for c in fitting if _serves(c, found.interface, found.schema_version, found.event)]
    return next(iter(knowing or fitting or catalogues))


def _serves(
    catalogue: Catalogue, interface: str | None, schema_version: str | None, event: str | None
) -> bool:
    known = catalogue.interfaces.get(interface or "")
    return known is not None and any(
        schema_version in variant.schema_versions and (event is None or event in variant.events)
        for variant in known.variants
    )
