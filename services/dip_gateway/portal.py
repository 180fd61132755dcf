"""The directory over HTTP, as the DIP's portal keeps it: who may speak here, with what, reached where.

For whoever runs the emulator, under ``/api/participants`` and ``/api/directory``. Parties that the harness
plays are shown and never changed.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from participant.context import Context
from participant.directory_files import export_directory, import_directory, is_channel
from participant.enrolment import Enrolled, Enrolment, enrol
from participant.errors import (
    CertificateUnusable,
    DirectoryConflict,
    DirectoryFileInvalid,
    EnrolmentInvalid,
    ParticipantError,
    PartyUnknown,
    TargetRefused,
)
from participant.parties import Party, Snapshot
from participant.targets import TargetGuard
from services.dip_gateway.admin import parsed, refusal
from services.dip_gateway.asgi import Request
from services.dip_gateway.errors import RequestInvalid
from services.dip_gateway.front import Handler, Reply, Route
from services.dip_gateway.webhooks import read_webhook

_STATUS: Final[Mapping[type[ParticipantError], int]] = {
    PartyUnknown: 404,
    DirectoryConflict: 409,
    EnrolmentInvalid: 400,
    CertificateUnusable: 400,
    DirectoryFileInvalid: 400,
    TargetRefused: 400,
}
Pem = Annotated[str, Field(max_length=100_000)]
Body = TypeVar("Body", bound=BaseModel)


class _Body(BaseModel):
    model_config = ConfigDict(
        extra="forbid", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )


class _New(_Body):
    role: str
    mpid: str
    dip_id: str | None = None
    organisation: str = ""
    certificate: Pem | None = None
    gateway_url: Annotated[str, Field(max_length=2_000)] | None = None
    pfx_password: Annotated[str, Field(min_length=1, max_length=200)] | None = None


class _Key(_Body):
    overlap_hours: float = Field(default=0.0, ge=0, le=24 * 365)


class _Certificate(_Body):
    certificate: Pem


class _Provider(_Body):
    dip_id: str | None


class Portal:
    """``changed`` is told the DIP ID whose webhooks are others than before."""

    def __init__(self, context: Context, guard: TargetGuard, changed: Callable[[str], None]) -> None:
        self._context = context
        self._directory = context.directory
        self._guard = guard
        self._changed = changed

    def routes(self) -> list[Route]:
        one = "/api/participants/{dip-id}"
        handlers: list[tuple[str, str, Handler]] = [
            ("GET", "/api/participants", self.listing),
            ("POST", "/api/participants", self.add),
            ("GET", one, self.show),
            ("DELETE", one, self.remove),
            ("POST", "/api/participants/{dip-id}/api-key", self.rotate_key),
            ("POST", "/api/participants/{dip-id}/certificates", self.add_certificate),
            ("DELETE", "/api/participants/{dip-id}/certificates/{fingerprint}", self.revoke),
            ("PUT", "/api/participants/{dip-id}/connection-provider", self.nominate),
            ("PUT", "/api/participants/{dip-id}/webhooks/{channel}", self.set_webhook),
            ("DELETE", "/api/participants/{dip-id}/webhooks/{channel}", self.remove_webhook),
            ("GET", "/api/directory", self.export),
            ("POST", "/api/directory", self.import_),
        ]
        return [Route(method, template, _answering(handler)) for method, template, handler in handlers]

    async def listing(self, request: Request, values: Mapping[str, str]) -> Reply:
        """GET /api/participants: everybody, the harness's own parties marked."""
        snapshot = await self._directory.latest()
        return Reply(200, {"participants": [shown(party, snapshot) for party in snapshot.parties]})

    async def add(self, request: Request, values: Mapping[str, str]) -> Reply:
        """POST /api/participants: keys and private key are in the answer, and are kept nowhere."""
        wish = _read(_New, request)
        enrolment = Enrolment(wish.role, wish.mpid, wish.dip_id, wish.organisation, wish.certificate)
        url = wish.gateway_url or self._context.settings.public_url or _origin(request)
        enrolled = await enrol(self._directory, self._context.authority, enrolment, url)
        answer = {
            "identity": enrolled.facts(url),
            "certificate": enrolled.certificate_pem,
            "authority": self._context.authority.certificate_pem,
            **_minted(enrolled, wish.pfx_password),
        }
        return Reply(201, answer)

    async def show(self, request: Request, values: Mapping[str, str]) -> Reply:
        """GET /api/participants/{dip-id}"""
        snapshot = await self._directory.latest()
        return Reply(200, shown(_known(snapshot, values), snapshot))

    async def remove(self, request: Request, values: Mapping[str, str]) -> Reply:
        """DELETE /api/participants/{dip-id}"""
        await self._directory.remove((await self._own(values)).dip_id)
        return Reply(204)

    async def rotate_key(self, request: Request, values: Mapping[str, str]) -> Reply:
        """POST …/api-key: ``overlapHours`` for which the key before is accepted too."""
        overlap = timedelta(hours=_read(_Key, request).overlap_hours)
        key = await self._directory.rotate_api_key((await self._own(values)).dip_id, overlap)
        return Reply(201, {"apiKey": key})

    async def add_certificate(self, request: Request, values: Mapping[str, str]) -> Reply:
        """POST …/certificates: one more signing certificate, as PEM."""
        party, pem = await self._own(values), _read(_Certificate, request).certificate
        record = await self._directory.add_certificate(party.dip_id, pem)
        return Reply(201, {"fingerprint": record.fingerprint, "notAfter": record.not_after})

    async def revoke(self, request: Request, values: Mapping[str, str]) -> Reply:
        """DELETE …/certificates/{fingerprint}: refused from now on."""
        party, fingerprint = await self._own(values), values["fingerprint"].lower()
        if party.certificate(fingerprint) is None:
            raise refusal(404, f"{party.dip_id} has registered no certificate {fingerprint}.")
        await self._directory.revoke_certificate(fingerprint)
        return Reply(204)

    async def nominate(self, request: Request, values: Mapping[str, str]) -> Reply:
        """PUT …/connection-provider: ``dipId`` of the DCP that may sign for this party; null: none."""
        party, provider = await self._own(values), _read(_Provider, request).dip_id
        if provider is not None and await self._directory.party(provider) is None:
            raise refusal(400, f"The directory holds no party with the DIP ID {provider}.")
        await self._directory.nominate(party.dip_id, provider)
        return Reply(200, {"dipId": provider})

    async def set_webhook(self, request: Request, values: Mapping[str, str]) -> Reply:
        """PUT …/webhooks/{channel}: ``callbackURL``, and what the channel's own pubconfig takes."""
        party, channel = await self._own(values), _channel(values)
        try:
            webhook = read_webhook(request.body)
        except RequestInvalid as fault:
            raise refusal(400, str(fault)) from fault
        await self._guard.check_resolved(webhook.url, own=False)
        await self._directory.set_webhook(party.dip_id, channel, webhook)
        self._changed(party.dip_id)
        return Reply(200, {"channel": channel, "url": webhook.url})

    async def remove_webhook(self, request: Request, values: Mapping[str, str]) -> Reply:
        """DELETE …/webhooks/{channel}"""
        party, channel = await self._own(values), _channel(values)
        if not await self._directory.remove_webhook(party.dip_id, channel):
            raise refusal(404, f"{party.dip_id} has no webhook for {channel}.")
        return Reply(204)

    async def export(self, request: Request, values: Mapping[str, str]) -> Reply:
        """GET /api/directory: the file that ``dipemu participants export`` writes, as JSON."""
        return Reply(200, yaml.safe_load(export_directory(await self._directory.latest())))

    async def import_(self, request: Request, values: Mapping[str, str]) -> Reply:
        """POST /api/directory: such a file, YAML or JSON; all of it or nothing."""
        try:
            text = request.body.decode()
        except UnicodeDecodeError as fault:
            raise refusal(400, "The file is not UTF-8.") from fault
        content = await import_directory(self._directory, text)
        for dip_id, _ in content.webhooks:
            self._changed(dip_id)
        return Reply(200, {"parties": len(content.parties)})

    async def _own(self, values: Mapping[str, str]) -> Party:
        """The party, which is not one that the harness plays. Raises PartyUnknown, Refused."""
        party = _known(await self._directory.latest(), values)
        if party.harness:
            raise refusal(409, f"{party.dip_id} is played by the harness and cannot be changed.")
        return party


