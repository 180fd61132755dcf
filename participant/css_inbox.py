"""Where a service takes messages of the Central Switching Service: outside the DIP, as JSON over HTTP."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from backbone.errors import LogUnavailable
from backbone.journal import JournalEvent, Kind
from contracts import css
from participant.context import Context
from participant.errors import SignatureRefused
from participant.handlers import Incoming
from participant.identity import Identity
from participant.inbox import json_response, read_body, signer
from participant.parties import Party
from participant.wire import inbox_record

CSS = "CSS"
logger = logging.getLogger(__name__)


class CssInbox:
    """``POST {prefix}/css/messages`` and ``…/css/messages/{dip_id}`` of one service.

    The sender is known by its API key, or, for a party of the harness, by its signature.
    """

    def __init__(self, service: str, context: Context, identities: Mapping[str, Identity]) -> None:
        self._service = service
        self._context = context
        self._identities = identities

    async def __call__(self, request: Request) -> Response:
        body = await read_body(request, self._context.settings.max_body_bytes)
        if body is None:
            return json_response(413, {"error": "the body is larger than this service takes"})
        sender = await self._sender(request, body)
        if sender is None:
            text = "send the X-API-Key of your DIP ID, or sign as a party of the harness"
            return await self._refuse(401, body, None, [css.Problem("", text)])
        try:
            message = orjson.loads(body)
        except orjson.JSONDecodeError as fault:
            return await self._refuse(400, body, sender, [css.Problem("", f"not JSON: {fault}")])
        problems = css.check(message)
        if problems:
            return await self._refuse(400, body, sender, problems)
        to = self._recipient(request.path_params.get("dip_id"), message)
        if to is None:
            return await self._refuse(404, body, sender, [css.Problem("", "nobody here is meant by this")])
        return await self._take(to, sender, message)

    async def _take(self, to: str, sender: str, message: Mapping[str, Any]) -> Response:
        header = css.header(message)
        incoming = Incoming(
            kind="css",
            to=to,
            mpan=header.mpan or "",
            name=header.event_type or "",
            event=None,
            message=message,
            id=f"css:{header.event_id}:{to}",
            sender=sender,
        )
        try:
            await self._context.log.append([inbox_record(self._service, incoming)])
        except LogUnavailable:
            return json_response(503, {"error": "nothing can be kept at the moment; try again"})
        return json_response(201, {"eventId": header.event_id, "correlationId": header.correlation_id})

    async def _sender(self, request: Request, body: bytes) -> str | None:
        """DIP ID of the sender (``CSS`` for the harness's own switching service); None when unknown."""
        key = request.headers.get("X-API-Key")
        party = await self._context.directory.by_api_key(key) if key else None
        if party is None:
            return await self._signer(request, body)
        return self._name(party)

    async def _signer(self, request: Request, body: bytes) -> str | None:
        path = request.url.path.partition("/css/messages")[2]
        given = f"{self._context.service_url(self._service)}/css/messages{path}"
        try:
            signed = signer(self._context, request, given, body)
        except SignatureRefused as refused:
            logger.info("%s: %s", self._service, refused.message)
            return None
        if signed.certificate_fingerprint == self._context.dip_fingerprint:
            return CSS
        party = await self._context.directory.by_fingerprint(signed.certificate_fingerprint)
        return self._name(party) if party and party.harness else None

    def _name(self, party: Party) -> str:
        return CSS if party.dip_id == self._context.dip_identity.dip_id else party.dip_id

    def _recipient(self, dip_id: str | None, message: Mapping[str, Any]) -> str | None:
        if dip_id is not None:
            return dip_id if dip_id in self._identities else None
        if len(self._identities) == 1:
            return next(iter(self._identities))
        mpid = css.header(message).supplier_mpid
        return next((i.dip_id for i in self._identities.values() if i.mpid == mpid), None)

    async def _refuse(
        self,
        status: int,
        body: bytes,
        sender: str | None,
        problems: list[css.Problem] | tuple[css.Problem, ...],
    ) -> Response:
        """Answer with the problems, and tell the journal."""
        told = [{"pointer": problem.pointer, "message": problem.message} for problem in problems]
        await self._context.journal.write(self._refusal(status, body, sender, told))
        return json_response(status, {"problems": told})

    def _refusal(
        self, status: int, body: bytes, sender: str | None, problems: list[dict[str, str]]
    ) -> JournalEvent:
        try:
            header = css.header(orjson.loads(body))
        except orjson.JSONDecodeError:
            header = css.header(None)
        return JournalEvent(
            Kind.CSS_REFUSED,
            self._context.clock.now(),
            self._service,
            mpan=header.mpan,
            interface=header.event_type,
            sender=sender,
            correlation_id=header.correlation_id,
            body=body.decode("utf-8", "replace"),
            details={"status": status, "problems": problems},
        )
