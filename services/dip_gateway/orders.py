"""What scenarios order of the DIP: that something goes wrong for a party of a run, or comes once more.

Orders travel on the log as ``harness.dip_gateway``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final

from sqlalchemy import ColumnElement

from backbone.journal import JournalEvent, Kind
from backbone.log import ConsumedRecord
from participant.context import Context
from participant.handlers import Incoming
from participant.holding import LET_GO
from participant.wire import harness_topic, read_record
from services.dip_gateway import held, queueing, store
from services.dip_gateway.errors import GatewayError, RequestInvalid
from services.dip_gateway.faults import read_rules
from services.dip_gateway.loaded import LoadedSites
from services.dip_gateway.patience import until_done
from services.dip_gateway.replay import requeue_record
from services.dip_gateway.rulebook import RuleBook

NAME: Final = "dip_gateway"
GROUP: Final = "gateway-orders"
_AGAIN: Final = frozenset({"interface", "event"})
_columns = store.delivery_table.c
Order = Callable[[Incoming], Awaitable[None]]


class Orders:
    """Follows the orders."""

    def __init__(
        self, context: Context, rules: RuleBook, sites: LoadedSites, look_again: Callable[[], None]
    ) -> None:
        """``look_again``: called when deliveries may have been let go."""
        self._look_again = look_again
        self._context = context
        self._rules = rules
        self._known: Mapping[str, Order] = {
            "fault": self._fault,
            "end_fault": self._end_fault,
            "run_ended": self._run_ended,
            "deliver_again": self._deliver_again,
            "load_mpan": sites.load,
            LET_GO: self._let_go,
        }

    async def run(self) -> None:
        """Carry orders out until cancelled."""
        async with self._context.log.consume(GROUP, [harness_topic(NAME)]) as subscription:
            while True:
                records = await until_done(subscription.fetch, "orders")
                for consumed in records:
                    await until_done(partial(self._take, consumed), "orders")
                await until_done(partial(subscription.commit, records), "orders")

    async def _take(self, consumed: ConsumedRecord) -> None:
        """Confirm an order in the journal when it is carried out; say there why when it cannot be."""
        try:
            order = read_record(consumed.record)
        except ValueError:
            return
        try:
            await self._carry_out(order)
        except GatewayError as fault:
            await self._note(order, Kind.SERVICE_FAULT, {"fault": str(fault), "name": order.name})
        else:
            if order.name != LET_GO:  # the tester's own order stands in the journal
                await self._note(order, Kind.HARNESS_PREPARED, {"command": order.name})

    async def _carry_out(self, order: Incoming) -> None:
        known = self._known.get(order.name)
        if known is None:
            raise RequestInvalid(f"the DIP takes no order {order.name}; it takes {', '.join(self._known)}")
        await known(order)

    async def _fault(self, order: Incoming) -> None:
        """From now on let this happen to the party, as far as the run's MPAN is concerned."""
        rule = {"party": order.to, "mpan": order.mpan, "run": order.run, "name": order.id, **order.message}
        await self._rules.put(read_rules(rule), self._context.clock.now())

    async def _end_fault(self, order: Incoming) -> None:
        """Let nothing go wrong any more for the party in this run: all rules, or the one named."""
        wanted = order.message.get("name")
        ending = [
            rule.name
            for rule in self._rules.plan.rules()
            if (rule.run, rule.party) == (order.run, order.to) and wanted in (None, rule.name)
        ]
        if not ending:
            raise RequestInvalid(f"no fault {wanted or ''} of {order.to} is in force in this run")
        for name in ending:
            await self._rules.remove(name)

    async def _run_ended(self, order: Incoming) -> None:
        """A run is over: what it wanted to go wrong does so no more, and what it holds is never delivered."""
        for rule in self._rules.plan.rules():
            if rule.run == order.run and not self._rules.given(rule.name):
                await self._rules.remove(rule.name)
        async with self._context.database.begin() as connection:
            await held.drop(connection, order.mpan, queueing.instant(self._context.clock.now()))
        self._look_again()

    async def _let_go(self, order: Incoming) -> None:
        """Deliver what a step of a run has held back, ``{"step": 4}``, or all that the run has."""
        async with self._context.database.begin() as connection:
            await held.let_go(connection, order.mpan, order.message.get("step"))
        self._look_again()

    async def _deliver_again(self, order: Incoming) -> None:
        """Deliver what the party had about the MPAN once more, marked as replayed."""
        async with self._context.database.read() as connection:
            rows = await store.find_deliveries(connection, _wanted(order))
        if not rows:
            raise RequestInvalid(f"{order.to} had no such publication about {order.mpan}")
        await self._context.log.append([requeue_record(row, order.id) for row in rows])

    async def _note(self, order: Incoming, kind: Kind, details: Mapping[str, Any]) -> None:
        now = self._context.clock.now(order.mpan or None)
        event = JournalEvent(
            kind, now, NAME, mpan=order.mpan or None, recipient=order.to, run=order.run, details=details
        )
        await self._context.log.append([event.to_record()])


def _wanted(order: Incoming) -> list[ColumnElement[bool]]:
    """``{"interface": "IF-031", "event": "[MSApp]"}``; without either everything."""
    unknown = order.message.keys() - _AGAIN
    if unknown:
        raise RequestInvalid(f"deliver_again takes interface and event, not {', '.join(sorted(unknown))}")
    where = [_columns.recipient == order.to, _columns.mpan == order.mpan, _columns.replay.is_(False)]
    if "interface" in order.message:
        where.append(_columns.channel == order.message["interface"])
    if "event" in order.message:
        where.append(_columns.event == order.message["event"])
    return where
