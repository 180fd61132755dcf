"""Replay (past messages in the answer) and requeue (past messages to the webhook once more).

Up to 2.1 both answer 200 at once. From 2.2 a replay that is longer than one answer gets 206 with
``X-Continuation-Token``; a requeue gets 202 with an ID, has a status, and only one runs per channel.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from secrets import token_hex
from typing import Any, Final
from urllib.parse import parse_qs

import orjson
from sqlalchemy import ColumnElement, Row

from backbone.errors import LogUnavailable
from backbone.log import Record
from backbone.trace import continued
from participant.context import Context
from participant.parties import Party
from services.dip_gateway import responses, store
from services.dip_gateway.asgi import Request
from services.dip_gateway.errors import Refused, RequestInvalid
from services.dip_gateway.front import Reply, Route
from services.dip_gateway.intake import Intake
from services.dip_gateway.past import Wanted, conditions, continue_after, read_wanted, replayed, token
from services.dip_gateway.responses import Entry
from services.dip_gateway.settings import GatewaySettings

Authorise = Callable[[Request, str], Awaitable[Party]]
MOST: Final = 10_000  # messages in one replay or requeue; ours, nothing is published
_BUSY_SECONDS: Final = 5
_columns = store.delivery_table.c


class Replay:
    """The endpoints. ``authorise(request, recipient)``: the party that is acted for, or Refused."""

    def __init__(
        self, context: Context, settings: GatewaySettings, intake: Intake, authorise: Authorise
    ) -> None:
        self._context = context
        self._intake = intake
        self._authorise = authorise
        self._paged = settings.api_version == "2.2"
        self._page = settings.replay_page if self._paged else MOST
        self._asked_for: dict[tuple[str, str], tuple[str, int]] = {}  # the newest requeue: its ID and size
        catalogue = context.catalogue()
        self._failed = catalogue.code_text(responses.PROCESSING_FAILED)
        self._schema_failure = catalogue.code_text(responses.SCHEMA_FAILURE)

    def routes(self) -> list[Route]:
        base = "/dip-channel/{id}"
        routes = [
            Route("POST", f"{base}/replay/{{recipient-id}}", self.replay),
            Route("POST", f"{base}/requeue/{{recipient-id}}", self.requeue),
        ]
        status = Route("GET", f"{base}/requeuestatus/{{recipient-id}}", self.requeue_status)
        return [*routes, status] if self._paged else routes

    async def replay(self, request: Request, values: Mapping[str, str]) -> Reply:
        """POST …/replay/{recipient-id}"""
        party, channel, wanted = await self._asked(request, values)
        try:
            after = continue_after(request.headers.get("x-continuation-token"), wanted, party.dip_id, channel)
        except RequestInvalid as fault:
            raise self._invalid(str(fault), party) from fault
        found = await self._find(conditions(wanted, party.dip_id, channel, after), self._page + 1)
        more = len(found) > self._page
        if more and not self._paged:
            raise self._invalid(f"More than {MOST} messages: narrow the period.", party)
        page = found[: self._page]
        messages = [replayed(row.body) for row in page]
        if not more:
            return Reply(200, messages)
        text = token(page[-1].id, wanted, party.dip_id, channel)
        return Reply(206, messages, [(b"x-continuation-token", text.encode())])

    async def requeue(self, request: Request, values: Mapping[str, str]) -> Reply:
        """POST …/requeue/{recipient-id}"""
        party, channel, wanted = await self._asked(request, values)
        if self._paged and await self._under_way(party.dip_id, channel):
            raise self._busy(party)
        found = await self._find(conditions(wanted, party.dip_id, channel), MOST + 1)
        if len(found) > MOST:
            raise self._invalid(f"More than {MOST} messages: narrow the period.", party)
        identifier = f"{party.dip_id}-{self._context.clock.now():%Y%m%d}-{token_hex(8)}"
        try:
            await self._context.log.append([requeue_record(row, identifier) for row in found])
        except LogUnavailable as fault:
            raise self._intake.unavailable("The message log cannot be reached.") from fault
        self._asked_for[party.dip_id, channel] = identifier, len(found)
        return Reply(202, {"requeueId": identifier}) if self._paged else Reply(200)

    async def _under_way(self, dip_id: str, channel: str) -> bool:
        """Whether a requeue waits for delivery, or has not even reached the table of deliveries yet."""
        identifier, asked = self._asked_for.get((dip_id, channel), ("", 0))
        if asked and await self._count(_of_requeues(dip_id, channel, identifier)) < asked:
            return True
        return bool(await self._count(_of_requeues(dip_id, channel), waiting=True))

    async def requeue_status(self, request: Request, values: Mapping[str, str]) -> Reply:
        """GET …/requeueStatus/{recipient-id}?requeue-id=…: of that requeue, else of all on the channel."""
        party = await self._authorise(request, values["recipient-id"])
        channel = self._intake.channel(values["id"])
        query = parse_qs(request.query.decode("latin-1"))
        wanted = query.get("requeue-id", [None])[0]
        where = _of_requeues(party.dip_id, channel, wanted)
        total, waiting = await self._count(where), await self._count(where, waiting=True)
        identifier, asked = self._asked_for.get((party.dip_id, channel), ("", 0))
        if wanted in (identifier, None) and asked > total:  # not all of it has reached the table yet
            total, waiting = asked, waiting + asked - total
        if not total:
            return Reply(204)
        abandoned = await self._count([*where, _columns.state == "abandoned"])
        return Reply(200, progress(total, waiting, abandoned))

    async def _asked(self, request: Request, values: Mapping[str, str]) -> tuple[Party, str, Wanted]:
        channel = self._intake.channel(values["id"])
        party = await self._authorise(request, values["recipient-id"])
        try:
            return party, channel, read_wanted(request.body)
        except RequestInvalid as fault:
            raise self._invalid(str(fault), party) from fault

    async def _find(self, where: Sequence[ColumnElement[bool]], limit: int) -> Sequence[Row[Any]]:
        async with self._context.database.read() as connection:
            return await store.find_deliveries(connection, where, limit)

    async def _count(self, where: Sequence[ColumnElement[bool]], *, waiting: bool = False) -> int:
        more = [_columns.state == "waiting"] if waiting else []
        async with self._context.database.read() as connection:
            return await store.count_deliveries(connection, [*where, *more])

    def _invalid(self, text: str, party: Party) -> Refused:
        entry = Entry(self._schema_failure, text, party.dip_id)
        return Refused(400, text, [entry], detail="request invalid")

    def _busy(self, party: Party) -> Refused:
        text = "A requeue of this channel is under way; ask for another when it is completed."
        entry = Entry(self._failed, text, party.dip_id)
        return Refused(429, text, [entry], detail="requeue under way", retry_after=_BUSY_SECONDS)


def requeue_record(row: Row[Any], identifier: str) -> Record:
    """The publication of this row, once more, on its way to delivery."""
    headers = {
        "recipient": row.recipient,
        "routing": row.routing or "",
        "transaction-id": row.transaction_id or "",
        "correlation-id": row.correlation_id or "",
        "sender": row.sender or "",
        "reference": row.reference or "",
        "event": row.event or "",
        "mpan": row.mpan or "",
        "schema-version": row.schema_version or "",
        "requeue": identifier,
        **continued(row.trace),
    }
    return Record(f"dip.pub.{row.publication}", row.order_key, orjson.dumps(replayed(row.body)), headers)


def progress(total: int, waiting: int, abandoned: int) -> dict[str, Any]:
    """A RequeueStatus. Failed: it is over, and some of its messages could not be delivered."""
    over = "Failed" if abandoned else "Completed"
    return {
        "percentComplete": (total - waiting) * 100 // total,
        "totalTransactions": total,
        "processedTransactions": total - waiting,
        "status": "Processing" if waiting else over,
    }


def _of_requeues(recipient: str, channel: str, identifier: str | None = None) -> list[ColumnElement[bool]]:
    where = [_columns.recipient == recipient, _columns.channel == channel, _columns.replay.is_(True)]
    return [*where, _columns.requeue == identifier] if identifier else where
