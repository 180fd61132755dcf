"""The power goes again and again under load: nothing accepted is lost, disordered or doubled.

Full size: ``DIPEMU_CHAOS_KILLS=50 pytest -s tests/chaos/test_kills.py``.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

import pytest

from backbone.log.embedded import EmbeddedLog
from tests.chaos.load import Load
from tests.chaos.rig import RETRIES, Parties, add_participants, read_journal, size, verdict
from tests.chaos.webhooks import listening, moody
from tests.e2e.emulator import Emulator

KILLS = size("KILLS", 3)


@pytest.mark.slow
@pytest.mark.timeout(120 + 20 * KILLS)
async def test_given_load_when_killed_again_and_again_then_the_history_holds(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    emulator = Emulator(data, **RETRIES)
    await asyncio.to_thread(emulator.start)
    try:
        identities = await asyncio.to_thread(add_participants, data, tmp_path, emulator.url)
        async with listening(moody(seed=1)) as webhooks:
            parties = Parties(identities, webhooks)
            await parties.set_webhooks()
            load = parties.load([emulator.url])
            running = asyncio.create_task(load.run())
            await kill_again_and_again(emulator, load)
            load.stop()
            await running
            await parties.drained(load)
            await asyncio.to_thread(emulator.stop)
            log = await EmbeddedLog.open(data / "log")
            journal = await read_journal(log, load)
            await log.close()
            verdict(parties, load, journal, f"killed {KILLS} times")
    finally:
        await asyncio.to_thread(emulator.stop)


async def kill_again_and_again(emulator: Emulator, load: Load) -> None:
    """Each time at another moment after messages are accepted again."""
    random = Random(7)
    for _ in range(KILLS):
        load.tally.accepted.clear()
        await load.tally.accepted.wait()
        await asyncio.sleep(random.random() * 1.5)
        await asyncio.to_thread(emulator.kill)
        await asyncio.to_thread(emulator.start)
    load.tally.accepted.clear()
    await load.tally.accepted.wait()
