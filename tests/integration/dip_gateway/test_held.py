"""Deliveries that steps of runs hold, at the gateway: in order, per MPAN, whichever process let them go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from backbone.journal import Kind
from backbone.log import Record
from contracts import envelope
from participant import holding
from participant.holding import Hold
from services.dip_gateway import held
from tests.integration.dip_gateway.environment import MPAN, REGISTRATION, SUPPLIER, Gateway, open_gateway

OTHER = "2000050000007"


def publication(gateway: Gateway, number: int, mpan: str = MPAN) -> Record:
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
    headers = {"recipient": REGISTRATION, "transaction-id": f"T-{number}", "sender": SUPPLIER, "mpan": mpan}
    return Record("dip.pub.PUB-031", mpan, orjson.dumps(message), headers)


def transactions(messages: list[Any]) -> list[str | None]:
    return [envelope.header(message).transaction_id for message in messages]


async def hold(gateway: Gateway, *steps: int) -> None:
    async with gateway.context.database.begin() as connection:
        holds = [Hold(MPAN, step, REGISTRATION, "PUB-031") for step in steps]
        await holding.set_holds(connection, MPAN, holds)


async def let_go(gateway: Gateway, step: int | None) -> None:
    """As another process does it: nobody tells this one."""
    async with gateway.context.database.begin() as connection:
        await holding.let_go(connection, MPAN, step)
        await held.let_go(connection, MPAN, step)


async def test_held_deliveries_wait_with_what_follows_and_leave_in_order(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        await hold(gateway, 4, 8)
        await gateway.context.log.append([publication(gateway, number) for number in (1, 2, 3)])
        await gateway.context.log.append([publication(gateway, 9, OTHER)])
        receiver = gateway.receivers[REGISTRATION]
        assert transactions(await receiver.until(1)) == ["T-9"]
        await let_go(gateway, 8)
        await let_go(gateway, 4)
        assert transactions(await receiver.until(4)) == ["T-9", "T-1", "T-2", "T-3"]


async def test_a_step_let_go_before_its_message_holds_nothing(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        await hold(gateway, 4)
        await let_go(gateway, 4)
        await gateway.context.log.append([publication(gateway, 1)])
        assert transactions(await gateway.receivers[REGISTRATION].until(1)) == ["T-1"]


async def test_what_comes_from_the_log_again_takes_no_other_steps_hold(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        await hold(gateway, 4)
        await gateway.context.log.append([publication(gateway, 1), publication(gateway, 1)])
        await gateway.context.log.append([publication(gateway, 2), publication(gateway, 9, OTHER)])
        receiver = gateway.receivers[REGISTRATION]
        assert transactions(await receiver.until(1)) == ["T-9"]
        await let_go(gateway, None)
        assert transactions(await receiver.until(3)) == ["T-9", "T-1", "T-2"]


async def test_the_journal_says_for_which_step_it_waits(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        await hold(gateway, 4)
        await gateway.context.log.append([publication(gateway, 1)])
        (event,) = await gateway.events(Kind.HELD)
        assert (event.details["step"], event.recipient, event.mpan) == (4, REGISTRATION, MPAN)
