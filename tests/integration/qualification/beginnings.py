"""Runs that have begun, each with its story to go on with."""

from __future__ import annotations

import asyncio
from typing import Any

from services.qualification.store import RunStore
from tests.integration.qualification.bench import Bench
from tests.unit.qualification.given import Story


async def begun(bench: Bench, **wish: Any) -> tuple[dict[str, Any], Story]:
    """A run for which the harness has confirmed its preparation, and the story to go on with."""
    starting = asyncio.ensure_future(bench.start(**wish))
    story = await story_of(bench, starting)
    story.prepared()
    await bench.tell(story)
    return await starting, story


async def story_of(bench: Bench, starting: asyncio.Future[dict[str, Any]]) -> Story:
    """The story of the run that is being started, as soon as it is in the store."""
    store, known = RunStore(bench.context.database), {name for name in STARTED if STARTED[name] is bench}
    async with asyncio.timeout(10):
        while True:
            assert not starting.done(), starting.result()
            fresh = [run for run in await store.open_runs() if run.id not in known]
            if fresh:
                STARTED[fresh[0].id] = bench
                return Story(fresh[0].binding, tick=0.001)
            await asyncio.sleep(0.01)


STARTED: dict[str, Bench] = {}
