"""A lane outlives what nobody foresaw: a fault in the client library itself, which no real broker causes."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from backbone.errors import LogUnavailable
from backbone.log.kafka.lane import Call, Lane


class _Client:
    async def close(self) -> None:
        """Nothing is open."""


class _Producer:
    """Accepts everything, or fails as no broker makes it fail."""

    def __init__(self, fault: Exception | None) -> None:
        self.client = _Client()
        self.fault = fault
        self.committed: list[dict[str, Any]] = []

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def begin_transaction(self) -> None:
        if self.fault:
            raise self.fault

    async def send(self, **record: Any) -> asyncio.Future[None]:
        self.committed.append(record)
        sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        sent.set_result(None)
        return sent

    async def commit_transaction(self) -> None: ...


@asynccontextmanager
async def running(*producers: _Producer):
    queue: asyncio.Queue[Call] = asyncio.Queue()
    waiting = list(producers)
    lane = Lane(queue, lambda: waiting.pop(0), timeout=5.0)
    task = asyncio.create_task(lane.run())
    try:
        yield queue
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await lane.close()


def call(value: str) -> Call:
    return Call([{"topic": "t", "value": value}], 1, asyncio.get_running_loop().create_future())


async def test_given_a_fault_nobody_foresaw_then_the_caller_learns_and_the_lane_goes_on() -> None:
    good = _Producer(None)
    async with running(_Producer(KeyError("broken")), good) as queue:
        first, second = call("1"), call("2")
        queue.put_nowait(first)
        with pytest.raises(LogUnavailable, match="broken"):
            await asyncio.wait_for(first.done, 2.0)
        queue.put_nowait(second)
        await asyncio.wait_for(second.done, 2.0)
    assert [record["value"] for record in good.committed] == ["2"]


async def test_what_waits_goes_out_in_one_transaction() -> None:
    producer = _Producer(None)
    async with running(producer) as queue:
        calls = [call(str(number)) for number in range(3)]
        for one in calls:
            queue.put_nowait(one)
        await asyncio.wait_for(asyncio.gather(*(one.done for one in calls)), 2.0)
    assert [record["value"] for record in producer.committed] == ["0", "1", "2"]
