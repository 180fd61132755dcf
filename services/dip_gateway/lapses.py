"""Faults on the way in: the sender is answered late, wrongly or not at all as it should be."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from backbone.journal import JournalEvent, Kind
from contracts import envelope
from participant.context import Context
from services.dip_gateway.errors import Refused
from services.dip_gateway.faults import Fault, FaultRule, FaultSubject
from services.dip_gateway.patience import until_done
from services.dip_gateway.responses import Entry
from services.dip_gateway.rulebook import RuleBook
from services.dip_gateway.status import SERVICE

_RETRY_AFTER: Final = 1
_WITH_RETRY_AFTER: Final = frozenset({429, 503})


class Lapses:
    """Applies the plan's rules for ``intake``. Costs one truth test per request while there are none."""

    def __init__(self, context: Context, rules: RuleBook, failed: str) -> None:
        self._context = context
        self._rules = rules
        self._failed = failed

    async def outage(self, party: str, channel: str) -> None:
        """Called for an authenticated request, before it is read. Raises Refused while the DIP is away."""
        await self._rules.loaded.wait()
        if not self._rules.plan:
            return
        outage = self._rules.plan.outage("intake", party, self._context.clock.now())
        if outage is not None:
            raise await self._refused(outage, 503, party, channel)

    async def strike(self, party: str, channel: str, messages: Sequence[object] = ()) -> FaultRule | None:
        """Called for a request that could be read, before it is judged. Raises Refused for what it meets.

        A rule that names an MPAN or an event strikes the request when it fits one of its messages. Returns
        the rule that turns the answer into a failure although the messages are accepted.
        """
        if not self._rules.plan:
            return None
        after = None
        for rule in await self._rules.struck("intake", _subjects(party, channel, messages)):
            if rule.fault is Fault.ANSWER:
                raise await self._refused(rule, rule.status, party, channel)
            await self._write(rule, party, channel)
            if rule.fault is Fault.DELAY:
                await asyncio.sleep(rule.seconds)
            else:
                after = rule
        return after

    def failure(self, rule: FaultRule, party: str) -> Refused:
        """The answer in place of 201."""
        return self._answer(rule, rule.status, party)

    async def _refused(self, rule: FaultRule, status: int, party: str, channel: str) -> Refused:
        await self._write(rule, party, channel)
        return self._answer(rule, status, party)

    def _answer(self, rule: FaultRule, status: int, party: str) -> Refused:
        text = f"Injected by the fault rule {rule.name!r}. Send the request again."
        wait = _RETRY_AFTER if status in _WITH_RETRY_AFTER else None
        return Refused(
            status, text, [Entry(self._failed, text, party)], detail="fault injected", retry_after=wait
        )

    async def _write(self, rule: FaultRule, party: str, channel: str) -> None:
        event = JournalEvent(
            kind=Kind.FAULT_INJECTED,
            at=self._context.clock.now(),
            service=SERVICE,
            interface=channel,
            sender=party,
            mpan=rule.mpan,
            run=rule.run,
            details={"rule": rule.name, "fault": rule.fault.value, "where": rule.where},
        )
        await until_done(lambda: self._context.log.append([event.to_record()]), "the record of faults")


def _subjects(party: str, channel: str, messages: Sequence[object]) -> list[FaultSubject]:
    headers = map(envelope.header, messages)
    found = [FaultSubject(party=party, interface=channel, event=h.event, mpan=h.mpan) for h in headers]
    return found or [FaultSubject(party=party, interface=channel)]
