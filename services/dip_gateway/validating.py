"""POST /validate/{interface}/{event}: is this message right? For debugging; nothing is sent on.

The official answer is one plain string. ``?explain=true`` gives every violation as JSON instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import orjson

from contracts.validation import Checked, Validator, Violation
from participant.context import Context
from services.dip_gateway.admission import Admission
from services.dip_gateway.asgi import Request
from services.dip_gateway.errors import Refused
from services.dip_gateway.front import Reply, Route
from services.dip_gateway.responses import Entry

_CREATED, _BAD_REQUEST = 201, 400
_SHOWN = 20  # violations in the plain string


class Validating:
    """The validation endpoints: the official ones, and one for every other event of the catalogue."""

    def __init__(self, context: Context, admission: Admission) -> None:
        self._admission = admission
        self._catalogue = context.catalogue()
        self._validator = Validator(self._catalogue)
        self._events = {
            (variant.interface.lower(), event.strip("[]").lower()): (variant.interface, event)
            for variant in self._catalogue.variants()
            for event in variant.events
        }
        named = {(variant.interface, variant.name): variant for variant in self._catalogue.variants()}
        for endpoint in self._catalogue.endpoints:  # some official addresses name no event of today's
            variant = named[endpoint.interface, endpoint.variant]
            key = (endpoint.interface.lower(), endpoint.event.lower())
            self._events.setdefault(key, (endpoint.interface, variant.events[0]))

    def routes(self) -> list[Route]:
        return [Route("POST", "/validate/{interface}/{event}", self.validate)]

    async def validate(self, request: Request, values: Mapping[str, str]) -> Reply:
        await self._admission.admit_key(request)
        key = (values["interface"].lower(), values["event"].strip("[]").lower())
        if key not in self._events:
            raise self._unknown(values)
        interface, event = self._events[key]
        query = parse_qs(request.query.decode("latin-1").lower())
        explain = query.get("explain", ["false"])[0] in ("true", "1", "yes")
        messages = _messages(request.body)
        if isinstance(messages, str):
            return Reply(_BAD_REQUEST, _unread(messages) if explain else messages)
        checked = [self._validator.check_as(message, interface, event) for message in messages]
        status = _CREATED if all(one.valid for one in checked) else _BAD_REQUEST
        return Reply(status, _explained(checked) if explain else _plain(checked, interface, event))

    def _unknown(self, values: Mapping[str, str]) -> Refused:
        interface = values["interface"].upper()
        known = self._catalogue.interfaces.get(interface)
        events = ", ".join(event.strip("[]") for event in known.events) if known else ""
        advice = f"{interface} has: {events}." if events else "Interfaces are named like IF-031."
        text = f"There is no /validate/{values['interface']}/{values['event']}. {advice}"
        return Refused(404, text, [Entry(self._catalogue.code_text("MSG1002"), text)], detail="event unknown")


def _messages(body: bytes) -> list[Any] | str:
    """The messages; or why there are none. One message needs no array around it here."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as fault:
        return f"The body is not JSON: {fault}."
    if isinstance(value, dict):
        return [value]
    if not isinstance(value, list) or not value:
        return 'The body is an array of one or more messages: [{"payload": {…}}].'
    return value


def _plain(checked: list[Checked], interface: str, event: str) -> str:
    lines = [
        f"message {index + 1}: {violation.pointer or '/'}: {violation.message}"
        for index, one in enumerate(checked)
        for violation in one.errors
    ]
    if not lines:
        return f"Message OK: {interface} {event}"
    more = len(lines) - _SHOWN
    return "\n".join([*lines[:_SHOWN], *([f"and {more} more"] if more > 0 else [])])


def _explained(checked: list[Checked]) -> dict[str, Any]:
    return {
        "messages": [
            {
                "index": index,
                "interface": one.interface,
                "event": one.event,
                "valid": one.valid,
                "violations": [_violation(violation) for violation in one.violations],
            }
            for index, one in enumerate(checked)
        ]
    }


def _unread(text: str) -> dict[str, Any]:
    violation = {"pointer": "", "code": "MSG1001", "message": text, "severity": "error"}
    message = {"index": 0, "interface": None, "event": None, "valid": False, "violations": [violation]}
    return {"messages": [message]}


def _violation(violation: Violation) -> dict[str, Any]:
    return {
        "pointer": violation.pointer,
        "code": violation.code,
        "message": violation.message,
        "rule": violation.rule,
        "value": violation.value,
        "expected": violation.expected,
        "item": violation.item,
        "severity": violation.severity.value,
    }
