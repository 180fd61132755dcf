"""Which runs a list shows, and what of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_BULK = frozenset({"steps", "siteData", "data", "instructions", "webhooks"})


@dataclass(frozen=True)
class Wanted:
    """What the runs of a list have in common; None: anything.

    ``participant``: DIP ID of a party under test in a run that is ready for it. ``label``: the whole of it.
    """

    participant: str | None = None
    scenario: str | None = None
    verdict: str | None = None
    phase: str | None = None
    label: str | None = None

    def fits(self, document: Mapping[str, Any]) -> bool:
        """Whether the run with this document is wanted."""
        asked = {name: getattr(self, name) for name in ("scenario", "verdict", "phase", "label")}
        same = all(value is None or document.get(name) == value for name, value in asked.items())
        return same and (self.participant is None or _is_for(document, self.participant))


EVERY_RUN = Wanted()


def _is_for(document: Mapping[str, Any], participant: str) -> bool:
    mine = any(p["dipId"] == participant and p["who"] == "QP" for p in document["parties"])
    return mine and document.get("phase") not in (None, "preparing")


def without_bulk(document: Mapping[str, Any]) -> dict[str, Any]:
    """A run's document as a list shows it."""
    return {key: value for key, value in document.items() if key not in _BULK}
