"""What operators and tests ask of the gateway: messages, deliveries, faults, who holds what. Under ``/api``.

These are for whoever runs the emulator, not for participants: the composition closes ``/api`` to those who
may not use it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs

import orjson

from backbone.caller import caller
from backbone.journal.life import LOOKED_AT, find_messages, life, messages
from participant.context import Context
from services.dip_gateway import store
from services.dip_gateway.asgi import Request
from services.dip_gateway.errors import Refused, RequestInvalid, Subject
from services.dip_gateway.faults import FaultRule, read_rules
from services.dip_gateway.front import Reply, Route
from services.dip_gateway.ledger import Ledger
from services.dip_gateway.loading import read_holdings, shown
from services.dip_gateway.reach import not_theirs, too_wide
from services.dip_gateway.replay import requeue_record
from services.dip_gateway.responses import Entry
from services.dip_gateway.rulebook import RuleBook

_FILTERS: Final = ("mpan", "party", "reference", "correlation", "transaction", "interface", "run")
_columns = store.delivery_table.c


class Admin:
    """The handlers of these addresses."""

    def __init__(self, context: Context, ledger: Ledger, rules: RuleBook) -> None:
        self._context = context
        self._ledger = ledger
        self._rules = rules

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/api/messages", self.messages),
            Route("GET", "/api/messages/{id}", self.message),
            Route("GET", "/api/deliveries", self.deliveries),
            Route("POST", "/api/deliveries/{id}/requeue", self.requeue),
            Route("GET", "/api/faults", self.faults),
            Route("POST", "/api/faults", self.add_faults),
            Route("DELETE", "/api/faults/{name}", self.remove_fault),
            Route("GET", "/api/holdings/{mpan}", self.holdings),
            Route("POST", "/api/holdings", self.load_holdings),
        ]

    async def messages(self, request: Request, values: Mapping[str, str]) -> Reply:
        """GET /api/messages?mpan=…&party=…&reference=…&correlation=…&interface=…&since=…&until=…&limit=…"""
        query = _query(request)
        wanted: dict[str, str] = {name: query[name] for name in _FILTERS if name in query}
        since, until = _moment(query, "since"), _moment(query, "until")
        found = await find_messages(self._context.index, wanted, _limit(query), since, until)
        return Reply(200, {"messages": found})

    async def message(self, request: Request, values: Mapping[str, str]) -> Reply:
        """GET /api/messages/{id}: by transaction ID or sender reference."""
        index, wanted = self._context.index, values["id"]
        found = await index.events(transaction=wanted) or await index.events(reference=wanted)
        if not found:
            raise refusal(404, f"No message has the transaction ID or reference {wanted}.")
        return Reply(200, {"message": next(iter(messages(found)), None), "events": life(found)})

    async def deliveries(self, request: Request, values: Mapping[str, str]) -> Reply:
        """GET /api/deliveries?state=abandoned&recipient=…&mpan=…&limit=…"""
        query = _query(request)
        names = ("state", "recipient", "channel", "mpan", "sender")
        where = [_columns[name] == query[name] for name in names if name in query]
        async with self._context.database.read() as connection:
            rows = await store.find_deliveries(connection, where, _limit(query))
        return Reply(200, {"deliveries": [_delivery(row) for row in rows]})

    async def requeue(self, request: Request, values: Mapping[str, str]) -> Reply:
        """POST /api/deliveries/{id}/requeue: deliver this one once more, marked as replayed."""
        if not values["id"].isdigit():
            raise refusal(404, f"There is no delivery {values['id']}.")
        async with self._context.database.read() as connection:
            rows = await store.find_deliveries(connection, [_columns.id == int(values["id"])])
        if not rows or rows[0].channel == "STATUS":
            raise refusal(404, f"There is no delivery {values['id']} that can be requeued.")
        identifier = f"operator-{self._context.clock.now():%Y%m%dT%H%M%S%f}"
        await self._context.log.append([requeue_record(rows[0], identifier)])
        return Reply(202, {"requeueId": identifier})

    async def faults(self, request: Request, values: Mapping[str, str]) -> Reply:
        """GET /api/faults"""
        rules = [rule.model_dump(mode="json", exclude_none=True) for rule in self._rules.plan.rules()]
        return Reply(200, {"faults": rules})

    async def add_faults(self, request: Request, values: Mapping[str, str]) -> Reply:
        """POST /api/faults: one rule or an array; one of the same name takes its place."""
        now = self._context.clock.now()
        try:
            rules = read_rules(parsed(request.body))
            self._check_reach([rule.name for rule in rules], rules)
            wanted = [await self._of_run(rule) for rule in rules]
        except RequestInvalid as fault:
            raise refusal(400, str(fault)) from fault
        kept = await self._rules.put(wanted, now)
        return Reply(201, {"faults": [rule.model_dump(mode="json", exclude_none=True) for rule in kept]})

    def _check_reach(self, names: Iterable[str], rules: Iterable[FaultRule] = ()) -> None:
        """Raises Refused where the caller may not put in these rules, or change those of these names."""
        who, kept = caller(), self._rules.plan.rules()
        found = [too_wide(who, rule) for rule in rules] + [not_theirs(who, name, kept) for name in names]
        for objection in filter(None, found):
            raise refusal(403, objection)

    async def _of_run(self, rule: FaultRule) -> FaultRule:
        """A rule for a run is one for the run's MPAN. Raises RequestInvalid for a run that nobody knows."""
        if rule.run is None or rule.mpan is not None:
            return rule
        events = await self._context.index.events(run=rule.run, limit=LOOKED_AT)
        mpan = next((event.mpan for _, event in events if event.mpan), None)
        if mpan is None:
            raise RequestInvalid(f"No run {rule.run} has begun here; start it first, or name its mpan.")
        return rule.model_copy(update={"mpan": mpan})

    async def remove_fault(self, request: Request, values: Mapping[str, str]) -> Reply:
        """DELETE /api/faults/{name}"""
        name = values["name"]
        self._check_reach([name])
        if self._rules.given(name):
            raise refusal(409, f"The rule {name} stands in the file of DIPEMU_FAULTS; take it out there.")
        if not await self._rules.remove(name):
            raise refusal(404, f"There is no fault rule {name}.")
        return Reply(204)

    async def holdings(self, request: Request, values: Mapping[str, str]) -> Reply:
        """GET /api/holdings/{mpan}"""
        book = await self._ledger.read([values["mpan"]])
        held = sorted(book[values["mpan"]], key=lambda holding: (holding.role, holding.begins))
        return Reply(200, {"holdings": [shown(holding) for holding in held]})

    async def load_holdings(self, request: Request, values: Mapping[str, str]) -> Reply:
        """POST /api/holdings: replaces what was held for the MPANs named."""
        try:
            held = read_holdings(parsed(request.body))
        except RequestInvalid as fault:
            raise refusal(400, str(fault)) from fault
        await self._ledger.load(held)
        return Reply(201, {"holdings": len(held)})


