"""Delivery: takes addressed publications and status messages from the log and POSTs them to webhooks.

What is to be delivered stands in a table from the moment it is taken from the log until it is delivered or
abandoned, so a killed process goes on where it was. Several processes may deliver: each delivers what comes
from the partitions of the log that it owns, so the order of an MPAN is in one hand; a process that is given
further partitions first takes over what waits of them in the table.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from sqlalchemy import Row

from backbone.journal import Kind
from backbone.log import ConsumedRecord, Subscription
from participant.context import Context
from participant.parties import Webhook
from services.dip_gateway import held, queueing, store
from services.dip_gateway.courier import Courier, Parcel
from services.dip_gateway.lanes import Item, Lane
from services.dip_gateway.letting_go import LettingGo
from services.dip_gateway.mishaps import Latecomers, Mishaps
from services.dip_gateway.patience import until_done
from services.dip_gateway.posting import Answer
from services.dip_gateway.reports import Reporter
from services.dip_gateway.retry import Outcome, RetryPolicy, outcome
from services.dip_gateway.settings import GatewaySettings
from services.dip_gateway.settlements import Settlements

GROUP: Final = "gateway-delivery"
_BATCH: Final = 200
_LOOK_SECONDS: Final = 1.0  # how often to look for a webhook set elsewhere, or a clock moved on

_log = logging.getLogger(__name__)


class _Traffic:
    """One lane with what is needed to drive it."""

    def __init__(self, lane: Lane, concurrency: int) -> None:
        self.lane = lane
        self.wake = asyncio.Event()
        self.slots = asyncio.Semaphore(concurrency)


class Delivery:
    """Delivers, and lets happen what ``mishaps`` have in store."""

    def __init__(
        self, context: Context, settings: GatewaySettings, courier: Courier, mishaps: Mishaps
    ) -> None:
        self._context = context
        self._settings = settings
        self._courier = courier
        self._mishaps = mishaps
        self._latecomers = Latecomers()
        self._settlements = Settlements(context.database)
        self._reporter = Reporter(context)
        self._policy = RetryPolicy(
            context.settings.retry_first_seconds,
            context.settings.retry_max_seconds,
            context.settings.retry_attempts,
        )
        self._random = Random(settings.seed)  # noqa: S311 - jitter, and it shall be repeatable
        self._traffic: dict[tuple[str, str], _Traffic] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._subscription: Subscription | None = None
        self._letting_go = LettingGo(context, self._reporter)

    def waiting(self) -> int:
        """How many deliveries are neither delivered nor abandoned."""
        return sum(len(traffic.lane) for traffic in self._traffic.values())

    def webhook_changed(self, dip_id: str) -> None:
        """What was held for want of a webhook may go now."""
        for (recipient, _), traffic in self._traffic.items():
            if recipient == dip_id:
                traffic.wake.set()

    def look_again(self) -> None:
        """Something that held messages back may have ended: an outage, a delay, a step of a run."""
        self._letting_go.look()
        for traffic in self._traffic.values():
            traffic.wake.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        self._traffic.clear()
        self._letting_go.clear()
        try:
            self._start(self._settlements.run())
            self._start(self._letting_go.run())
            await self._follow()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _waiting_rows(self) -> Sequence[Row[Any]]:
        async with self._context.database.read() as connection:
            return await store.waiting_deliveries(connection)

    async def _follow(self) -> None:
        async with self._context.log.consume(GROUP, ["dip.pub.*", "dip.status"]) as subscription:
            self._subscription = subscription
            generation = 0
            while True:
                records = await until_done(lambda: subscription.fetch(_BATCH, _LOOK_SECONDS), "delivery")
                if subscription.generation != generation:
                    generation = subscription.generation
                    await until_done(self._take_over, "delivery")
                if not records:
                    continue
                items, known = await until_done(lambda: self._enter(records), "delivery")  # noqa: B023
                if known:
                    await until_done(lambda: self._take_over([i.id for i in items]), "delivery")  # noqa: B023
                for item in items:
                    await self._take_in(item)
                await until_done(lambda: subscription.commit(records), "delivery")  # noqa: B023

    async def _take_over(self, besides: Iterable[int] = ()) -> None:
        """Queue what waits in the table, is ours now and is not queued yet; not the IDs ``besides``."""
        queued = {item.id for traffic in self._traffic.values() for item in traffic.lane.items()}
        queued.update(besides)
        for item in map(queueing.item_of, await self._waiting_rows()):
            if item.id not in queued and self._owned(item):
                self.add(item)

    def _owned(self, item: Item) -> bool:
        return self._subscription is not None and self._subscription.owns(
            queueing.topic_of(item), item.order_key
        )

    async def _enter(self, records: Iterable[ConsumedRecord]) -> tuple[list[Item], bool]:
        """Put them into the table. Those that were there already are not returned, but that there were any:
        another process, or we before the database went away, may have entered and never queued them."""
        now = self._context.clock.now
        rows = queueing.distinct(
            queueing.row_of(c.record, now(c.record.headers.get("mpan") or None)) for c in records
        )
        items = await self._context.database.transact(
            lambda connection: held.enter(connection, rows), lock=store.ENTERING
        )
        return items, len(items) < len(rows)

    async def _take_in(self, item: Item) -> None:
        """Queue a new item, unless a fault has other plans for it."""
        entry = await self._mishaps.on_entry(item)
        if entry.dropped:
            await self._settlements.write([_dropped(item, self._context.clock.now())])
            return
        item.due = entry.due
        if entry.behind is not None:
            before = self._latecomers.hold(item)
            asyncio.get_running_loop().call_later(entry.behind, self._late, item)
        else:
            self.add(item)
            before = self._latecomers.after(item)
        if before is not None:
            self.add(before)

    def _late(self, item: Item) -> None:
        """Nothing came that could have gone first."""
        if self._latecomers.give_up(item):
            self.add(item)

    def add(self, item: Item) -> None:
        """Queue an item that stands in the table."""
        key = (item.recipient, item.channel)
        traffic = self._traffic.get(key)
        if traffic is None:
            traffic = _Traffic(Lane(*key), self._settings.delivery_concurrency)
            self._traffic[key] = traffic
            self._start(self._drive(traffic))
        traffic.lane.add(item)
        traffic.wake.set()
        if item.held is not None:
            self._letting_go.add(item, traffic.lane, traffic.wake)

    def _start(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception():
            _log.error("a delivery task failed", exc_info=task.exception())

    async def _drive(self, traffic: _Traffic) -> None:
        """Send what is due on one lane, as many POSTs at a time as the settings allow."""
        lane = traffic.lane
        while True:
            await traffic.slots.acquire()
            webhook = await self._webhook(lane)
            taken = self._take(lane, webhook) if webhook else []
            ours = [item for item in taken if self._owned(item)]
            if len(ours) < len(taken):  # another process was given them, and has them from the table
                lane.settle([item for item in taken if item not in ours])
            if webhook and ours:
                self._start(self._send(traffic, webhook, ours))
                continue
            traffic.slots.release()
            if not taken:
                await self._pause(traffic, webhook)

    async def _webhook(self, lane: Lane) -> Webhook | None:
        if not len(lane):
            return None
        return await until_done(
            lambda: self._context.directory.webhook(lane.recipient, lane.channel), "delivery"
        )

    def _take(self, lane: Lane, webhook: Webhook) -> list[Item]:
        if self._mishaps.outage(lane.recipient):
            return []
        most = 1 if self._mishaps.plan.touches_messages else self._settings.delivery_batch
        count = min(most, webhook.max_message_count or most)
        size = webhook.max_payload_size * 1024 if webhook.max_payload_size else None
        now = self._context.clock.now()
        taken = lane.take(now, count, size)
        halted = [item for item in taken if self._mishaps.outage(lane.recipient, item.mpan)]
        if not halted:
            return taken
        lane.settle(halted, again=now + timedelta(seconds=_LOOK_SECONDS))
        return [item for item in taken if item not in halted]

    async def _pause(self, traffic: _Traffic, webhook: Webhook | None) -> None:
        """Wait for news; with something waiting, look again when it is due, and every second anyway."""
        traffic.wake.clear()
        lane = traffic.lane
        if len(lane) and webhook is None:
            await self._announce_held(lane)
        due = lane.next_due()
        seconds = None if not len(lane) else _LOOK_SECONDS
        if due is not None:
            seconds = min(_LOOK_SECONDS, max(0.0, (due - self._context.clock.now()).total_seconds()))
        try:
            async with asyncio.timeout(seconds):
                await traffic.wake.wait()
        except TimeoutError:
            return

    async def _announce_held(self, lane: Lane) -> None:
        waiting = [item for item in lane.items() if not item.announced and item.held is None]
        for item in waiting:
            item.announced = True
            item.body = None
        if waiting:
            await until_done(lambda: self._reporter.held(waiting), "delivery")

    async def _send(self, traffic: _Traffic, webhook: Webhook, taken: Sequence[Item]) -> None:
        again: datetime | None = None
        try:
            parcel = await self._carried(webhook, taken)
            again = await self._conclude(taken, parcel)
        finally:
            traffic.slots.release()
        traffic.lane.settle(taken, again=again)
        traffic.wake.set()

    async def _carried(self, webhook: Webhook, taken: Sequence[Item]) -> Parcel:
        passage = await self._mishaps.on_sending(taken)
        await until_done(lambda: self._load_bodies(taken), "delivery")
        try:
            return await self._courier.carry(webhook, taken, passage)
        except Exception as fault:  # noqa: BLE001 - the outermost of one delivery; see the journal
            # An in-process recipient may raise anything at all. It is tried again, like no answer.
            _log.exception("a delivery to %s failed unexpectedly", webhook.url)
            return Parcel(webhook.url, {}, b"", Answer(error=f"{type(fault).__name__}: {fault}"))

    async def _load_bodies(self, taken: Sequence[Item]) -> None:
        """Read what was not kept in memory while it waited."""
        missing = {item.id: item for item in taken if item.body is None}
        if missing:
            async with self._context.database.read() as connection:
                for key, body in (await store.load_bodies(connection, list(missing))).items():
                    missing[key].body = body

    async def _conclude(self, taken: Sequence[Item], parcel: Parcel) -> datetime | None:
        """Record an attempt: journal first, then the table, so that a crash between the two repeats it."""
        for item in taken:
            item.attempts += 1
        verdict, now = outcome(parcel.answer.status), self._context.clock.now()
        seconds = None
        if verdict is Outcome.RETRY:
            seconds = self._policy.delay(taken[0].attempts, self._random, parcel.retry_after(now))
        kind = _kind(verdict, seconds)
        await until_done(lambda: self._reporter.attempted(kind, taken, parcel, seconds), "delivery")
        again = None if seconds is None else now + timedelta(seconds=seconds)
        await self._settlements.write([_result(item, kind, parcel, now, again) for item in taken])
        return again


def _kind(verdict: Outcome, seconds: float | None) -> Kind:
    if verdict is Outcome.DONE:
        return Kind.DELIVERED
    return Kind.DELIVERY_ABANDONED if seconds is None else Kind.DELIVERY_ATTEMPTED


_STATES: Final = {
    Kind.DELIVERED: "delivered",
    Kind.DELIVERY_ABANDONED: "abandoned",
    Kind.DELIVERY_ATTEMPTED: "waiting",
}


def _dropped(item: Item, now: datetime) -> dict[str, Any]:
    return {
        "key": item.id,
        "state": "dropped",
        "attempts": 0,
        "next_at": None,
        "status": None,
        "answer": "dropped by an injected fault",
        "finished_at": queueing.instant(now),
    }


def _result(item: Item, kind: Kind, parcel: Parcel, now: datetime, again: datetime | None) -> dict[str, Any]:
    return {
        "key": item.id,
        "state": _STATES[kind],
        "attempts": item.attempts,
        "next_at": None if again is None else queueing.instant(again),
        "status": parcel.answer.status,
        "answer": parcel.answer.error or parcel.answer.text,
        "finished_at": queueing.instant(now) if again is None else None,
    }
