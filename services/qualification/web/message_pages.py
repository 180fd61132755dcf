"""Any message that passed the gateway: found by what a tester knows of it, and its whole life."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Query
from fastapi.responses import Response

from backbone.journal import JournalIndex
from backbone.journal.events import JournalEvent
from backbone.journal.life import find_messages, messages
from services.qualification.redaction import redacted
from services.qualification.web.pages import page, problem

SHOWN: Final = 100
MOST_EVENTS: Final = 1_000
_KINDS: Final = (
    (re.compile(r"\d{13}"), "mpan"),
    (re.compile(r"[0-9A-Z]{10}"), "party"),
    (re.compile(r"T-.+"), "transaction"),
    (re.compile(r"CI-.+"), "correlation"),
    (re.compile(r"(IF|PUB)-?\d{3}", re.IGNORECASE), "interface"),
)
Short = Annotated[str, Query(max_length=200)]


class TimeUnreadable(Exception):
    """A moment that is none."""


def kind_of(text: str) -> str:
    """The filter that a text is for, by what it looks like; what looks like nothing else is a reference."""
    return next((name for pattern, name in _KINDS if pattern.fullmatch(text)), "reference")


def interface_name(text: str) -> str:
    """``IF-031`` for ``if031``."""
    letters, digits = re.sub(r"[^A-Za-z]", "", text).upper(), re.sub(r"\D", "", text)
    return f"{letters}-{digits}"


def question(text: str, interface: str) -> dict[str, str]:
    """The filters that the two fields of the form stand for."""
    wanted = {}
    if text.strip():
        wanted[kind_of(text.strip())] = text.strip()
    if interface.strip():
        wanted["interface"] = interface.strip()
    if "interface" in wanted:
        wanted["interface"] = interface_name(wanted["interface"])
    return wanted


def moment_of(text: str) -> datetime | None:
    """A time as the browser's field gives it (``2026-03-02T09:30``), in UTC. Raises TimeUnreadable."""
    if not text.strip():
        return None
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as fault:
        raise TimeUnreadable(f"{text} is no time. Write it as 2026-03-02T09:30, in UTC.") from fault
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def router(index: JournalIndex) -> APIRouter:
    """``/ui/messages``."""
    routes = APIRouter(prefix="/messages")

    @routes.get("")
    async def search(
        text: Short = "", interface: Short = "", since: Short = "", until: Short = ""
    ) -> Response:
        asked = {"text": text, "interface": interface, "since": since, "until": until}
        wanted, faults, moments = question(text, interface), {}, {}
        for name in ("since", "until"):
            try:
                moments[name] = moment_of(asked[name])
            except TimeUnreadable as fault:
                faults[name] = str(fault)
        found = [] if faults else await find_messages(index, wanted, SHOWN, **moments)
        return page(
            "messages.html.j2",
            status=422 if faults else 200,
            asked=asked,
            wanted=wanted,
            faults=faults,
            found=found,
            shown=SHOWN,
        )

    @routes.get("/{key}")
    async def one(key: str) -> Response:
        events = await _events(index, key)
        if not events:
            text = f"No message has the sequence number, transaction ID or reference {key[:200]}."
            return problem(404, "No such message", text)
        summary = next(iter(messages(events)), None)
        hops = [hop(number, event) for number, event in events]
        return page("message_life.html.j2", key=key, message=summary, hops=hops, first=events[0][1])

    return routes


async def _events(index: JournalIndex, key: str) -> list[tuple[int, JournalEvent]]:
    """The events of one message: by the number of its first event, its transaction ID or its reference."""
    if not re.fullmatch(r"\d{1,12}", key):
        found = await index.events(transaction=key, limit=MOST_EVENTS)
        return found or await index.events(reference=key, limit=MOST_EVENTS)
    first = await index.events(after=int(key) - 1, limit=1)
    if not first or first[0][0] != int(key):
        return []
    transaction = first[0][1].transaction_id
    return await index.events(transaction=transaction, limit=MOST_EVENTS) if transaction else first


def hop(number: int, event: JournalEvent) -> dict[str, Any]:
    """One event of a message's life as people read it, without secrets."""
    event = redacted(event)
    return {"number": number, "event": event, "what": event.kind.value, "text": _told(event)} | {
        "tone": _TONES.get(event.kind.value, "other"),
        "body": _pretty(event.body),
        "details": {name: value for name, value in event.details.items() if name not in _TOLD},
    }


_TONES: Final = {
    "accepted": "good",
    "delivered": "good",
    "refused": "bad",
    "routing failed": "bad",
    "delivery abandoned": "bad",
    "delivery attempted": "retry",
    "held": "retry",
}
_TOLD: Final = ("status", "attempt", "reason", "error", "routing")


def _told(event: JournalEvent) -> str:
    details: Mapping[str, Any] = event.details
    parts = [
        f"attempt {details['attempt']}" if "attempt" in details else "",
        f"HTTP {details['status']}" if details.get("status") is not None else str(details.get("error") or ""),
        f"{details['routing']} recipient" if details.get("routing") else "",
        str(details.get("reason") or ""),
        ", ".join(event.codes),
    ]
    return " · ".join(part for part in parts if part)


def _pretty(body: str | None) -> str | None:
    if body is None:
        return None
    try:
        return orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return body
