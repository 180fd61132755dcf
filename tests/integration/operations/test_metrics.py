"""What a monitoring system sees of a running emulator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import update

from backbone.clock import BusinessClock
from backbone.database import Database
from backbone.log import Record
from backbone.log.embedded import EmbeddedLog
from backbone.settings import Settings
from dipemu.access import Holders, guarded
from dipemu.composition import open_database
from dipemu.dispatch import dispatch
from dipemu.metrics import resident_bytes
from services.qualification.store import facts_table
from services.qualification.tally import RunTally
from tests.integration.operations.emulator import passed, running, settings_of


def figures(text: str) -> dict[str, float]:
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


@pytest.mark.timeout(60)
async def test_a_run_is_seen_in_the_figures(tmp_path: Path) -> None:
    async with running(settings_of(tmp_path)) as (_, http):
        before = figures((await http.get("/metrics")).text)
        await passed(http)
        answer = await http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    after = figures(answer.text)
    assert before['dipemu_runs_total{verdict="passed"}'] == 0
    assert after['dipemu_runs_total{verdict="passed"}'] == 1
    assert after['dipemu_messages_total{outcome="accepted"}'] >= 4
    assert after['dipemu_messages_total{outcome="delivered"}'] >= 3
    assert after['dipemu_messages_total{outcome="refused"}'] == 0
    assert after['dipemu_part_ready{part="disk"}'] == 1
    assert after["dipemu_deliveries_waiting"] <= 1
    assert 'dipemu_log_lag_records{group="gateway-router"}' in after
    assert after["dipemu_log_bytes"] > before["dipemu_log_bytes"] > 0
    assert after["dipemu_disk_free_bytes"] > 0


async def test_the_lag_of_a_group_is_counted_and_bounded(tmp_path: Path) -> None:
    log = await EmbeddedLog.open(tmp_path)
    async with log.consume("g", ["t"]) as subscription:
        assert await log.lags(100) == {"g": 0}
        await log.append([Record("t", f"k{n}", b"") for n in range(50)])
        await log.append([Record("another", "k", b"")])
        assert await log.lags(100) == {"g": 50}
        assert await log.lags(20) == {"g": 20}
        await subscription.commit(await subscription.fetch(100))
        assert await log.lags(100) == {"g": 0}
    await log.close()


def run_row(number: int, verdict: str | None) -> dict[str, object]:
    known = {"id": f"run-{number}", "order_number": number, "scenario": "S", "participants": ""}
    return {**known, "ended": verdict is not None, "verdict": verdict}


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await open_database(Settings.load(data=tmp_path / "data"))
    yield opened
    await opened.close()


async def counted(tally: RunTally) -> dict[str, float]:
    return {m.labels.get("verdict", "under way"): m.value for m in await tally.measures() if m.value}


async def test_runs_are_counted_once_whatever_the_number_of_askers(database: Database) -> None:
    tally = RunTally(database)
    rows = [run_row(n, "passed") for n in range(1, 451)] + [run_row(451, None), run_row(452, None)]
    async with database.begin() as connection:
        await connection.execute(facts_table.insert(), rows)
    await asyncio.gather(*(tally.measures() for _ in range(5)))
    assert await counted(tally) == {"passed": 450, "under way": 2}
    failed = {"ended": True, "verdict": "failed"}
    async with database.begin() as connection:
        await connection.execute(update(facts_table).where(facts_table.c.id == "run-451").values(failed))
        await connection.execute(facts_table.insert(), [run_row(453, "error")])
    assert await counted(tally) == {"passed": 450, "failed": 1, "error": 1, "under way": 1}


async def test_figures_are_closed_to_others_as_api_is(tmp_path: Path) -> None:
    async def metrics() -> str:
        return "x 1\n"

    app = guarded(dispatch([], dict, dict, metrics), Holders(tmp_path, BusinessClock()), "remote")
    for client, status in (("127.0.0.1", 200), ("192.0.2.7", 401)):
        transport = httpx.ASGITransport(app=app, client=(client, 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            assert (await http.get("/metrics")).status_code == status


def test_memory_in_use_is_plausible() -> None:
    assert 1_000_000 < resident_bytes() < 100_000_000_000
