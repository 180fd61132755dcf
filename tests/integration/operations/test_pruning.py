"""A pruned emulator goes on: what it still needs is there, and what was removed is not mistaken for whole."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import httpx
import orjson
import pytest
from sqlalchemy import func, insert, select, update
from typer.testing import CliRunner

from backbone.database import Database
from backbone.errors import LogInUse
from backbone.journal.table import journal_event
from backbone.settings import Settings
from dipemu import pruning
from dipemu.cli import app
from dipemu.composition import open_database
from dipemu.errors import UpkeepRefused
from dipemu.pruning import Pruned, prune
from dipemu.usage import usage
from participant.outbox import handled_table
from services.dip_gateway.store import delivery_table, holding_table, reference_table
from services.qualification.store import run_table
from tests.integration.operations.emulator import passed, running, settings_of

NEVER = (reference_table, holding_table, run_table)
LATER = timedelta(days=400)


async def journal_of(http: httpx.AsyncClient, run: str) -> list[str]:
    mpan = (await http.get(f"/api/runs/{run}")).json()["mpan"]
    events = (await http.get("/api/journal", params={"mpan": mpan, "limit": "1000"})).json()
    return [event["id"] for event in events]


async def all_handled(settings: Settings) -> None:
    """Every group has handled what there is, so that all there is may be old."""
    async with asyncio.timeout(30):
        while await _waiting(settings):  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.05)


async def _waiting(settings: Settings) -> int:
    log = (await usage(settings))["message log"]
    return sum(count for name, count in log.items() if name.startswith("waiting"))


async def evidence_of(http: httpx.AsyncClient, run: str) -> bytes:
    """The journal in the evidence of a run."""
    answer = await http.get(f"/api/runs/{run}/evidence", timeout=60)
    assert answer.status_code == 200, answer.text
    with ZipFile(BytesIO(answer.content)) as pack:
        (name,) = [name for name in pack.namelist() if name.endswith("journal.ndjson")]
        return pack.read(name)


async def counts(settings: Settings, *tables: Any) -> list[int]:
    database = await open_database(settings)
    try:
        async with database.read() as connection:
            found = [await connection.scalar(select(func.count()).select_from(table)) for table in tables]
            return [int(count or 0) for count in found]
    finally:
        await database.close()


async def prune_all(settings: Settings, **options: bool) -> Pruned:
    """As if it were done long after."""
    return await prune(settings, timedelta(days=30), datetime.now(UTC) + LATER, **options)


@pytest.mark.timeout(120)
async def test_an_emulator_goes_on_after_pruning(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    async with running(settings) as (_, http):
        old = await passed(http)
    between = datetime.now(UTC)
    async with running(settings) as (_, http):
        young = await passed(http)
        whole = await evidence_of(http, young)
    kept = await counts(settings, *NEVER)
    done = await prune(settings, timedelta(), between)
    assert all(done.by_table.values()), done
    assert await counts(settings, *NEVER) == kept
    async with running(settings) as (_, http):
        assert await evidence_of(http, young) == whole
        gone = await http.get(f"/api/runs/{old}/evidence")
        assert (gone.status_code, "dipemu db prune" in gone.text) == (410, True)
        assert (await http.get(f"/api/runs/{old}")).json()["verdict"] == "passed"
        await passed(http)


@pytest.mark.timeout(120)
async def test_a_run_under_way_keeps_its_journal_and_what_is_owed_stays(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    async with running(settings) as (_, http):
        run = await passed(http)
        whole = await journal_of(http, run)
        await all_handled(settings)
    await _make_it_old_and_open(settings, run)
    before = await counts(settings, journal_event, delivery_table, handled_table)
    said = await prune_all(settings, dry_run=True)
    assert await counts(settings, journal_event, delivery_table, handled_table) == before, "a dry run"
    done = await prune_all(settings)
    assert (done.by_table, done.deliveries > 0) == (said.by_table, True)
    database = await open_database(settings)
    async with database.read() as connection:
        states = await connection.scalars(
            select(delivery_table.c.state).order_by(delivery_table.c.id).limit(2)
        )
        assert list(states) == ["waiting", "abandoned"]
        owed = select(handled_table.c.id).where(handled_table.c.id.like("owed-%"))
        assert list(await connection.scalars(owed)) == ["owed-0:2200000001"], "it may come once more"
        left = set(await connection.scalars(select(journal_event.c.id)))
    await database.close()
    assert set(whole) <= left
    assert (await prune_all(settings)).by_table == dict.fromkeys(done.by_table, 0), (
        "nothing is left to remove"
    )


async def _make_it_old_and_open(settings: Settings, run: str) -> None:
    """As if the run had not ended, and the first two deliveries had not been made."""
    database: Database = await open_database(settings)
    async with database.begin() as connection:
        document = orjson.loads(
            await connection.scalar(select(run_table.c.document).where(run_table.c.id == run)) or b""
        )
        document["ended"] = None
        await connection.execute(update(run_table).values(ended=False, document=orjson.dumps(document)))
        deliveries = delivery_table.c
        ids = list(await connection.scalars(select(deliveries.id).order_by(deliveries.id).limit(2)))
        for number, state in enumerate(("waiting", "abandoned")):
            change = {"state": state, "transaction_id": f"owed-{number}"}
            await connection.execute(
                update(delivery_table).where(deliveries.id == ids[number]).values(change)
            )
        await connection.execute(insert(handled_table).values(service="registration", id="owed-0:2200000001"))
    await database.close()


async def test_a_running_emulator_is_not_pruned(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    async with running(settings):
        with pytest.raises(LogInUse, match=f"process ID {os.getpid()}"):
            await prune_all(settings)
        assert (await usage(settings))["runs"] == {"under way": 0, "ended": 0}, "what is used can be asked"


async def test_a_log_that_does_not_say_who_reads_it_is_left_alone(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    async with running(settings) as (composition, _):
        readers = composition.context.log
        readers._connections[1].execute("DELETE FROM reader")  # type: ignore[attr-defined]
    with pytest.raises(UpkeepRefused, match="start the emulator once"):
        await prune_all(settings)


async def test_a_disk_too_full_to_shrink_the_files_is_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(tmp_path)
    async with running(settings):
        pass
    monkeypatch.setattr(pruning, "_SHRINKING", ("PRAGMA page_size = 512", "VACUUM INTO '/nowhere/at/all'"))
    with pytest.raises(UpkeepRefused, match="prune again"):
        await prune_all(settings)


async def test_nothing_to_prune_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UpkeepRefused, match="nothing to prune"):
        await prune_all(settings_of(tmp_path))
    assert not (tmp_path / "data").exists()


def test_the_commands_print_what_is_kept_and_what_went(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)

    async def start() -> None:
        async with running(settings):
            pass

    asyncio.run(start())
    said = CliRunner().invoke(app, ["db", "status", "--data", str(settings.data)])
    assert said.exit_code == 0
    for words in ("message log", "free", "used references", "waiting for gateway-router"):
        assert words in said.output
    said = CliRunner().invoke(app, ["db", "prune", "--older-than", "30", "--data", str(settings.data)])
    assert (said.exit_code, said.output.count(" 0  ")) == (0, 4)
    said = CliRunner().invoke(app, ["db", "prune", "--older-than", "0", "--data", str(settings.data)])
    assert said.exit_code == 2
