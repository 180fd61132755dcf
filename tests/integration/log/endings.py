"""What every message log promises about its end: killed, or closed in order."""

from __future__ import annotations

import asyncio
import subprocess

import pytest

from backbone.errors import LogClosed
from backbone.log import MessageLog
from tests.integration.log.kit import PATIENCE, Kit, fetch_exactly, numbered


class CrashBehaviour:
    """What a killed process leaves behind."""

    async def test_given_kill_9_under_load_everything_acknowledged_is_there_and_every_call_is_whole(
        self, kit: Kit
    ) -> None:
        topics = [kit.name("accepted"), kit.name("journal"), kit.name("status")]
        acknowledged = await asyncio.to_thread(_append_until_killed, kit.appender(topics), 300)
        log = await kit.open()
        async with log.consume(kit.name("g"), topics) as subscription:
            found: dict[str, list[int]] = {topic: [] for topic in topics}
            while not all(set(acknowledged) <= set(found[topic]) for topic in topics):
                part = await subscription.fetch(500, wait=PATIENCE)
                assert part, "acknowledged records are missing"
                for consumed in part:
                    found[consumed.record.topic].append(int(consumed.record.value))
            for consumed in await subscription.fetch(500, wait=0.5):
                found[consumed.record.topic].append(int(consumed.record.value))
        await log.close()
        assert sorted(found[topics[0]]) == sorted(found[topics[1]]) == sorted(found[topics[2]])
        assert len(found[topics[0]]) == len(set(found[topics[0]]))


def _append_until_killed(command: list[str], count: int) -> list[int]:
    """Kill the process with SIGKILL once it has acknowledged ``count`` calls; what it acknowledged."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(count)]
        process.kill()
        lines += process.stdout.readlines()
    return [int(line) for line in lines if line.endswith("\n")]


class CloseBehaviour:
    """A closed log says so."""

    async def test_a_closed_log_refuses_everything(self, kit: Kit) -> None:
        log = await kit.open()
        await log.close()
        await log.close()
        with pytest.raises(LogClosed):
            await log.append(numbered(kit.name("t"), 1))
        with pytest.raises(LogClosed):
            log.consume(kit.name("g"), [kit.name("t")])

    async def test_closing_finishes_what_is_under_way(self, kit: Kit) -> None:
        log = await kit.open()
        appending = asyncio.create_task(log.append(numbered(kit.name("t"), 50)))
        await asyncio.sleep(0)
        await log.close()
        try:
            await appending
        except LogClosed:
            return  # it had not been handed in yet: nothing was promised
        log = await kit.open()
        async with log.consume(kit.name("g"), [kit.name("t")]) as subscription:
            await fetch_exactly(subscription, 50)
        await log.close()

    async def test_a_waiting_consumer_learns_that_the_log_was_closed(self, kit: Kit) -> None:
        log = await kit.open()
        async with log.consume(kit.name("g"), [kit.name("t")]) as subscription:
            waiting = asyncio.create_task(subscription.fetch())
            await asyncio.sleep(0.1)
            await log.close()
            with pytest.raises(LogClosed):
                await waiting

    async def test_a_subscription_is_used_inside_its_block(self, kit: Kit, log: MessageLog) -> None:
        subscription = log.consume(kit.name("g"), [kit.name("t")])
        with pytest.raises(LogClosed, match="async with"):
            await subscription.fetch(wait=0)
