from __future__ import annotations

import asyncio

from backbone.log.budget import Budget


async def test_what_fits_does_not_wait() -> None:
    budget = Budget(10)
    await asyncio.wait_for(budget.take(4), 1)
    await asyncio.wait_for(budget.take(6), 1)


async def test_what_does_not_fit_waits_until_there_is_room() -> None:
    budget = Budget(10)
    await budget.take(8)
    waiting = asyncio.create_task(budget.take(5))
    await asyncio.sleep(0)
    assert not waiting.done()
    budget.give(8)
    await asyncio.wait_for(waiting, 1)


async def test_an_amount_above_the_limit_passes_alone() -> None:
    budget = Budget(10)
    await asyncio.wait_for(budget.take(50), 1)
    waiting = asyncio.create_task(budget.take(1))
    await asyncio.sleep(0)
    assert not waiting.done()
    budget.give(50)
    await asyncio.wait_for(waiting, 1)


async def test_a_cancelled_waiter_takes_nothing_and_holds_nobody_up() -> None:
    budget = Budget(10)
    await budget.take(10)
    cancelled = asyncio.create_task(budget.take(10))
    other = asyncio.create_task(budget.take(10))
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.gather(cancelled, return_exceptions=True)
    budget.give(10)
    await asyncio.wait_for(other, 1)


async def test_never_more_than_the_limit_is_out() -> None:
    budget = Budget(10)
    out = most = 0

    async def use(amount: int) -> None:
        nonlocal out, most
        await budget.take(amount)
        out += amount
        most = max(most, out)
        await asyncio.sleep(0)
        out -= amount
        budget.give(amount)

    await asyncio.gather(*(use(amount % 7 + 1) for amount in range(200)))
    assert out == 0
    assert most <= 10
