"""Parties outside the harness take CSS messages at a callback of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
import pytest
import pytest_asyncio

from backbone.clock import uk_midnight
from backbone.journal import Kind
from contracts import css
from services.css_stub.app import build
from tests.integration.market.listener import listening
from tests.integration.market.market import REGS, SUPPLIER_A, SUPPLIER_B, Market, open_market

OUTSIDE_REGS = "2200000077"
CALLBACK = "http://harness.internal/css/callbacks"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def market(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Market]:
    """One market for all tests of the module: each has an MPAN of its own."""
    async with open_market(tmp_path_factory.mktemp("market")) as market:
        yield market


def switch_request(mpan: str, mpid: str = "SUPB") -> dict[str, Any]:
    now = datetime.now(UTC)
    return css.switch_request(
        mpan=mpan,
        supplier_mpid=mpid,
        supply_start_date=uk_midnight(now, 7),
        registration_reference="R1",
        now=now,
    )


async def put(market: Market, mpid: str, document: object, key: str) -> httpx.Response:
    content = orjson.dumps(document)
    return await market.http.put(f"{CALLBACK}/{mpid}", content=content, headers={"X-API-Key": key})


async def test_a_supplier_hears_of_its_pending_registration(market: Market) -> None:
    mpan, key = market.fresh_mpan(), market.identities[SUPPLIER_B].api_key
    await market.load(mpan)
    async with listening() as supplier:
        assert (await put(market, "SUPB", {"callbackURL": supplier.url}, key)).status_code == 200
        await market.post("/css/messages", switch_request(mpan), SUPPLIER_B)
        header = css.header(await supplier.next())
        removed = await market.http.delete(f"{CALLBACK}/SUPB", headers={"X-API-Key": key})

    assert (header.event_type, header.status, header.mpan) == ("CSS02800", "Pending", mpan)
    assert removed.status_code == 200
    told = await market.wait_for(mpan, Kind.CSS_MESSAGE, "CSS02800", recipient=SUPPLIER_B)
    assert told.details["callback"] == supplier.url
    await market.wait_for(mpan, Kind.DELIVERED, "PUB-002", recipient=SUPPLIER_B)


async def test_a_registration_service_of_a_participant_gets_the_pending_registration(market: Market) -> None:
    mpan = market.fresh_mpan()
    identity = replace(
        market.identities[SUPPLIER_A], dip_id=OUTSIDE_REGS, role="REGS", mpid="RGSZ", api_key="key of RGSZ"
    )
    certificate, key = market.context.authority.issue(OUTSIDE_REGS)
    identity = replace(identity, certificate_pem=certificate, private_key=key)
    await market.context.directory.register(identity, organisation="A participant", harness=False)
    await market.order("css_stub", "register_with", OUTSIDE_REGS, mpan, dipId=OUTSIDE_REGS)
    await market.wait_for(mpan, Kind.HARNESS_PREPARED, command="register_with")

    async with listening() as register:
        await put(market, "RGSZ", {"callbackURL": register.url}, identity.api_key)
        await market.post("/css/messages", switch_request(mpan), SUPPLIER_B)
        header = css.header(await register.next())

    assert (header.mpan, header.supplier_dip_id) == (mpan, SUPPLIER_B)
    told = await market.wait_for(mpan, Kind.CSS_MESSAGE, "CSS02800")
    assert told.recipient == OUTSIDE_REGS


async def test_a_callback_set_at_another_process_is_known_to_the_one_that_needs_it(market: Market) -> None:
    mpan, key = market.fresh_mpan(), market.identities[SUPPLIER_A].api_key
    await market.load(mpan, supplierDIPID=SUPPLIER_B, supplierMPID="SUPB")
    another = httpx.ASGITransport(app=build(market.context).app)
    async with listening() as supplier, httpx.AsyncClient(transport=another) as http:
        content = orjson.dumps({"callbackURL": supplier.url})
        headers = {"X-API-Key": key}
        assert (await http.put(f"{CALLBACK}/SUPA", content=content, headers=headers)).status_code == 200
        await market.post("/css/messages", switch_request(mpan, "SUPA"), SUPPLIER_A)
        assert css.header(await supplier.next()).mpan == mpan

        assert (await http.delete(f"{CALLBACK}/SUPA", headers=headers)).status_code == 200
        await market.order("css_stub", "registration_status", SUPPLIER_A, mpan, status="Confirmed")
        await market.wait_for(mpan, Kind.CSS_MESSAGE, "CSS02370", recipient=REGS)
    told = [event for event in await market.events(mpan) if event.recipient == SUPPLIER_A]
    assert "CSS02370" not in {event.interface for event in told}


@pytest.mark.parametrize("document", [None, {}, [], {"callbackURL": 1}, {"callbackURL": "ftp://x/y"}])
async def test_a_callback_must_be_a_url(market: Market, document: object) -> None:
    answer = await put(market, "SUPB", document, market.identities[SUPPLIER_B].api_key)
    assert answer.status_code == 400
    assert answer.json()["problems"][0]["pointer"] == "/callbackURL"


async def test_a_callback_cannot_be_the_harness_itself(market: Market) -> None:
    document = {"callbackURL": "http://harness.internal/registration/css/messages"}
    answer = await put(market, "SUPB", document, market.identities[SUPPLIER_B].api_key)
    assert answer.status_code == 400
    assert "your own system" in answer.json()["problems"][0]["message"]


async def test_nobody_sets_or_removes_the_callback_of_another(market: Market) -> None:
    key = market.identities[SUPPLIER_A].api_key
    assert (await put(market, "SUPB", {"callbackURL": "http://a.example/"}, key)).status_code == 401
    answer = await market.http.delete(f"{CALLBACK}/SUPB", headers={"X-API-Key": key})
    assert answer.status_code == 401


async def test_a_callback_that_is_not_there_cannot_be_removed(market: Market) -> None:
    key = market.identities[SUPPLIER_A].api_key
    answer = await market.http.delete(f"{CALLBACK}/SUPA", headers={"X-API-Key": key})
    assert answer.status_code == 404
