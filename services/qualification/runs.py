"""Starts runs, follows the journal on their behalf, orders the harness's part, and keeps the verdicts.

All that is decided is decided by ``verdict.evaluate``; this module only tells it what has happened, and
when to look again. A run lost nothing by a restart: it is read back from the store and the journal.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from backbone.caller import caller
from backbone.errors import DatabaseUnavailable, LogUnavailable
from backbone.journal.events import JournalEvent
from contracts.identifiers import is_mpan, make_mpan
from participant.context import Context
from services.qualification import dispatching, orders, preflight
from services.qualification.active import ActiveRun, Judgement, bounded, dealt
from services.qualification.actors import signed
from services.qualification.attributing import Attributor, events_of
from services.qualification.attribution import without_mpan
from services.qualification.binding import Binding, Mode, bind, check_injection
from services.qualification.claims import notes
from services.qualification.document import briefing, business_time, document
from services.qualification.effects import Effects, holds
from services.qualification.errors import BindingInvalid, OrderRefused, RunConflict
from services.qualification.format import Scenario, Step
from services.qualification.listing import EVERY_RUN, Wanted, without_bulk
from services.qualification.results import Phase
from services.qualification.scenario import find
from services.qualification.steering import Order, Steered, check_it_counts
from services.qualification.store import RunStore, StoredRun, ended
from services.qualification.values import run_values
from services.qualification.verdict import broken_off, evaluate
from services.qualification.watch import Watch

PREPARING_SECONDS = 15.0
LONGEST_LOOK_SECONDS = 1.0
BATCH = 1000
NUMBERS = 9_000_000
CANNOT_JUDGE = "run %s of %s cannot be judged"
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunRequest:
    """What a tester asks for. ``timeout``: seconds per wait; None: the scenario's own.

    ``label``: the tester's own word for the run, to find it by.
    """

    scenario: str
    participants: Mapping[str, str] = field(default_factory=dict)
    inject: Sequence[str] = ()
    timeout: float | None = None
    mpan: str | None = None
    mode: Mode = "automatic"
    label: str | None = None


class RunManager:
    """All runs of one environment. ``work`` is its worker: it must run for runs to make progress."""

    def __init__(self, context: Context, scenarios: Mapping[str, Scenario]) -> None:
        self._context = context
        self.scenarios = scenarios
        self.store = RunStore(context.database)
        self._effects = Effects(context)
        self._watch = Watch(context.log)
        self._active: dict[str, ActiveRun] = {}
        self._owners: dict[str, str] = {}
        self._position = 0
        self._to_look_at: set[str] = set()
        self._resumed = asyncio.Event()
        journal, index = context.journal, context.index
        self._attributor = Attributor(journal, index, self._active, self._knows, self._now)

    @property
    def ready(self) -> bool:
        """Whether the runs that were open before a restart are followed again."""
        return self._resumed.is_set()

    # ---- what the outside asks for -------------------------------------------------------------

    async def create(self, request: RunRequest) -> dict[str, Any]:
        """Start a run and wait until the harness is prepared for it; the answer is its document.

        Raises ScenarioUnknown, BindingInvalid, RunConflict.
        """
        scenario = find(self.scenarios, request.scenario)
        parties = bind(scenario, request.participants, await self._context.directory.all())
        check_injection(scenario, request.inject)
        number = await self.store.next_number("run", secrets.randbelow(NUMBERS))
        binding = self._binding(scenario, request, parties, number)
        stored = await self._stored(scenario, binding, number, request.label)
        await self.store.add(stored, holds(scenario, binding))
        run = self._take_up(stored, ())
        await self._context.log.append(dispatching.preparation(scenario, binding, self._now()))
        await self._look_at(run)
        await run.left({Phase.PREPARING}, PREPARING_SECONDS)
        return run.document

    def _binding(
        self, scenario: Scenario, request: RunRequest, parties: Mapping[str, Any], number: int
    ) -> Binding:
        mpan = self._mpan(scenario, request.mpan, number)
        clock = self._context.clock
        run, today = uuid4().hex[:12], clock.now(mpan)
        return Binding(
            run=run,
            mpan=mpan,
            parties=dict(parties),
            values=run_values(scenario, parties, run=run, number=number, mpan=mpan, now=today),
            injected=tuple(request.inject),
            timeout=request.timeout or scenario.timeouts.participant,
            created=self._now(),
            mode=request.mode,
            ahead_seconds=clock.ahead(mpan).total_seconds(),
            without_mpan=without_mpan(scenario, self._context.catalogue()),
        )

    def _mpan(self, scenario: Scenario, given: str | None, number: int) -> str:
        if given is None:
            return make_mpan(scenario.mpan.distributor, number)
        if not is_mpan(given):
            raise BindingInvalid(f"{given} is no MPAN: thirteen digits, the last one the check digit.")
        owner = self._owners.get(given)
        if owner in self._active:
            raise RunConflict(f"MPAN {given} belongs to run {owner}, which has not ended.")
        return given

    async def _stored(
        self, scenario: Scenario, binding: Binding, number: int, label: str | None
    ) -> StoredRun:
        directory, now = self._context.directory, binding.created
        hooks, warned = await preflight.look(scenario, binding, directory, now)
        name = f"{scenario.id}-{binding.created:%Y%m%d-%H%M%S}-{number:07d}"
        known = briefing(scenario, binding, name, hooks, warned, label, caller().name)
        state = evaluate(scenario, binding, (), binding.created)
        first = document(scenario, binding, known, state, 0, binding.created)
        return StoredRun(binding.run, scenario, binding, known, first)

    async def document(
        self, run_id: str, after: int = -1, wait: float = 0, *, ended: bool = False
    ) -> dict[str, Any]:
        """The run's document: at once when its version is above ``after``, else after up to ``wait`` s.

        ``ended``: wait for the run's end instead. Raises RunUnknown.
        """
        run = await self._open_run(run_id)
        if run is None:
            return (await self.store.get(run_id)).document
        await (run.left(set(Phase) - {Phase.FINISHED}, wait) if ended else run.changed(after, wait))
        return self._shown(run)

    def _shown(self, run: ActiveRun) -> dict[str, Any]:
        """The document, with the business time of this moment."""
        if run.state.finished:
            return run.document
        return run.document | {"businessTime": business_time(run.state, self._now())}

    async def _open_run(self, run_id: str) -> ActiveRun | None:
        """The run, if it has not ended. Right after a restart, waits until the open runs are followed."""
        if run_id not in self._active and not self.ready:
            async with asyncio.timeout(PREPARING_SECONDS):
                await self._resumed.wait()
        return self._active.get(run_id)

    async def documents(self, limit: int, wanted: Wanted = EVERY_RUN) -> list[dict[str, Any]]:
        """The newest runs that are wanted, newest first, without the bulk of their documents.

        With ``wanted.participant``: whole documents, and only of runs that are ready for it.
        """
        found = await self.newest(limit, wanted)
        return found if wanted.participant else [without_bulk(one) for one in found]

    async def newest(self, limit: int, wanted: Wanted = EVERY_RUN) -> list[dict[str, Any]]:
        """The whole documents of the newest runs that are wanted, newest first."""
        found: list[dict[str, Any]] = []
        async for current in self.each(wanted):
            found.append(current)
            if len(found) == limit:
                break
        return found

    async def each(self, wanted: Wanted) -> AsyncIterator[dict[str, Any]]:
        """The whole documents of the runs that are wanted, newest first."""
        async for stored in self.store.newest_first(wanted):
            run = self._active.get(stored["id"])
            current = self._shown(run) if run else stored
            if wanted.fits(current):
                yield current

    async def steer(self, run_id: str, order: Order) -> dict[str, Any]:
        """Do what the tester orders; the answer is the run's document, which shows it.

        Raises RunUnknown, StepUnknown, and OrderRefused for what cannot be done as the run stands.
        """
        run = await self._open_run(run_id)
        if run is None:
            ended_run = (await self.store.get(run_id)).document
            raise OrderRefused(f"Run {ended_run['name']} has ended with the verdict {ended_run['verdict']}.")
        async with run.steering:
            event = signed(order(self._steered(run)))
            await self._context.journal.write(event)
            await run.shows(event.id, PREPARING_SECONDS)
            check_it_counts(self._steered(run), event)
        return self._shown(run)

    def _steered(self, run: ActiveRun) -> Steered:
        stored, ahead = run.stored, self._context.clock.ahead(run.stored.binding.mpan)
        return Steered(stored.scenario, stored.binding, run.state, self._now(), ahead)

    def versions(self) -> dict[str, int]:
        """The version of each run that has not ended: something to see has changed when this has."""
        return {run_id: run.version for run_id, run in self._active.items()}

    async def cancel(self, run_id: str) -> dict[str, Any]:
        """End a run without a verdict on the step it waits for. Raises RunUnknown."""
        run = await self._open_run(run_id)
        if run is None:
            return (await self.store.get(run_id)).document
        order = orders.order_event(run.stored.binding, orders.CANCEL, self._now())
        await self._context.journal.write(signed(order))
        await run.left(set(Phase) - {Phase.FINISHED}, PREPARING_SECONDS)
        return run.document

    async def evidence(self, run_id: str) -> tuple[StoredRun, list[JournalEvent], dict[str, Any]]:
        """What the evidence of a run is made of: the run, its events, its document.

        Raises RunUnknown, EvidencePruned.
        """
        run = await self._open_run(run_id)
        if run is not None:
            return run.stored, list(run.events), run.document
        stored = await self.store.get(run_id)
        await self.store.require_events(stored)
        rows = await events_of(self._context.index, stored, self._owners, stored.through)
        events = [event for _, event in rows]
        return stored, bounded(stored, events, notes(stored.binding, events)), stored.document

    # ---- the worker ----------------------------------------------------------------------------

    async def work(self) -> None:
        """Follow the journal until cancelled."""
        await self._resume()
        self._resumed.set()
        while True:
            try:
                newest = await self._context.index.wait(self._position, self._pause())
                await self._watch.see_again(self._active.values(), self._now())
                if newest > self._position:
                    await self._take_news()
                await self._watch.look(self._active.values(), self._now())
                await self._catch_up()
            except (DatabaseUnavailable, LogUnavailable):
                self._watch.lost()
                await asyncio.sleep(LONGEST_LOOK_SECONDS)

    async def _resume(self) -> None:
        self._owners = await self.store.owners() | self._owners
        self._position = await self._context.index.wait(0, 0)
        for stored in await self.store.open_runs():
            if stored.id in self._active:
                continue
            events = await events_of(self._context.index, stored, self._owners, self._position)
            try:
                run = self._take_up(stored, events)
                order = orders.order_event(stored.binding, orders.RESUME, self._now())
                again = dispatching.preparation(stored.scenario, stored.binding, self._now())
            except Exception as fault:  # one run that cannot be judged must not keep the others from it
                logger.exception(CANNOT_JUDGE, stored.id, stored.scenario.id)
                await self._give_up(stored, None, fault)
                continue
            await self._context.log.append([order.to_record(), *again])
            run.take([order])
            await self._look_at(run)
        await self._attributor.resume(self._position)

    def _knows(self, run_id: str) -> bool:
        return run_id in self._owners.values()

    async def _take_news(self) -> None:
        rows = await self._context.index.events(after=self._position, limit=BATCH)
        if not rows:
            return
        await self._attributor.look(rows, self._position)
        self._position = rows[-1][0]
        marks = {event.id for _, event in rows if orders.is_look(event)}
        runs = {run_id: (run.stored, run.claimed) for run_id, run in self._active.items()}
        news = dealt((event for _, event in rows), runs, self._owners)
        for run_id, run in list(self._active.items()):
            if run_id in news:
                run.take(news[run_id])
            if run.read(marks) or run_id in news:
                self._to_look_at.add(run.stored.id)

    async def _catch_up(self) -> None:
        """Look at every run that has news, or up to whose check the journal was read; see it through."""
        for run_id in list(self._to_look_at):
            run = self._active.get(run_id)
            if run is not None:
                await self._look_at(run)
            self._to_look_at.discard(run_id)

    async def _look_at(self, run: ActiveRun) -> None:
        """Advance a run. A fault of ours in it ends it as ``error`` and leaves the other runs alone.

        Raises DatabaseUnavailable, LogUnavailable: these pass.
        """
        try:
            await self._advance(run)
        except (DatabaseUnavailable, LogUnavailable):
            self._to_look_at.add(run.stored.id)
            raise
        except Exception as fault:  # whatever went wrong in judging this run must not stop the others
            logger.exception(CANNOT_JUDGE, run.stored.id, run.stored.scenario.id)
            await self._give_up(run.stored, run, fault)

    async def _give_up(self, stored: StoredRun, run: ActiveRun | None, fault: Exception) -> None:
        """End a run that cannot be judged, with the reason in its document and the journal."""
        reason, now = f"{type(fault).__name__}: {fault}", self._now()
        state = broken_off(stored.scenario, run.state if run else None, reason, now)
        version = int((run.document if run else stored.document)["version"]) + 1
        shown = document(stored.scenario, stored.binding, stored.briefing, state, version, now)
        await self._context.journal.write(orders.fault_event(stored.binding, reason, now))
        if run is None:
            await self.store.save(ended(stored, shown, self._position))
        else:
            await self._end(run, Judgement(state, version, shown))

    def _pause(self) -> float:
        """Seconds until a run is to be looked at again although nothing happens."""
        checks = (run.check_in(self._now()) for run in self._active.values())
        return min([LONGEST_LOOK_SECONDS, *(seconds for seconds in checks if seconds is not None)])

    def _take_up(self, stored: StoredRun, events: Iterable[tuple[int, JournalEvent]]) -> ActiveRun:
        run = ActiveRun(stored, events, self._now())
        self._active[stored.id] = run
        self._owners[stored.binding.mpan] = stored.id
        return run

    async def _advance(self, run: ActiveRun) -> None:
        """Judge a run anew and do what follows: order the harness's part, or keep the verdict."""
        for event in run.to_carry_out():
            await self._effects.carry_out(run.stored.scenario, run.stored.binding, event)
            run.carried_out.add(event.id)
        judgement = run.judge(self._now())
        if judgement is not None and judgement.state.finished:
            await self._end(run, judgement)
            return
        if judgement is None:
            run.acknowledge()
        else:
            run.publish(judgement)
        step = run.to_release()
        if step is not None:
            await self._release(run, step)

    async def _release(self, run: ActiveRun, step: Step) -> None:
        """Order the harness's part of a step; what could not be ordered is ordered at the next look."""
        records = dispatching.release(step, run.stored.binding, self._now(), run.state.captured)
        try:
            if records:
                await self._context.log.append(records)
        except LogUnavailable:
            run.released.discard(step.step)
            raise

    async def _end(self, run: ActiveRun, judgement: Judgement) -> None:
        """Keep the verdict, then show it: nobody is told a verdict that a power cut could take back."""
        if run.ending:
            return
        run.ending = True
        try:
            await self._effects.end(run.stored.binding)
            closing = dispatching.closing(run.stored.scenario, run.stored.binding)
            if closing:
                await self._context.log.append(closing)
            await self.store.save(ended(run.stored, judgement.document, self._position))
        finally:
            run.ending = False
        self._active.pop(run.stored.id, None)
        run.publish(judgement)

    def _now(self) -> datetime:
        return self._context.clock.now()
