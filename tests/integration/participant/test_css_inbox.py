"""CSS messages to a service: who may send them, and what is said to those that may not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from backbone.clock import SystemClock
from backbone.journal import Kind
from contracts import css
from participant.handlers import HandlerRegistry
from tests.integration.participant.rig import (
    HOST,
    MPAN,
    OUTSIDER,
    REGS,
    SUPPLIER,
    Identities,
    Rig,
    open_rig,
    switch_request,
)
from tests.integration.participant.role import Heard, registry

URL = f"{HOST}/registration/css/messages"


def pending(mpid: str = "SUPA", **changed: Any) -> dict[str, Any]:
    now = SystemClock().now()
    return css.pending_registration(switch_request(mpid, now), registration_id="REG-1", now=now) | changed


async def send(rig: Rig, message: object, key: str | None = None, url: str = URL):
    body = message if isinstance(message, bytes) else orjson.dumps(message)
    return await rig.http.post(url, content=body, headers={"X-API-Key": key} if key else {})


async def test_a_party_known_by_its_key_may_send(tmp_path: Path, identities: Identities) -> None:
    message = pending()
    async with open_rig(tmp_path, identities, registry()) as rig:
        response = await send(rig, message, identities.supplier.api_key)
        (event,) = await rig.journal(1)
    assert response.status_code == 201
    assert response.json() == {
        "eventId": message["eventId"],
        "correlationId": message["correlationId"],
    }
    assert event.kind is Kind.CSS_MESSAGE
    assert (event.mpan, event.sender, event.details) == (MPAN, SUPPLIER, {"gainer": SUPPLIER})


async def test_the_switching_service_signs_as_the_dip(tmp_path: Path, identities: Identities) -> None:
    async with open_rig(tmp_path, identities, registry()) as rig:
        response = await rig.post(URL, orjson.dumps(pending()))
        (event,) = await rig.journal(1)
    assert response.status_code == 201
    assert event.sender == "CSS"


async def test_parties_of_the_harness_may_sign_others_may_not(tmp_path: Path, identities: Identities) -> None:
    async with open_rig(tmp_path, identities, registry()) as rig:
        assert (await rig.post(URL, orjson.dumps(pending()), identities.supplier)).status_code == 201
        await rig.context.directory.register(identities.outsider)
        assert (await rig.post(URL, orjson.dumps(pending()), identities.outsider)).status_code == 401
        assert (await send(rig, pending(), identities.outsider.api_key)).status_code == 201
        party = await rig.context.directory.party(OUTSIDER)
        assert party is not None
        assert not party.harness


async def test_an_event_sent_twice_is_handled_once(tmp_path: Path, identities: Identities) -> None:
    first, second = pending(), pending()
    async with open_rig(tmp_path, identities, registry()) as rig:
        for message in (first, first, second):
            assert (await send(rig, message, identities.supplier.api_key)).status_code == 201
        events = await rig.journal(2)
    assert len(events) == 2


@pytest.mark.parametrize(
    ("message", "key", "status", "words"),
    [
        (pending(), None, 401, "X-API-Key"),
        (pending(), "wrong", 401, "X-API-Key"),
        (b"{", "key of 2300000001", 400, "not JSON"),
        ([], "key of 2300000001", 400, "JSON object"),
        (pending(eventId=7), "key of 2300000001", 400, "eventId"),
        (pending(eventType="CSS99999"), "key of 2300000001", 400, "eventType"),
    ],
)
async def test_what_is_refused_is_explained_and_journalled(
    tmp_path: Path, identities: Identities, message: object, key: str | None, status: int, words: str
) -> None:
    async with open_rig(tmp_path, identities, registry()) as rig:
        response = await send(rig, message, key)
        (event,) = await rig.journal(1)
    assert response.status_code == status
    assert words in orjson.dumps(response.json()["problems"]).decode()
    assert event.kind is Kind.CSS_REFUSED
    assert event.details == {"status": status, "problems": response.json()["problems"]}
    assert event.sender == (SUPPLIER if status == 400 else None)


async def test_of_several_parties_the_one_addressed_or_named_gets_it(
    tmp_path: Path, identities: Identities
) -> None:
    played = (identities.regs, identities.supplier)
    async with open_rig(tmp_path, identities, registry(), played=played, start=False) as rig:
        key = identities.supplier.api_key
        assert (await send(rig, pending(), key)).status_code == 201
        assert (await send(rig, pending(), key, f"{URL}/{REGS}")).status_code == 201
        assert (await send(rig, pending("NONE"), key)).status_code == 404
        assert (await send(rig, pending(), key, f"{URL}/{OUTSIDER}")).status_code == 404
        async with rig.context.log.consume("test", ["inbox.registration"]) as subscription:
            records = await subscription.fetch()
    assert [orjson.loads(r.record.value)["to"] for r in records] == [SUPPLIER, REGS]


async def test_a_service_without_css_handlers_takes_none(tmp_path: Path, identities: Identities) -> None:
    async with open_rig(tmp_path, identities, HandlerRegistry(Heard)) as rig:
        assert (await send(rig, pending(), identities.supplier.api_key)).status_code == 404


async def test_a_body_above_the_limit(tmp_path: Path, identities: Identities) -> None:
    async with open_rig(tmp_path, identities, registry(), max_body_bytes=100) as rig:
        assert (await send(rig, pending(), identities.supplier.api_key)).status_code == 413
