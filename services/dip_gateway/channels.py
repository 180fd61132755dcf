"""The endpoints of a message channel: messages in, and where publications go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from participant.context import Context
from participant.errors import TargetRefused
from participant.parties import STATUS_CHANNEL, Party
from participant.targets import TargetGuard
from services.dip_gateway import responses
from services.dip_gateway.admission import Admission
from services.dip_gateway.asgi import Request
from services.dip_gateway.errors import Refused, RequestInvalid
from services.dip_gateway.front import Reply, Route
from services.dip_gateway.intake import Intake
from services.dip_gateway.responses import Entry, standard_body
from services.dip_gateway.webhooks import read_webhook

CREATED: Final = 201
NO_CONTENT: Final = 204


class Channels:
    """Messages and webhooks. ``changed(dip_id)`` is called when a party's webhook was set."""

    def __init__(
        self,
        context: Context,
        admission: Admission,
        intake: Intake,
        guard: TargetGuard,
        changed: Callable[[str], None],
    ) -> None:
        self._context = context
        self._admission = admission
        self._intake = intake
        self._guard = guard
        self._changed = changed
        self._dip_id = context.dip_identity.dip_id
        catalogue = context.catalogue()
        self._failed = catalogue.code_text(responses.PROCESSING_FAILED)
        self._schema_failure = catalogue.code_text(responses.SCHEMA_FAILURE)

    def routes(self) -> list[Route]:
        webhook, status = "/dip-channel/{id}/pubconfig/{recipient-id}", "/statusmessage/config/{recipient-id}"
        return [
            Route("POST", "/dip-channel/{id}", self.post),
            Route("POST", webhook, self.configure),
            Route("DELETE", webhook, self.remove),
            Route("POST", status, self.configure),
            Route("DELETE", status, self.remove),
        ]

    async def post(self, request: Request, values: Mapping[str, str]) -> Reply:
        """POST /dip-channel/{id}"""
        entries = await self._intake.take(request, self._intake.channel(values["id"]))
        return Reply(CREATED, standard_body(entries, self._dip_id, self._context.clock.now()))

    async def configure(self, request: Request, values: Mapping[str, str]) -> Reply:
        """POST …/pubconfig/{recipient-id} and /statusmessage/config/{recipient-id}"""
        channel = self._channel(values)
        recipient = await self.authorised(request, values["recipient-id"])
        try:
            webhook = read_webhook(request.body)
            await self._guard.check_resolved(webhook.url, own=recipient.harness)
        except (RequestInvalid, TargetRefused) as fault:
            entry = Entry(self._schema_failure, str(fault), recipient.dip_id)
            raise Refused(400, str(fault), [entry], detail="webhook refused") from fault
        await self._context.directory.set_webhook(recipient.dip_id, channel, webhook)
        self._changed(recipient.dip_id)
        return Reply(CREATED)

    async def remove(self, request: Request, values: Mapping[str, str]) -> Reply:
        """DELETE of the same two: none afterwards, whether there was one or not."""
        channel = self._channel(values)
        recipient = await self.authorised(request, values["recipient-id"])
        await self._context.directory.remove_webhook(recipient.dip_id, channel)
        return Reply(NO_CONTENT)

    def _channel(self, values: Mapping[str, str]) -> str:
        return self._intake.channel(values["id"]) if "id" in values else STATUS_CHANNEL

    async def authorised(self, request: Request, dip_id: str) -> Party:
        """The party acted for: the caller, or one that has nominated the caller. Raises Refused."""
        caller = (await self._admission.admit(request)).party
        if caller.dip_id == dip_id:
            return caller
        party = await self._context.directory.party(dip_id)
        if party is not None and party.connection_provider == caller.dip_id:
            return party
        reason = f"{caller.dip_id} may not act for {dip_id}."
        advice = "The recipient ID in the address is your own DIP ID, or one that nominated you."
        entry = Entry(self._failed, f"{reason} {advice}", caller.dip_id)
        raise Refused(403, reason, [entry], detail="recipient of another party")
