"""What a tester's orders lead to in the harness: messages let go, a clock moved.

The journal says what was ordered; this does it, after a restart once more. Each effect done again changes
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from backbone.clock_offsets import ClockOffsets
from backbone.journal.events import JournalEvent, Kind
from participant import holding
from participant.context import Context
from participant.holding import LET_GO, Hold
from participant.timekeeper import AHEAD
from participant.wire import command_record
from services.qualification import orders
from services.qualification.binding import Binding
from services.qualification.dispatching import DIP_GATEWAY, clock_orders
from services.qualification.format import Scenario, Way


def holds(scenario: Scenario, binding: Binding) -> list[Hold]:
    """What stepwise mode holds, one per step: messages of the harness and deliveries to a participant."""
    if binding.mode == "automatic":
        return []
    return [
        Hold(binding.mpan, step.step, owner.dip_id, step.message, step.event)
        for step in scenario.steps
        for owner in [binding.owner(step)]
        if orders.ours(step, binding) and not binding.on_behalf(step) and not step.must_not_come_within
    ]


class Effects:
    """Carries orders out."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._offsets = ClockOffsets(context.database, context.clock)

    async def carry_out(self, scenario: Scenario, binding: Binding, event: JournalEvent) -> None:
        """Do what an event of the run's journal asks for, if anything.

        What a participant is to receive is not kept from it, and what comes after it neither, because a
        person decided the step.
        Raises DatabaseUnavailable, LogUnavailable; to be asked again then.
        """
        if event.run != binding.run:
            return
        if event.kind is Kind.CLOCK_ADVANCED:
            await self._offsets.keep(binding.mpan, timedelta(seconds=event.details[AHEAD]))
            await self._context.log.append(clock_orders(binding, event))
        elif event.kind is Kind.STEP_RELEASED and event.details.get("order") == orders.RUN:
            await self._let_go(binding, event, int(event.details["step"]))
        elif event.kind is Kind.STEP_RELEASED and event.details.get("order") == orders.FLOW:
            await self._let_go(binding, event, None)
        elif binding.mode == "stepwise" and orders.by_a_person(event):
            step = scenario.step(int(event.details["step"]))
            if step.way is Way.PUBLICATION:
                await self._let_go(binding, event, step.step)

    async def _let_go(self, binding: Binding, event: JournalEvent, step: int | None) -> None:
        async with self._context.database.begin() as connection:
            services = await holding.let_go(connection, binding.mpan, step)
        await self._wake(binding, event, sorted({*services, DIP_GATEWAY}), step)

    async def _wake(
        self, binding: Binding, event: JournalEvent, services: Sequence[str], step: int | None
    ) -> None:
        """Services that are not told look again by themselves, but only after a while.

        The DIP keeps what it holds itself, and has to be told which step was let go.
        """
        arguments = {} if step is None else {"step": step}
        told = [
            command_record(
                service, LET_GO, to="", mpan=binding.mpan, run=binding.run, id=event.id, arguments=arguments
            )
            for service in services
        ]
        await self._context.log.append(told)

    async def end(self, binding: Binding) -> None:
        """Drop what an ending run still holds: nobody pressed Run for it."""
        if binding.mode == "stepwise":
            async with self._context.database.begin() as connection:
                await holding.drop(connection, binding.mpan)
