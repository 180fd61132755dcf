"""The report for people: one HTML file that needs nothing but a browser, with or without scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from backbone.journal.events import JournalEvent, Kind
from services.qualification.binding import Binding
from services.qualification.checks import Check, Checks
from services.qualification.diagram import Arrow, Column, sequence_diagram
from services.qualification.format import DIP
from services.qualification.junit import seconds
from services.qualification.store import StoredRun

_FROM_DIP = (Kind.DELIVERED, Kind.DELIVERY_ATTEMPTED, Kind.DELIVERY_ABANDONED, Kind.STATUS_SENT)
_BAD = (Kind.REFUSED, Kind.CSS_REFUSED, Kind.DELIVERY_ABANDONED)


@dataclass(frozen=True)
class Letter:
    """A journal event that holds a message. ``name``: of its file in ``messages/``."""

    number: int
    name: str
    event: JournalEvent

    @property
    def anchor(self) -> str:
        return f"message-{self.number:03d}"


@dataclass(frozen=True)
class Seal:
    """What the report says of its own pack. ``signer``: subject, issuer, fingerprint; None: not signed."""

    fingerprint: str
    signer: Mapping[str, str] | None


@dataclass(frozen=True)
class MessageView:
    """A message as the report shows it."""

    letter: Letter
    title: str
    source: str
    target: str
    outcome: str
    tone: str
    step: int | None
    behalf: bool
    schema: Check
    signature: Check
    pretty: str


@cache
def _templates() -> Environment:
    loader = PackageLoader("services.qualification", "templates")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["moment"] = moment
    environment.filters["shown"] = shown
    return environment


def moment(value: str | datetime | None) -> str:
    """``2026-03-02 09:00:04.250 UTC``; nothing for no time."""
    if value is None:
        return ""
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d} UTC"


def shown(value: object) -> str:
    """Any JSON value as text: texts as they are, the rest as JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def report(
    run: StoredRun,
    events: Sequence[JournalEvent],
    document: Mapping[str, Any],
    letters: Sequence[Letter],
    checks: Checks,
    facts: Mapping[str, str],
    seal: Seal,
) -> str:
    """The whole page."""
    steps_of = {event: step for step in document["steps"] for event in step["events"]}
    views = [message_view(letter, run.binding, steps_of, checks) for letter in letters]
    anchors: dict[int, list[MessageView]] = {}
    for view in views:
        anchors.setdefault(view.step or 0, []).append(view)
    template = _templates().get_template("report.html.j2")
    return template.render(
        run=document,
        seconds=seconds(document),
        views=views,
        by_step=anchors,
        by_event={view.letter.event.id: view for view in views},
        diagram=Markup(run_diagram(run.binding, views)),  # noqa: S704 - made by us, every text escaped there
        events=events,
        facts=facts,
        seal=seal,
        counts=_counts(document),
    )


def _counts(document: Mapping[str, Any]) -> dict[str, int]:
    labels = [step["status"] for step in document["steps"]]
    return {label: labels.count(label) for label in dict.fromkeys(labels)}


def message_view(
    letter: Letter, binding: Binding, steps_of: Mapping[str, Mapping[str, Any]], checks: Checks
) -> MessageView:
    """One message as people read it. ``steps_of``: the step that each journal event (by ID) belongs to."""
    event = letter.event
    step = steps_of.get(event.id)
    source, target = _ends(event, binding)
    return MessageView(
        letter=letter,
        title=" ".join(part for part in (event.interface or "Unreadable message", event.event_code) if part),
        source=source,
        target=target,
        outcome=_outcome(event),
        tone=_tone(event, step),
        step=step["step"] if step else None,
        behalf="onBehalfOf" in event.details,
        schema=checks.schema(event),
        signature=checks.signature(event),
        pretty=_pretty(event.body or ""),
    )


def _ends(event: JournalEvent, binding: Binding) -> tuple[str, str]:
    names = {party.dip_id: party.name for party in binding.parties.values()}
    names |= {party.role: party.name for party in binding.parties.values() if party.role in ("CSS", "REGS")}
    sender, recipient = (names.get(end or "", end or "unknown") for end in (event.sender, event.recipient))
    if event.kind in _FROM_DIP:
        return DIP, recipient
    return (sender, DIP) if event.kind in (Kind.ACCEPTED, Kind.REFUSED) else (sender, recipient)


def _outcome(event: JournalEvent) -> str:
    status, attempt = event.details.get("status"), event.details.get("attempt")
    answer = status if status is not None else event.details.get("error", "no answer")
    texts = {
        Kind.ACCEPTED: "accepted, 201",
        Kind.REFUSED: f"refused, {answer}",
        Kind.DELIVERED: f"delivered, {answer}",
        Kind.DELIVERY_ATTEMPTED: f"attempt {attempt}: {answer}",
        Kind.DELIVERY_ABANDONED: f"given up, {answer}",
        Kind.CSS_MESSAGE: "sent",
        Kind.CSS_REFUSED: "refused",
        Kind.STATUS_SENT: "status message",
    }
    return texts[event.kind]


def _tone(event: JournalEvent, step: Mapping[str, Any] | None) -> str:
    if event.kind in _BAD:
        return "bad"
    if event.kind is Kind.DELIVERY_ATTEMPTED:
        return "retry"
    if step is None:
        return "other"
    decided = step["events"][-1] == event.id
    return "bad" if decided and step["result"] in ("failed", "error") else "good"


def _pretty(body: str) -> str:
    try:
        return orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return body


def run_diagram(binding: Binding, views: Sequence[MessageView]) -> str:
    """The sequence diagram, as SVG with every text escaped; its arrows lead to ``#message-NNN``."""
    arrows = [
        Arrow(
            source=view.source,
            target=view.target,
            label=f"{view.step}  {view.title}" if view.step else view.title,
            note=f"{moment(view.letter.event.at)[11:23]} {view.outcome}",
            tone=view.tone,
            href=f"#{view.letter.anchor}",
        )
        for view in views
    ]
    return sequence_diagram(_columns(binding, views), arrows)


def _columns(binding: Binding, views: Sequence[MessageView]) -> list[Column]:
    """Participants first, then the DIP, then the harness's parties, then whoever else appears."""
    known = list(binding.parties.values())
    mine = [Column(p.name, f"{p.title}", participant=True) for p in known if p.participant]
    harness = [Column(p.name, p.title) for p in known if not p.participant]
    first = mine or harness[:1]
    columns = [*first, Column(DIP, "Data Integration Platform"), *(c for c in harness if c not in first)]
    keys = {column.key for column in columns}
    ends = dict.fromkeys(end for view in views for end in (view.source, view.target))
    return [*columns, *(Column(end, "other party") for end in ends if end not in keys)]
