"""The web side of CSS: where suppliers send switch requests and say where they want to be told.

CSS is not behind the DIP: requests are plain JSON over HTTP, known by the X-API-Key of the sender's DIP ID.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from backbone.errors import LogUnavailable
from backbone.journal import JournalEvent, Kind
from contracts import css
from contracts.css import Problem
from participant.context import Context
from participant.errors import TargetRefused
from participant.handlers import Incoming
from participant.inbox import json_response, read_body
from participant.parties import Party
from participant.targets import TargetGuard
from participant.wire import inbox_record
from services.css_stub.rules import refusals
from services.css_stub.store import CallbackStore

CSS = "CSS"
_NO_KEY = Problem("", "Send the X-API-Key that belongs to the supplier's DIP ID.")
_NOT_A_SUPPLIER = Problem("", "Only a supplier asks for a switch; this X-API-Key belongs to another role.")


class CssWeb:
    """``POST {prefix}/messages`` and ``PUT``/``DELETE {prefix}/callbacks/{mpid}``."""

    def __init__(self, service: str, context: Context, callbacks: CallbackStore) -> None:
        self._service = service
        self._context = context
        self._callbacks = callbacks
        self._guard = TargetGuard.of(context)

    def routes(self, prefix: str) -> Sequence[Route]:
        """The routes below ``prefix``."""
        return [
            Route(f"{prefix}/messages", self.message, methods=["POST"]),
            Route(f"{prefix}/callbacks/{{mpid}}", self.put_callback, methods=["PUT"]),
            Route(f"{prefix}/callbacks/{{mpid}}", self.remove_callback, methods=["DELETE"]),
        ]

    async def message(self, request: Request) -> Response:
        """Take a switch request: 201 once it is durable, 400 with every problem, 401 without a good key."""
        body = await read_body(request, self._context.settings.max_body_bytes)
        if body is None:
            return _refused(413, [Problem("", "The body is larger than CSS takes.")])
        party = await self._party(request)
        if party is None or party.role != "SUP":
            return await self._refuse(401, [_NO_KEY if party is None else _NOT_A_SUPPLIER], body, party)
        try:
            message = orjson.loads(body)
        except orjson.JSONDecodeError as fault:
            return await self._refuse(400, [Problem("", f"The body is not JSON: {fault}.")], body, party)
        problems = refusals(message, self._context.clock.now(css.header(message).mpan), party.mpid)
        if problems:
            return await self._refuse(400, problems, body, party)
        return await self._take(message, body, party)

    async def put_callback(self, request: Request) -> Response:
        """Set where CSS tells the party with this MPID what happens: ``{"callbackURL": "https://…"}``."""
        mpid, party = request.path_params["mpid"], await self._party(request)
        if party is None or party.mpid != mpid:
            return _refused(401, [Problem("", f"Send the X-API-Key that belongs to {mpid}.")])
        url = _callback_url(await read_body(request, self._context.settings.max_body_bytes))
        try:
            await self._guard.check_resolved(url)
        except TargetRefused as fault:
            return _refused(400, [Problem("/callbackURL", str(fault))])
        await self._callbacks.put(mpid, url)
        return json_response(200, {"mpid": mpid, "callbackURL": url})

    async def remove_callback(self, request: Request) -> Response:
        """Forget a callback."""
        mpid, party = request.path_params["mpid"], await self._party(request)
        if party is None or party.mpid != mpid:
            return _refused(401, [Problem("", f"Send the X-API-Key that belongs to {mpid}.")])
        if not await self._callbacks.remove(mpid):
            return _refused(404, [Problem("", f"{mpid} has registered no callback.")])
        return json_response(200, {"mpid": mpid})

    async def _party(self, request: Request) -> Party | None:
        key = request.headers.get("X-API-Key")
        return await self._context.directory.by_api_key(key) if key else None

    async def _take(self, message: Mapping[str, Any], body: bytes, party: Party) -> Response:
        header = css.header(message)
        incoming = Incoming(
            kind="css",
            to=CSS,
            mpan=header.mpan or "",
            name=css.SWITCH_REQUEST,
            event=None,
            message=message,
            id=f"css:{party.dip_id}:{hashlib.sha256(body).hexdigest()}",
            sender=party.dip_id,
        )
        try:
            await self._context.log.append([inbox_record(self._service, incoming)])
        except LogUnavailable:
            return _refused(503, [Problem("", "Nothing can be kept at the moment; send it again.")])
        return json_response(201, {"eventId": header.event_id, "correlationId": header.correlation_id})

    async def _refuse(
        self, status: int, problems: Sequence[Problem], body: bytes, party: Party | None
    ) -> Response:
        """Answer with the problems, and tell the journal."""
        header = css.header(_read(body))
        event = JournalEvent(
            Kind.CSS_REFUSED,
            self._context.clock.now(header.mpan),
            self._service,
            mpan=header.mpan,
            interface=header.event_type or css.SWITCH_REQUEST,
            sender=party.dip_id if party else None,
            recipient=CSS,
            reference=header.event_id,
            correlation_id=header.correlation_id,
            body=body.decode("utf-8", "replace"),
            details={"status": status, "problems": [f"{p.pointer}: {p.message}" for p in problems]},
        )
        await self._context.journal.write(event)
        return _refused(status, problems)


def _refused(status: int, problems: Sequence[Problem]) -> Response:
    told = [{"pointer": problem.pointer, "message": problem.message} for problem in problems]
    return json_response(status, {"problems": told})


def _read(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _callback_url(body: bytes | None) -> str:
    """The address that a party gives; empty where it gives none."""
    document = _read(body or b"")
    url = document.get("callbackURL") if isinstance(document, Mapping) else None
    return url if isinstance(url, str) else ""