def _query(request: Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.query.decode("latin-1")).items()}


def parsed(body: bytes) -> Any:
    """The body as JSON. Raises RequestInvalid."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as fault:
        raise RequestInvalid(f"The body is not JSON: {fault}.") from fault


def _limit(query: Mapping[str, str]) -> int:
    text = query.get("limit", "100")
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:6]) <= 1000:
        raise refusal(400, "limit is a whole number from 1 to 1000.")
    return int(text)


def _moment(query: Mapping[str, str], name: str) -> datetime | None:
    if name not in query:
        return None
    try:
        moment = datetime.fromisoformat(query[name].replace(" ", "+"))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise refusal(400, f"{name} is a date and time with an offset: 2026-03-21T19:05:00Z.")
    return moment


def refusal(status: int, text: str) -> Refused:
    """A refusal of an operator's request. The journal keeps no body of it: it may hold a password."""
    entries = [Entry("MSG1000 - Message Processing Failed", text)]
    return Refused(status, text, entries, detail="admin", subjects=[Subject()])


def _delivery(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "recipient": row.recipient,
        "publication": row.publication,
        "event": row.event,
        "mpan": row.mpan,
        "sender": row.sender,
        "reference": row.reference,
        "transactionId": row.transaction_id,
        "routing": row.routing,
        "state": row.state,
        "heldByStep": row.held,
        "attempts": row.attempts,
        "nextAttemptAt": row.next_at,
        "status": row.status,
        "answer": row.answer,
        "replay": row.replay,
        "createdAt": row.created_at,
        "finishedAt": row.finished_at,
    }
