"""A run as its page shows it: the document, and each message at the step it belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

from backbone.journal.events import JournalEvent
from services.qualification.checks import Check, Checks
from services.qualification.evidence import letters
from services.qualification.redaction import cleaned, redacted
from services.qualification.report import MessageView, message_view, run_diagram
from services.qualification.store import StoredRun

MOST_KEPT: Final = 5_000
FINE: Final = ("passed", "attested", "skipped")


class KeptChecks(Checks):
    """Checks each event once: a page that follows a run shows the same messages again and again."""

    def __init__(
        self, version: str, trust_anchors: Sequence[str], contracts: Sequence[Path], bases: Sequence[str]
    ) -> None:
        super().__init__(version, trust_anchors, contracts, bases)
        self._kept: dict[tuple[str, str], Check] = {}

    def schema(self, event: JournalEvent) -> Check:
        known = self._kept.get(("schema", event.id))
        return known or self._keep(("schema", event.id), super().schema(event))

    def signature(self, event: JournalEvent) -> Check:
        known = self._kept.get(("signature", event.id))
        return known or self._keep(("signature", event.id), super().signature(event))

    def _keep(self, key: tuple[str, str], check: Check) -> Check:
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[key] = check
        return check


@dataclass(frozen=True)
class RunView:
    """What the page needs. ``other``: messages that belong to no step; ``business_time``: the run's own."""

    run: Mapping[str, Any]
    done: int
    current: Mapping[str, Any] | None
    seconds_left: float | None
    guidance: str
    business_time: datetime
    by_step: Mapping[int, Sequence[MessageView]]
    other: Sequence[MessageView]
    by_event: Mapping[str, MessageView]
    diagram: Markup


def run_view(
    stored: StoredRun,
    events: Sequence[JournalEvent],
    document: Mapping[str, Any],
    checks: Checks,
    now: datetime,
) -> RunView:
    """The whole of it, without the secrets that a participant may have put into its messages."""
    document = cleaned(document)
    steps_of = {event: step for step in document["steps"] for event in step["events"]}
    shown = letters(redacted(event) for event in events)
    views = [message_view(letter, stored.binding, steps_of, checks) for letter in shown]
    by_step: dict[int, list[MessageView]] = {}
    for view in views:
        by_step.setdefault(view.step or 0, []).append(view)
    current = next((s for s in document["steps"] if s["step"] == document["currentStep"]), None)
    return RunView(
        run=document,
        done=sum(step["result"] in FINE for step in document["steps"]),
        current=current,
        seconds_left=_seconds_left(current, now),
        guidance=_guidance(document, current),
        business_time=now + timedelta(seconds=document.get("clockAheadSeconds", 0)),
        by_step=by_step,
        other=by_step.get(0, []),
        by_event={view.letter.event.id: view for view in views},
        diagram=Markup(run_diagram(stored.binding, views)),  # noqa: S704 - made by us, every text escaped
    )


def _seconds_left(current: Mapping[str, Any] | None, now: datetime) -> float | None:
    if current is None or current["deadline"] is None:
        return None
    return max(0.0, (datetime.fromisoformat(current["deadline"]) - now).total_seconds())


def _guidance(document: Mapping[str, Any], current: Mapping[str, Any] | None) -> str:
    if current is None:
        return ""
    told = (item["text"] for item in document["instructions"] if item["step"] == current["step"])
    return next(told, "")
