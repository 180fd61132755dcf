"""What a recipient that hangs and a dead one cost a third: nothing.

Two gateways in turn get the same messages for three recipients; behind the one all are well, behind the
other one hangs for 60 s and one is dead. Both suffer whatever else this machine does. Full size:
``DIPEMU_CHAOS_NEIGHBOURS=1000``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles
from time import perf_counter

import pytest

from contracts import envelope
from contracts.identifiers import make_mpan
from participant.directory import Webhook
from tests.chaos.rig import size
from tests.chaos.webhooks import Webhooks, listening
from tests.e2e.distributed import free_port
from tests.integration.dip_gateway.environment import (
    DISTRIBUTOR,
    OTHER_SUPPLIER,
    REGISTRATION,
    Gateway,
    open_gateway,
)

MESSAGES = size("NEIGHBOURS", 150)
HANGING, DEAD, THIRD = DISTRIBUTOR, OTHER_SUPPLIER, REGISTRATION
PAUSE_SECONDS = 0.01
PERCENTILE = 99 if MESSAGES >= 1000 else 90  # of few messages the last per cent is one, and says nothing
SLACK_SECONDS = 0.05
MOST = 1.5


class Troubled:
    """One of the recipients answers after 60 s, or when the test is over."""

    def __init__(self) -> None:
        self.over = asyncio.Event()

    async def __call__(self, recipient: str) -> int:
        if recipient == HANGING:
            try:
                async with asyncio.timeout(60):
                    await self.over.wait()
            except TimeoutError:
                return 201  # too late: the gateway has given up waiting
        return 201


@pytest.mark.slow
@pytest.mark.timeout(180 + MESSAGES)
async def test_given_one_that_hangs_and_a_dead_one_then_the_third_is_served_as_fast(tmp_path: Path) -> None:
    async with (
        open_gateway(tmp_path / "well") as well,
        open_gateway(tmp_path / "troubled") as beside,
        listening() as good,
        listening(troubled := Troubled()) as bad,
    ):
        await set_webhooks(well, good, dead=False)
        await set_webhooks(beside, bad, dead=True)
        accepted = [await in_turn(well, beside, number) for number in range(MESSAGES)]
        alone = await latencies([pair[0] for pair in accepted], good)
        troubles = await latencies([pair[1] for pair in accepted], bad)
        troubled.over.set()
    ratio = troubles[1] / alone[1]
    print(
        f"\nthird recipient, {MESSAGES} messages: all well {told(alone)}; beside a hanging and a dead one ",
        end="",
    )
    print(f"{told(troubles)}; p{PERCENTILE} ratio {ratio:.2f}")
    assert troubles[1] <= MOST * alone[1] + SLACK_SECONDS


async def set_webhooks(gateway: Gateway, webhooks: Webhooks, *, dead: bool) -> None:
    urls = {recipient: webhooks.of(recipient) for recipient in (HANGING, THIRD, DEAD)}
    if dead:
        urls[DEAD] = f"http://127.0.0.1:{free_port()}/nobody"
    for recipient, url in urls.items():
        await gateway.context.directory.set_webhook(recipient, "*", Webhook(url))


async def in_turn(well: Gateway, beside: Gateway, number: int) -> list[tuple[str, float]]:
    """Send a message through each; (reference, moment of the 201)."""
    answered = []
    for gateway in (well, beside) if number % 2 else (beside, well):
        answered.append((gateway is beside, await send(gateway, number)))
        await asyncio.sleep(PAUSE_SECONDS)
    return [one for _, one in sorted(answered)]


async def send(gateway: Gateway, number: int) -> tuple[str, float]:
    block = envelope.MpanBlock(make_mpan(20, number), DISTRIBUTOR, "_H")
    message = gateway.message(mpan=block, primary=[HANGING, DEAD])
    answer = await gateway.send(message)
    assert answer.status_code == 201, answer.text
    return envelope.header(message).reference or "", perf_counter()


async def latencies(accepted: Sequence[tuple[str, float]], webhooks: Webhooks) -> tuple[float, float]:
    """Median and the percentile above, seconds, from the 201 to the arrival at the third."""
    wanted = {reference for reference, _ in accepted}

    def arrivals() -> dict[str, float]:
        pairs = zip(webhooks.received, webhooks.moments, strict=True)
        return {got.reference: moment for got, moment in pairs if got.recipient == THIRD}

    assert await webhooks.until(lambda: wanted <= arrivals().keys(), 60)
    came = arrivals()
    cuts = quantiles([max(0.0, came[reference] - at) for reference, at in accepted], n=100)
    return cuts[49], cuts[PERCENTILE - 1]


def told(cuts: tuple[float, float]) -> str:
    return f"p50 {cuts[0] * 1000:.1f} ms p{PERCENTILE} {cuts[1] * 1000:.1f} ms"
