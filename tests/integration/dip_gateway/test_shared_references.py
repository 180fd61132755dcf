"""A gateway that shares its database with other gateways: used references, seen over HTTP."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from time import time
from typing import Any

import orjson
import pytest
from sqlalchemy import event

from backbone.log.embedded.log import MAX_RECORD_BYTES
from services.dip_gateway import app, store
from services.dip_gateway.claims import LAPSE_SECONDS, Claims
from services.dip_gateway.references import digest
from tests.integration.dip_gateway.environment import SUPPLIER, Gateway, open_gateway


@pytest.fixture
async def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Gateway]:
    """Set up as on Kafka, on the embedded log: what is looked at here lies before the log."""
    monkeypatch.setattr(app, "KAFKA_SETTLE_SECONDS", 0.0)
    async with open_gateway(tmp_path, workers=False, kafka="unused:9092", max_body_bytes=2**25) as opened:
        yield opened


def claimed(message: Any) -> list[int]:
    return [digest(SUPPLIER, message["payload"]["CommonBlock"]["S1"]["senderUniqueReference"])]


def elsewhere(gateway: Gateway, now: float = 0.0) -> Claims:
    """The claims of another gateway."""
    return Claims(gateway.context.database, lambda: time() + now)


async def use(gateway: Gateway, message: Any) -> None:
    """Another gateway took it in, and the log confirmed it."""
    await elsewhere(gateway).take(claimed(message))
    async with gateway.context.database.begin() as connection:
        await store.save_references(connection, claimed(message))


async def test_given_a_reference_used_elsewhere_when_sent_then_refused_as_used(gateway: Gateway) -> None:
    message = gateway.message()
    await use(gateway, message)
    answer = await gateway.send(message)
    assert answer.status_code == 400
    [entry] = answer.json()["messageArray"]
    assert entry["message"].startswith("MSG1006 - ")
    assert "was used in a message already accepted" in entry["help"]
    again = await gateway.send(message)
    assert again.json()["messageArray"][0]["message"] == entry["message"]


async def test_given_a_reference_only_claimed_elsewhere_when_sent_then_503_since_that_may_yet_fail(
    gateway: Gateway,
) -> None:
    message = gateway.message()
    until = await elsewhere(gateway).take(claimed(message))
    answer = await gateway.send(message)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    await elsewhere(gateway).give_back(claimed(message), until)
    assert (await gateway.send(message)).status_code == 201


async def test_given_a_batch_with_one_used_elsewhere_when_sent_then_refused_as_a_whole(
    gateway: Gateway,
) -> None:
    messages = [gateway.message() for _ in range(3)]
    await use(gateway, messages[1])
    answer = await gateway.send(*messages)
    assert answer.status_code == 400
    codes = [entry["message"][:7] for entry in answer.json()["messageArray"]]
    assert codes[1] == "MSG1006"
    assert codes[0] == codes[2] != "MSG1006"
    assert "because of message 2" in answer.json()["messageArray"][0]["help"]
    assert (await gateway.send(messages[0], messages[2])).status_code == 201


async def test_given_the_gateway_that_claimed_died_when_the_claim_lapses_then_accepted(
    gateway: Gateway,
) -> None:
    message = gateway.message()
    await elsewhere(gateway, -LAPSE_SECONDS - 1).take(claimed(message))
    assert (await gateway.send(message)).status_code == 201
    assert (await gateway.send(message)).status_code == 400


async def test_given_a_message_too_large_for_the_log_when_refused_then_its_reference_is_free(
    gateway: Gateway,
) -> None:
    message = gateway.message()
    padded = orjson.dumps([message]).replace(b'{"payload":', b'{"payload":' + b" " * MAX_RECORD_BYTES)
    assert (await gateway.request("/dip-channel/IF-031", padded)).status_code == 413
    async with gateway.context.database.begin() as connection:
        free = await store.claim_references(connection, claimed(message), time(), time() - 1)
    assert free == set(claimed(message))
    assert (await gateway.send(message)).status_code == 201


async def test_given_the_database_away_when_sent_then_503_and_later_accepted(
    gateway: Gateway, tmp_path: Path
) -> None:
    engine = gateway.context.database.engine
    await engine.dispose()
    event.listen(engine.sync_engine, "connect", lambda raw, _: raw.execute("PRAGMA busy_timeout = 20"))
    message = gateway.message()
    blocker = sqlite3.connect(tmp_path / "db.sqlite", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    answer = await gateway.send(message)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert "database" in answer.json()["messageArray"][0]["help"]
    blocker.execute("ROLLBACK")
    blocker.close()
    assert (await gateway.send(message)).status_code == 201
