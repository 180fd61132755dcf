"""A recipient is away for 72 hours of business time: everything is held, then comes in order, once.

Full size: ``DIPEMU_CHAOS_HELD=10000 pytest -s tests/chaos/test_long_outage.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from sqlalchemy import func, select

from contracts import envelope
from contracts.identifiers import make_mpan
from participant.directory import Webhook
from services.dip_gateway.store import delivery_table
from tests.chaos.history import History, Outcome, Sent, check, missing
from tests.chaos.rig import size
from tests.chaos.webhooks import Webhooks, listening
from tests.integration.dip_gateway.environment import DISTRIBUTOR, REGISTRATION, Gateway, open_gateway

HELD = size("HELD", 500)
BATCH = 50
MPANS = [make_mpan(20, 8_000_000 + serial) for serial in range(40)]


@pytest.mark.slow
@pytest.mark.timeout(120 + HELD // 10)
async def test_given_72_hours_away_when_back_then_all_that_was_held_comes_in_order_once(
    tmp_path: Path,
) -> None:
    async with open_gateway(tmp_path) as gateway, listening() as webhooks:
        await gateway.context.directory.set_webhook(REGISTRATION, "*", Webhook(webhooks.of(REGISTRATION)))
        rule = {"name": "away", "fault": "outage", "party": REGISTRATION, "hours": 72}
        assert (await gateway.http.post(f"{gateway.url}/api/faults", json=rule)).status_code == 201
        sent = await send_all(gateway)
        await held(gateway, HELD)
        gateway.context.clock.advance(timedelta(hours=71, minutes=59))
        await gateway.send(gateway.message())  # so that it looks again, and finds it too early
        await held(gateway, HELD + 1)
        assert webhooks.received == []
        gateway.context.clock.advance(timedelta(minutes=1))
        began = perf_counter()
        await all_delivered(webhooks, sent)
        seconds = perf_counter() - began
        history = History(sent, webhooks.received[:HELD])
        print(f"\n72 hours away: {history.summary()}; {HELD / seconds:.0f}/s once back")
        assert [f for f in check(History(sent, webhooks.received)) if "nobody" not in str(f)] == []
        assert history.repeats() == 0
        assert not any(got.replay for got in webhooks.received)
        assert len(webhooks.received) == HELD + 1


async def send_all(gateway: Gateway) -> Sequence[Sent]:
    sent: list[Sent] = []
    for start in range(0, HELD, BATCH):
        batch = [message(gateway, number) for number in range(start, min(HELD, start + BATCH))]
        answer = await gateway.send(*batch)
        assert answer.status_code == 201, answer.text
        entries = answer.json()["messageArray"]
        sent += [
            record(one, entry, len(sent) + n)
            for n, (one, entry) in enumerate(zip(batch, entries, strict=True))
        ]
    return sent


def message(gateway: Gateway, number: int) -> Any:
    block = envelope.MpanBlock(MPANS[number % len(MPANS)], DISTRIBUTOR, "_H")
    return gateway.message(mpan=block, unique=f"{number:016x}")


def record(one: Any, entry: Any, number: int) -> Sent:
    header = envelope.header(one)
    return Sent(
        reference=header.reference or "",
        channel="IF-031",
        mpan=header.mpan or "",
        number=number,
        outcome=Outcome.ACCEPTED,
        recipients=(REGISTRATION,),
        transaction_id=entry["transactionID"],
    )


async def held(gateway: Gateway, count: int) -> None:
    """Wait until so many deliveries wait in the table."""
    query = select(func.count()).select_from(delivery_table).where(delivery_table.c.state == "waiting")
    waiting = 0
    while waiting < count:
        async with gateway.context.database.read() as connection:
            waiting = int(await connection.scalar(query) or 0)


async def all_delivered(webhooks: Webhooks, sent: Sequence[Sent]) -> None:
    assert await webhooks.until(
        lambda: len(webhooks.received) > HELD and not missing(History(sent, webhooks.received)),
        60 + HELD / 20,
    )
