"""The webhook of a participant: what it is posted is verified, made durable, and only then answered 201."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from backbone.errors import LogUnavailable, RecordTooLarge
from contracts import envelope
from participant import refusals
from participant.answers import entry, standard_response
from participant.context import Context
from participant.directory import STATUS_CHANNEL
from participant.errors import Reason, SignatureRefused
from participant.handlers import Incoming
from participant.signing import Signed
from participant.wire import inbox_record

SUCCESS, PROCESSING_FAILED, SCHEMA_FAILURE, SIGNATURE_INVALID = "RCP0000", "RCP1000", "RCP1001", "RCP9999"
logger = logging.getLogger(__name__)


class Webhook:
    """``POST {prefix}/{dip_id}/webhook`` of one service. Only the DIP may post to it."""

    def __init__(self, service: str, context: Context, dip_ids: frozenset[str]) -> None:
        self._service = service
        self._context = context
        self._dip_ids = dip_ids

    async def __call__(self, request: Request) -> Response:
        dip_id = request.path_params["dip_id"]
        if dip_id not in self._dip_ids:
            return json_response(404, {"error": f"{self._service} does not play {dip_id}"})
        body = await read_body(request, self._context.settings.max_body_bytes)
        if body is None:
            return self._refuse(413, dip_id, PROCESSING_FAILED, "The body is larger than this webhook takes.")
        try:
            await self._verify(request, dip_id, body)
        except SignatureRefused as refused:
            logger.warning("%s refused a delivery to %s: %s", self._service, dip_id, refused.message)
            return self._refuse(401, dip_id, SIGNATURE_INVALID, f"{refused.message}. {refused.help}")
        messages = parse_batch(body)
        if messages is None:
            text = "The body must be a JSON array of one or more objects."
            return self._refuse(400, dip_id, SCHEMA_FAILURE, text)
        return await self._take(dip_id, messages)

    async def _take(self, dip_id: str, messages: list[dict[str, Any]]) -> Response:
        incomings = [incoming_publication(message, dip_id) for message in messages]
        try:
            await self._context.log.append([inbox_record(self._service, i) for i in incomings])
        except LogUnavailable:
            return self._refuse(
                503, dip_id, PROCESSING_FAILED, "Try again: nothing can be kept at the moment."
            )
        except RecordTooLarge:
            return self._refuse(413, dip_id, PROCESSING_FAILED, "A message is larger than can be kept.")
        now, catalogue = self._context.clock.now(), self._context.catalogue()
        entries = [
            entry(catalogue, SUCCESS, now=now, recipient=dip_id, header=envelope.header(m)) for m in messages
        ]
        return json_response(201, standard_response(entries, now))

    async def _verify(self, request: Request, dip_id: str, body: bytes) -> None:
        """Raises SignatureRefused unless the DIP signed this."""
        given = f"{self._context.service_url(self._service)}/{dip_id}/webhook"
        await require_dip(self._context, signer(self._context, request, given, body))

    def _refuse(self, status: int, dip_id: str, code: str, text: str) -> Response:
        now = self._context.clock.now()
        body = standard_response(
            [entry(self._context.catalogue(), code, now=now, recipient=dip_id, help=text)], now
        )
        return json_response(status, body)


def signer(context: Context, request: Request, given_url: str, body: bytes) -> Signed:
    """Who signed the request to ``given_url``, the address we give to others, or to the address requested.

    The two differ behind a proxy. Raises SignatureRefused.
    """
    now, requested_url = context.clock.now(), str(request.url)
    try:
        return context.verifier.verify(request.method, given_url, request.headers, body, now)
    except SignatureRefused as refused:
        if refused.reason is not Reason.SIGNATURE_MISMATCH or requested_url.lower() == given_url.lower():
            raise
    return context.verifier.verify(request.method, requested_url, request.headers, body, now)


async def require_dip(context: Context, signed: Signed) -> None:
    """Raises SignatureRefused unless the certificate is the DIP's, or one that the directory has for it."""
    if signed.certificate_fingerprint == context.dip_fingerprint:
        return
    owner = await context.directory.by_fingerprint(signed.certificate_fingerprint)
    if owner is None or owner.dip_id != context.dip_identity.dip_id:
        raise refusals.not_the_dip(signed.subject)
    await context.directory.check_signer(owner.dip_id, signed, context.clock.now())


def parse_batch(body: bytes) -> list[dict[str, Any]] | None:
    """The messages of a request; None when it is not a JSON array of one or more objects."""
    try:
        messages = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(messages, list) or not messages:
        return None
    return messages if all(isinstance(message, dict) for message in messages) else None


def incoming_publication(message: Mapping[str, Any], dip_id: str) -> Incoming:
    """A publication, or an entry of a status message (name ``STATUS``), as an incoming thing.

    Its id is the DIP's transaction ID per recipient, so a publication delivered twice is handled once.
    """
    header = envelope.header(message)
    name = header.publication or (envelope.publication_id(header.interface) if header.interface else None)
    identity = header.transaction_id if name else None
    if identity is None:
        identity = hashlib.sha256(orjson.dumps(message, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return Incoming(
        kind="dip",
        to=dip_id,
        mpan=header.mpan or "",
        name=name or STATUS_CHANNEL,
        event=header.event,
        message=message,
        id=f"{identity}:{dip_id}",
        sender=header.sender,
    )


async def read_body(request: Request, limit: int) -> bytes | None:
    """The body; None when it is longer than ``limit`` bytes."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            return None
        chunks.append(chunk)
    return b"".join(chunks)


def json_response(status: int, body: object) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(body), HTTPStatus(status), media_type="application/json")
