"""The embedded log: the behaviour all logs share, and what is its own."""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from backbone.errors import LogInUse, LogUnavailable
from backbone.log import MessageLog, Record
from backbone.log.embedded import EmbeddedLog
from tests.integration.log.behaviour import LogBehaviour
from tests.integration.log.kit import Kit, fetch_exactly, numbered, numbers


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    return Kit.at(f"embedded:{tmp_path / 'log'}")


class TestEmbeddedLog(LogBehaviour):
    """Everything the port promises."""


async def test_a_second_log_on_the_directory_is_refused_by_name(tmp_path: Path) -> None:
    log = await EmbeddedLog.open(tmp_path / "log")
    with pytest.raises(LogInUse, match=str(tmp_path / "log")):
        await EmbeddedLog.open(tmp_path / "log")
    await log.close()
    again = await EmbeddedLog.open(tmp_path / "log")
    await again.close()


async def test_given_another_process_holds_the_directory_opening_is_refused(kit: Kit) -> None:
    process = await asyncio.create_subprocess_exec(*kit.appender(["t"]), stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    await process.stdout.readline()
    with pytest.raises(LogInUse, match="open in another process"):
        await kit.open()
    process.kill()
    await process.communicate()
    log = await kit.open()
    await log.close()


async def test_a_record_reaches_a_waiting_consumer_within_five_milliseconds(
    kit: Kit, log: MessageLog
) -> None:
    taken = []
    async with log.consume("g", ["t"]) as subscription:
        for number in range(50):
            fetching = asyncio.create_task(subscription.fetch())
            begun = time.perf_counter()
            await log.append([Record("t", "k", str(number).encode())])
            await subscription.commit(await fetching)
            taken.append(time.perf_counter() - begun)
    assert statistics.median(taken) < 0.005


async def test_given_a_full_disk_append_says_so_and_works_again_when_there_is_room(
    kit: Kit, log: EmbeddedLog
) -> None:
    await log.append(numbered("t", 1))
    writing = log._connections[0]
    (pages,) = writing.execute("PRAGMA page_count").fetchone()
    writing.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(LogUnavailable, match="full"):
        await log.append([Record("t", "k", bytes(1_000_000))])
    writing.execute("PRAGMA max_page_count = 1000000")
    await log.append([Record("t", "k", b"1")])
    async with log.consume("g", ["t"]) as subscription:
        assert numbers(await fetch_exactly(subscription, 2)) == [0, 1]


async def test_given_a_file_that_is_no_database_opening_says_so(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "log.sqlite3").write_text("not a database " * 1000)
    with pytest.raises(LogUnavailable, match="cannot be opened"):
        await EmbeddedLog.open(tmp_path / "log")


async def test_records_come_in_the_order_appended_to_a_lone_consumer(kit: Kit, log: MessageLog) -> None:
    await log.append(numbered("t", 200, keys=40))
    async with log.consume("g", ["t"]) as subscription:
        assert numbers(await fetch_exactly(subscription, 200, limit=17)) == list(range(200))


async def test_a_cancelled_fetch_loses_nothing(kit: Kit, log: MessageLog) -> None:
    came: list[int] = []
    async with log.consume("g", ["t"]) as subscription:
        for number in range(50):
            fetching = asyncio.create_task(subscription.fetch())
            await log.append([Record("t", f"key-{number}", str(number).encode())])
            fetching.cancel()
            (outcome,) = await asyncio.gather(fetching, return_exceptions=True)
            came += numbers(outcome) if isinstance(outcome, list) else []
        came += numbers(await fetch_exactly(subscription, 50 - len(came)))
    assert came == list(range(50))


def test_the_log_ends_with_its_process(kit: Kit) -> None:
    """A program that forgets to close the log still ends."""
    program = (
        "import asyncio, sys\n"
        "from tests.integration.log.kit import open_log\n"
        "asyncio.run(open_log(sys.argv[1]))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, kit.where], timeout=30, check=False)
    assert done.returncode == 0
