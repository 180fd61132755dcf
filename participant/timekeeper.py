"""Wakes a service's states when their moment has come by the business clock."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta

from backbone.clock import BusinessClock
from backbone.log import Record
from participant import timers
from participant.context import Context
from participant.processing import Processor
from participant.sender import OutboxSender
from participant.timers import Outlook, Timer
from participant.wire import read_record

LOOK_AGAIN_SECONDS = 60.0  # for what another process has set and left, and a machine that slept
TURN_SECONDS = 0.5  # between two looks at what waits for another service
WAIT_FOR_OTHERS_SECONDS = 30.0
BATCH = 200

CLOCK_ADVANCED = "clock_advanced"  # the command that the business clock of an MPAN has moved
AHEAD = "aheadSeconds"  # its argument: by how much that MPAN's time is ahead of everything else's


def follow_clock(clock: BusinessClock, commands: Iterable[Record]) -> None:
    """Move the clock where one of these records says that an MPAN's has moved.

    Processes share no clock, so each moves its own; one that several services of a process are told of
    moves once.
    """
    for record in commands:
        if b'"clock_advanced"' not in record.value:
            continue
        try:
            command = read_record(record)
            seconds = float(command.message.get(AHEAD, 0))
        except (ValueError, TypeError):
            continue  # who handles the record reports what is wrong with it
        if command.kind == "command" and command.name == CLOCK_ADVANCED and command.mpan:
            clock.keep_ahead(timedelta(seconds=seconds), command.mpan)


class Patience:
    """Lets what another service has to do first go first: what it leads to may change what is due here.

    Without that, a switch whose dates have all passed while nothing ran would lapse at the Registration
    Service before CSS has said that it happens. Nobody waits for ever: the other service may be gone.
    """

    def __init__(self) -> None:
        self._since: dict[Timer, float] = {}

    def ready(self, due: Sequence[Timer], held_up: Collection[str], at: float) -> list[Timer]:
        """Those of the due timers whose turn it is. ``held_up``: keys. ``at``: seconds, for the waiting.

        What was held up waits once more after that: the other's message has been sent, and is on its way in.
        """
        before = self._since
        self._since = {timer: before.get(timer, at) for timer in due if timer.key in held_up}
        return [
            timer
            for timer in due
            if at - before.get(timer, at) >= WAIT_FOR_OTHERS_SECONDS
            or (timer not in before and timer not in self._since)
        ]


class Timekeeper:
    """Sleeps until the next timer of a service is due; a timer set or a clock moved cuts the sleep short."""

    def __init__(self, service: str, context: Context, processor: Processor, sender: OutboxSender) -> None:
        self._service = service
        self._context = context
        self._processor = processor
        self._sender = sender
        self._patience = Patience()
        self._news = asyncio.Event()
        self._asleep_until = 0.0  # by the loop's clock

    def offer(self, set_now: Sequence[Timer]) -> None:
        """These were just set: wake up in time for them."""
        now = asyncio.get_running_loop().time()
        if any(now + timer.seconds_left(self._context.clock.now) < self._asleep_until for timer in set_now):
            self._news.set()

    async def run(self) -> None:
        """Wake the states that are due, until cancelled."""
        with self._context.clock.watched(self._news.set):
            while True:
                self._asleep_until = float("inf")
                self._news.clear()
                outlook, ready = await self._look()
                if ready:
                    handled = await self._processor.pass_time(ready[:BATCH])
                    self._sender.offer(handled.to_send)
                else:
                    await self._sleep(outlook)

    async def _look(self) -> tuple[Outlook, Sequence[Timer]]:
        """What is due and what comes, and those of the due whose turn it is."""
        clock = self._context.clock
        async with self._context.database.read() as connection:
            outlook = await timers.look(connection, self._service, clock.now, clock.latest())
            held_up = await timers.held_up(connection, self._service, outlook.due)
        return outlook, self._patience.ready(outlook.due, held_up, asyncio.get_running_loop().time())

    async def _sleep(self, outlook: Outlook) -> None:
        """Until the next timer is due, there is news, or it is time to look again anyway."""
        wait = min(LOOK_AGAIN_SECONDS, outlook.seconds or LOOK_AGAIN_SECONDS)
        if outlook.due:
            wait = min(wait, TURN_SECONDS)
        self._asleep_until = asyncio.get_running_loop().time() + wait
        try:
            async with asyncio.timeout(wait):
                await self._news.wait()
        except TimeoutError:
            return
