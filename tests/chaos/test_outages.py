"""The distributed composition under load: Kafka away, PostgreSQL away, each process killed in turn.

Full size: ``DIPEMU_CHAOS_OUTAGE_SECONDS=30 DIPEMU_CHAOS_PROCESSES=99 pytest -s tests/chaos/test_outages.py``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from backbone.log.kafka import KafkaLog
from participant.identity import Identity
from tests.chaos.load import Load
from tests.chaos.rig import RETRIES, SUPPLIER, Parties, add_participants, read_journal, size, verdict
from tests.chaos.services import Part, fresh_database_on, own_kafka, own_postgres
from tests.chaos.webhooks import listening, moody
from tests.e2e.distributed import STUBS, Distributed, running

OUTAGE_SECONDS = size("OUTAGE_SECONDS", 5)
CALM_SECONDS = 3.0
RUN_SECONDS = 6.0  # less than any outage takes, with the stopping and starting
PROCESSES = ["workers.0", "dip_gateway.0", "registration", "workers.1", "dip_gateway.1", *STUBS]
pytestmark = [
    pytest.mark.kafka,
    pytest.mark.postgres,
    pytest.mark.slow,
    pytest.mark.timeout(600 + 4 * OUTAGE_SECONDS),
]


@dataclass
class Place:
    """The composition under test with the parts it stands on."""

    composition: Distributed
    kafka: Part
    bootstrap: str
    postgres: Part
    identities: Mapping[str, Identity]

    @property
    def urls(self) -> list[str]:
        return [f"http://127.0.0.1:{port}" for port in self.composition.gateways]

    def pids(self) -> dict[str, int]:
        """The processes that run; one that ended is not in it."""
        return {n: p.pid for n, p in self.composition.processes.items() if p.poll() is None}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("outages")
    (folder / "data").mkdir()
    with (
        own_kafka() as (kafka, bootstrap),
        own_postgres() as (postgres, server),
        fresh_database_on(server) as database,
        pytest.MonkeyPatch.context() as patch,
    ):
        for variable, value in RETRIES.items():
            patch.setenv(variable, value)
        with running(folder, bootstrap, database) as composition:
            more = {"DIPEMU_DATABASE_URL": database}
            identities = add_participants(folder / "data", folder, composition.url, **more)
            yield Place(composition, kafka, bootstrap, postgres, identities)


@asynccontextmanager
async def under_load(place: Place, what: str) -> AsyncIterator[Load]:
    """Load before, during and after the block; then everything has to arrive, and the history to hold."""
    began = datetime.now(UTC)
    async with listening(moody(seed=2)) as webhooks:
        parties = Parties(place.identities, webhooks)
        await parties.set_webhooks()
        load = parties.load(place.urls, pause=0.1)
        task = asyncio.create_task(load.run())
        try:
            await load.tally.accepted.wait()
            await asyncio.sleep(CALM_SECONDS)
            yield load
            load.tally.accepted.clear()
            await asyncio.wait_for(load.tally.accepted.wait(), 60)
            await asyncio.sleep(CALM_SECONDS)
        finally:
            load.stop()
            await task
        await parties.drained(load)
        log = await KafkaLog.open(place.bootstrap)
        journal = [event for event in await read_journal(log, load) if event.at >= began]
        await log.close()
        verdict(parties, load, journal, what)


@pytest.mark.parametrize("which", ["kafka", "postgres"])
async def test_given_load_when_it_is_away_for_a_while_then_nothing_is_lost_and_nobody_restarts(
    place: Place, which: str
) -> None:
    part = place.kafka if which == "kafka" else place.postgres
    before = place.pids()
    async with under_load(place, f"{part.name} away for {OUTAGE_SECONDS} s") as load:
        run = await waiting_run(place)
        await asyncio.to_thread(part.stop)
        await asyncio.sleep(OUTAGE_SECONDS)
        if which == "kafka":
            await refusal(load)
        still_away = datetime.now(UTC)
        await asyncio.to_thread(part.start)
    assert await judged_at(place, run) >= still_away + timedelta(seconds=RUN_SECONDS)
    assert place.pids() == before
    for name in place.composition.names():
        await asyncio.to_thread(place.composition.wait_ready, name)


async def waiting_run(place: Place) -> str:
    """A run that waits for a participant who does nothing, for so long that the outage takes its time."""
    async with httpx.AsyncClient(timeout=60) as http:
        wish = {"scenario": "SITFTS0020-Smart-Single", "participants": {"SUPI": SUPPLIER}}
        answer = await http.post(f"{place.composition.url}/api/runs", json=wish | {"timeout": RUN_SECONDS})
    assert answer.status_code == 201, answer.text
    run: dict[str, str] = answer.json()
    assert run["phase"] == "running", run
    return run["id"]


async def judged_at(place: Place, run: str) -> datetime:
    """Up to when the journal had been read when the clock decided against the participant."""
    async with httpx.AsyncClient(timeout=120) as http:
        url = f"{place.composition.url}/api/runs/{run}"
        async with asyncio.timeout(120):
            while not (ended := (await http.get(url, params={"ended": True, "wait": 30})).json())["finished"]:
                pass
    assert ended["verdict"] == "failed", ended["summary"]
    return datetime.fromisoformat(ended["evaluatedAt"])


async def refusal(load: Load) -> None:
    """Until a request was answered 503; an append is tried for eight seconds before that."""
    async with asyncio.timeout(60):
        while not load.tally.attempts["503"]:  # noqa: ASYNC110 - a counter has no event
            await asyncio.sleep(0.05)


async def test_given_load_when_each_process_is_killed_in_turn_then_the_history_holds(place: Place) -> None:
    killed = PROCESSES[: size("PROCESSES", 3)]
    async with under_load(place, f"killed in turn: {', '.join(killed)}"):
        for name in dict.fromkeys(killed):
            await asyncio.to_thread(place.composition.kill, name)
            await asyncio.sleep(1)
            await asyncio.to_thread(place.composition.launch, name)
            await asyncio.to_thread(place.composition.wait_ready, name)
