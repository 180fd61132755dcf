"""Makes configured faults happen to deliveries, and writes down each one that does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from backbone.journal import JournalEvent, Kind
from participant.context import Context
from services.dip_gateway.faults import Fault, FaultPlan, FaultRule, FaultSubject
from services.dip_gateway.lanes import Item
from services.dip_gateway.occurrences import occurrence
from services.dip_gateway.patience import until_done
from services.dip_gateway.rulebook import RuleBook
from services.dip_gateway.spoiling import spoiled_body

_ON_ENTRY: Final = frozenset({Fault.DELAY, Fault.REORDER, Fault.DROP})
_ON_SENDING: Final = frozenset(
    {
        Fault.DUPLICATE,
        Fault.LOSE_ANSWER,
        Fault.BAD_SIGNATURE,
        Fault.EXPIRED_CERTIFICATE,
        Fault.WRONG_ENVIRONMENT,
        Fault.REPLAY_FLAG,
        Fault.ANSWER,
    }
)


@dataclass(frozen=True, slots=True)
class Entry:
    """What happens to a delivery before it is queued. ``behind``: it lets the next of its key go first,
    for at most so many seconds."""

    dropped: bool = False
    due: datetime | None = None
    behind: float | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """What happens to a POST. ``status``: the webhook is not asked, and this is taken for its answer."""

    faults: frozenset[Fault] = frozenset()
    status: int | None = None


class Mishaps:
    """The faults in force, applied. Costs one truth test per delivery while there are none."""

    def __init__(self, context: Context, rules: RuleBook) -> None:
        self._context = context
        self._rules = rules

    @property
    def plan(self) -> FaultPlan:
        """The rules in force."""
        return self._rules.plan

    def outage(self, recipient: str, mpan: str | None = None) -> bool:
        """Whether nothing is delivered to this recipient now, or nothing about this MPAN."""
        return bool(self.plan) and self.plan.outage("delivery", recipient, self._now(None), mpan) is not None

    async def on_entry(self, item: Item) -> Entry:
        """Draw what happens to an item that was just addressed."""
        if not self.plan.touches_messages:
            return Entry()
        rules = await self._drawn(item, _ON_ENTRY)
        faults = {rule.fault: rule for rule in rules}
        delay, reorder = faults.get(Fault.DELAY), faults.get(Fault.REORDER)
        return Entry(
            dropped=Fault.DROP in faults,
            due=self._now(None) + timedelta(seconds=delay.seconds) if delay else None,
            behind=reorder.seconds if reorder else None,
        )

    async def on_sending(self, items: Sequence[Item]) -> Passage:
        """Draw what happens to this POST; with faults in force each holds one message."""
        if not self.plan.touches_messages:
            return Passage()
        rules = [rule for item in items for rule in await self._drawn(item, _ON_SENDING)]
        answers = [rule.status for rule in rules if rule.fault is Fault.ANSWER]
        return Passage(frozenset(rule.fault for rule in rules), next(iter(answers), None))

    async def _drawn(self, item: Item, kinds: frozenset[Fault]) -> list[FaultRule]:
        subject = FaultSubject(party=item.recipient, interface=item.channel, event=item.event, mpan=item.mpan)
        rules = await self._rules.struck("delivery", [subject], kinds)
        if rules:
            records = [self._event(rule, item).to_record() for rule in rules]
            await until_done(lambda: self._context.log.append(records), "the record of faults")
        return rules

    def _event(self, rule: FaultRule, item: Item) -> JournalEvent:
        details = {"rule": rule.name, "fault": rule.fault.value, "where": rule.where}
        return occurrence(Kind.FAULT_INJECTED, item, self._now(item.mpan), details, run=rule.run)

    def _now(self, mpan: str | None) -> datetime:
        return self._context.clock.now(mpan)


def spoiled(items: Sequence[Item], faults: frozenset[Fault]) -> list[Item]:
    """The items with their bodies as the faults would have them."""
    return [replace(item, body=spoiled_body(item.body or b"", faults)) for item in items]


class Latecomers:
    """Items that let the next of their key go first."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str, str], Item] = {}

    def hold(self, item: Item) -> Item | None:
        """Hold the item back; the one held until now for the same key, if any, goes on."""
        before = self._waiting.get(_place(item))
        self._waiting[_place(item)] = item
        return before

    def after(self, item: Item) -> Item | None:
        """The item that was waiting for one like this to go first."""
        return self._waiting.pop(_place(item), None)

    def give_up(self, item: Item) -> bool:
        """Whether the item still waits; it does not any more."""
        waits = self._waiting.get(_place(item)) is item
        if waits:
            del self._waiting[_place(item)]
        return waits


def _place(item: Item) -> tuple[str, str, str]:
    return (item.recipient, item.channel, item.order_key)
