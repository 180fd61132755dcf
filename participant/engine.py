"""The engine of a participant: webhook in, handlers, outbox out, and what time does by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Route

from backbone.service import Service, Worker
from participant.context import Context
from participant.css_inbox import CssInbox
from participant.handlers import HandlerRegistry
from participant.identity import Identity
from participant.inbox import Webhook
from participant.processing import BeforeBatch, Processor
from participant.sender import OutboxSender
from participant.timekeeper import Timekeeper, follow_clock
from participant.wire import harness_topic, inbox_topic

BATCH = 200


class ParticipantService:
    """Runs the role handlers of one service for the identities that it plays.

    It promises: a webhook is answered 201 only when what it brought is durable; each incoming thing changes
    the state once; state, the mark "handled" and what is to be sent are saved together; what is to be sent
    is sent, in order per MPAN, until it is answered; a state whose moment has come is handed the time once.
    """

    def __init__(
        self,
        name: str,
        registry: HandlerRegistry[Any],
        context: Context,
        identities: Sequence[Identity] = (),
        before_batch: BeforeBatch | None = None,
    ) -> None:
        """``before_batch``: reads what the handlers look up, in the transaction of each batch they handle."""
        by_dip_id = {identity.dip_id: identity for identity in identities}
        self._name = name
        self._registry = registry
        self._context = context
        self._identities = by_dip_id
        self._processor = Processor(name, registry, context, by_dip_id, before_batch)
        self._sender = OutboxSender(name, context, by_dip_id)
        self._timekeeper = Timekeeper(name, context, self._processor, self._sender)
        self._listening = False

    def service(self, prefix: str) -> Service:
        """The service as a composition runs it, its paths below ``prefix`` (``/registration``)."""
        return Service(
            name=self._name,
            app=self._app(prefix),
            prefix=prefix,
            workers=self._workers(),
            ready=lambda: self._listening,
        )

    def _workers(self) -> Sequence[Worker]:
        timed = [self._timekeeper.run] if self._registry.takes_time else []
        return [self._consume, self._sender.run, *timed]

    async def _consume(self) -> None:
        """Handle what comes in, until cancelled."""
        topics = [inbox_topic(self._name), harness_topic(self._name)]
        try:
            async with self._context.log.consume(f"participant.{self._name}", topics) as subscription:
                self._listening = True
                while True:
                    records = await subscription.fetch(BATCH)
                    follow_clock(self._context.clock, [consumed.record for consumed in records])
                    handled = await self._processor.process([consumed.record for consumed in records])
                    self._sender.offer(handled.to_send)
                    self._timekeeper.offer(handled.timers)
                    await subscription.commit(records)
        finally:
            self._listening = False

    def _app(self, prefix: str) -> Starlette:
        webhook = Webhook(self._name, self._context, frozenset(self._identities))
        routes = [Route(f"{prefix}/{{dip_id}}/webhook", webhook.__call__, methods=["POST"])]
        if self._registry.takes_css:
            inbox = CssInbox(self._name, self._context, self._identities)
            routes += [
                Route(f"{prefix}/css/messages", inbox.__call__, methods=["POST"]),
                Route(f"{prefix}/css/messages/{{dip_id}}", inbox.__call__, methods=["POST"]),
            ]
        return Starlette(routes=routes)
