"""The client's own cancellations are broker faults; ours are cancellations."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka.errors import KafkaConnectionError

from backbone.log.kafka.faults import BROKER_FAULTS, client_calls


async def test_a_task_that_the_client_cancelled_is_a_broker_fault() -> None:
    own = asyncio.create_task(asyncio.Event().wait())
    asyncio.get_running_loop().call_soon(own.cancel)
    with pytest.raises(KafkaConnectionError) as raised, client_calls():
        await own
    assert isinstance(raised.value, BROKER_FAULTS)


async def test_who_is_cancelled_himself_stays_cancelled() -> None:
    async def work() -> None:
        with client_calls():
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_time_limit_stays_a_time_limit() -> None:
    with pytest.raises(TimeoutError), client_calls():
        async with asyncio.timeout(0.01):
            await asyncio.Event().wait()


async def test_a_time_limit_around_a_call_stays_one_too() -> None:
    async def limited() -> None:
        async with asyncio.timeout(0.01):
            with client_calls():
                await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        await limited()
