"""What another process entered and left waiting is delivered by whoever owns it, before what came after."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from backbone.log import Record
from contracts import envelope
from services.dip_gateway import queueing, store
from tests.integration.dip_gateway.environment import MPAN, REGISTRATION, SUPPLIER, Gateway, open_gateway


def publication(gateway: Gateway, number: int) -> Record:
    """As the router appends it."""
    message: dict[str, Any] = envelope.publication(
        gateway.message(unique=f"{number:016x}"),
        transaction_id=f"T-{number}",
        at=gateway.context.clock.now(),
        correlation_id=f"CI-{number}",
        primary=[],
        secondary=[REGISTRATION],
        always=[],
    )
    headers = {"recipient": REGISTRATION, "transaction-id": f"T-{number}", "sender": SUPPLIER, "mpan": MPAN}
    return Record("dip.pub.PUB-031", MPAN, orjson.dumps(message), headers)


async def entered_by_another(gateway: Gateway, *records: Record) -> None:
    rows = [queueing.row_of(record, gateway.context.clock.now()) for record in records]
    async with gateway.context.database.begin(lock=store.ENTERING) as connection:
        await connection.run_sync(store.add_deliveries, rows)


def transactions(messages: list[Any]) -> list[str | None]:
    return [envelope.header(message).transaction_id for message in messages]


async def test_given_entered_elsewhere_when_it_comes_from_the_log_again_then_delivered_once(
    tmp_path: Path,
) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        first, second = publication(gateway, 1), publication(gateway, 2)
        await entered_by_another(gateway, first)
        await gateway.context.log.append([first, second])
        received = await gateway.receivers[REGISTRATION].until(2)
        assert transactions(received) == ["T-1", "T-2"]


async def test_given_several_left_waiting_when_the_last_comes_then_all_go_in_order(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        records = [publication(gateway, number) for number in range(1, 6)]
        await entered_by_another(gateway, *records)
        await gateway.context.log.append([records[-1], publication(gateway, 6)])
        received = await gateway.receivers[REGISTRATION].until(6)
        assert transactions(received) == [f"T-{number}" for number in range(1, 7)]