def shown(party: Party, snapshot: Snapshot) -> dict[str, Any]:
    """What may be read of a party: nothing of its keys."""
    hooks = [
        (channel, hook) for (dip_id, channel), hook in snapshot.webhooks.items() if dip_id == party.dip_id
    ]
    return {
        "dipId": party.dip_id,
        "role": party.role,
        "mpid": party.mpid,
        "organisation": party.organisation,
        "playedBy": "harness" if party.harness else "participant",
        "connectionProvider": party.connection_provider,
        "certificates": [
            {"fingerprint": one.fingerprint, "notAfter": one.not_after, "revokedAt": one.revoked_at}
            for one in party.certificates
        ],
        "webhooks": [{"channel": channel, "url": hook.url} for channel, hook in sorted(hooks)],
    }


def _minted(enrolled: Enrolled, pfx_password: str | None) -> dict[str, str]:
    """The private key, where we made it: PKCS#8 PEM and, on request, PKCS#12 in base64."""
    identity = enrolled.identity
    if identity is None:
        return {}
    pfx = {"pfx": base64.b64encode(identity.pfx(pfx_password)).decode()} if pfx_password else {}
    return {"privateKey": identity.key_pem().decode(), **pfx}


def _answering(handler: Handler) -> Handler:
    """The handler, its refusals of the directory told as the gateway tells refusals."""

    async def answer(request: Request, values: Mapping[str, str]) -> Reply:
        try:
            return await handler(request, values)
        except tuple(_STATUS) as fault:
            status = next(code for kind, code in _STATUS.items() if isinstance(fault, kind))
            raise refusal(status, f"{str(fault).rstrip('.')}.") from fault

    return answer


def _read(model: type[Body], request: Request) -> Body:
    try:
        return model.model_validate(parsed(request.body or b"{}"))
    except RequestInvalid as fault:
        raise refusal(400, str(fault)) from fault
    except ValidationError as fault:
        places = [f"{'.'.join(map(str, e['loc'])) or 'the body'}: {e['msg']}" for e in fault.errors()]
        raise refusal(400, "; ".join(places)) from fault


def _origin(request: Request) -> str:
    """Where the caller has reached us: participants do so too, unless they are told otherwise."""
    parts = urlsplit(request.url)
    return f"{parts.scheme}://{parts.netloc}"


def _known(snapshot: Snapshot, values: Mapping[str, str]) -> Party:
    party = snapshot.party(values["dip-id"])
    if party is None:
        raise PartyUnknown(f"the directory holds no party with the DIP ID {values['dip-id'][:20]}")
    return party


def _channel(values: Mapping[str, str]) -> str:
    channel = values["channel"].upper()
    if not is_channel(channel):
        raise refusal(400, f"{channel[:20]} is no channel: IF-nnn, REP-nnn, STATUS, or * for every one.")
    return channel
