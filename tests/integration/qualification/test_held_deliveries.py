"""A tester lets the DIP deliver to a participant one message at a time, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from contracts import envelope
from dipemu.composition import INTERNAL_URL
from participant.directory import ANY_CHANNEL, Webhook
from participant.identity import Identity
from tests.databases import BOTH, fresh_database
from tests.integration.market.listener import Listener, listening
from tests.integration.qualification.steered import Desk, Document, open_harness

SUPPLIER = "2300000077"
BY_INJECTION = {"participants": {"SUPI": SUPPLIER}, "inject": ["CSS01700"]}


@pytest.fixture(params=BOTH)
async def database(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    async with fresh_database(request.param, tmp_path) as url:
        yield url


async def register(desk: Desk, webhook: Listener) -> None:
    context = desk.composition.context
    certificate, key = context.authority.issue(SUPPLIER)
    identity = Identity(SUPPLIER, "SUP", "SUPT", "a key", INTERNAL_URL, certificate, key)
    await context.directory.register(identity, organisation="Northern Lights")
    await context.directory.set_webhook(SUPPLIER, ANY_CHANNEL, Webhook(webhook.url))


async def delivery(desk: Desk, run: Document, **facts: Any) -> Document:
    """The delivery to the supplier that has these values, once there is one."""
    query = {"mpan": run["mpan"], "recipient": SUPPLIER}
    async with asyncio.timeout(30):
        while True:
            answer = await desk.http.get("/api/deliveries", params=query)
            found: list[Document] = answer.raise_for_status().json()["deliveries"]
            for one in found:
                if facts.items() <= one.items():
                    return one
            await asyncio.sleep(0.02)


async def held_in_journal(desk: Desk, run: Document) -> Document:
    async with asyncio.timeout(20):
        while True:
            for event in await desk.journal(run, "PUB-002"):
                if event["kind"] == "held":
                    return event
            await asyncio.sleep(0.02)


async def run_to_delivery(desk: Desk, **wish: Any) -> Document:
    """A run in which PUB-002 is held for step 4."""
    run = await desk.start(mode="stepwise", **BY_INJECTION, **wish)
    for step in (1, 2, 3):
        run = await desk.held_at(run, step)
        run = await desk.release(run, step)
    run = await desk.held_at(run, 4)
    assert run["summary"].startswith("Held: waiting for release of step 4.")
    assert (await delivery(desk, run, heldByStep=4))["state"] == "waiting"
    return run


def publication(batch: list[Any]) -> tuple[str | None, str | None]:
    header = envelope.header(batch[0])
    return header.publication, header.mpan


async def test_a_delivery_waits_for_run_survives_a_restart_and_holds_up_no_other_run(
    tmp_path: Path, database: str
) -> None:
    async with listening() as webhook:
        async with open_harness(tmp_path, database) as desk:
            await register(desk, webhook)
            run = await run_to_delivery(desk)
            other = await desk.start(**BY_INJECTION)
            assert publication(await webhook.next()) == ("PUB-002", other["mpan"])
        async with open_harness(tmp_path, database) as desk:
            run = await desk.held_at(await desk.run(run["id"]), 4)
            waits = await held_in_journal(desk, run)
            assert waits["details"]["reason"] == "waiting for release of step 4"
            assert not [e for e in await desk.journal(run, "PUB-002") if e["kind"] == "delivered"]
            await desk.release(run, 4)
            assert publication(await webhook.next()) == ("PUB-002", run["mpan"])
            run = await desk.until(run, currentStep=5)
    assert run["steps"][3]["result"] == "passed"


async def test_what_a_run_holds_when_it_ends_is_never_delivered(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'test.sqlite3'}"
    async with listening() as webhook, open_harness(tmp_path, url) as desk:
        await register(desk, webhook)
        run, other = await asyncio.gather(run_to_delivery(desk), run_to_delivery(desk))
        await desk.post(f"/{run['id']}/cancel")
        dropped = await delivery(desk, run, state="dropped")
        assert (dropped["answer"], dropped["heldByStep"]) == ("dropped: the run that held it has ended", None)
        await desk.post(f"/{other['id']}/flow")
        assert publication(await webhook.next()) == ("PUB-002", other["mpan"])
        await desk.until(other, currentStep=5)


@pytest.mark.parametrize(("order", "result"), [("skip", "skipped"), ("attest", "attested")])
async def test_a_delivery_whose_step_a_person_decided_is_not_kept_from_the_participant(
    tmp_path: Path, order: str, result: str
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'test.sqlite3'}"
    async with listening() as webhook, open_harness(tmp_path, url) as desk:
        await register(desk, webhook)
        run = await run_to_delivery(desk)
        await desk.post(f"/{run['id']}/steps/4/{order}", by="A. Tester", reason="Seen elsewhere.")
        assert publication(await webhook.next()) == ("PUB-002", run["mpan"])
        run = await desk.until(run, currentStep=5)
    assert run["steps"][3]["result"] == result
