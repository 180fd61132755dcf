"""After the appointment: CSS secures the switch, by order or in time, and everybody who serves the metering
point is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from backbone.clock import uk_midnight
from backbone.journal import Kind
from tests.integration.market.market import (
    LDSO,
    MSS_A,
    MSS_B,
    REGS,
    SDS_A,
    SDS_B,
    SUPPLIER_B,
    Market,
    open_market,
)

MDS, EES = "1700000001", "1900000001"
START = uk_midnight(datetime.now(UTC), 7).isoformat()
APPOINTMENTS = (
    {"kind": "MS", "dipId": MSS_B, "mpid": "MSSB"},
    {"kind": "DS", "dipId": SDS_B, "mpid": "SDSB"},
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def market(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Market]:
    """One market for all tests of the module: each has an MPAN of its own."""
    async with open_market(tmp_path_factory.mktemp("market")) as market:
        yield market


async def appointed(market: Market, mpan: str) -> None:
    """A pending switch whose metering and data service have accepted."""
    await market.load(mpan)
    await market.order(
        "supplier_stub", "plan", SUPPLIER_B, mpan, supplyStartDate=START, appointments=list(APPOINTMENTS)
    )
    await market.order("supplier_stub", "request_switch", SUPPLIER_B, mpan)
    for event in ("[MSAppAccepted]", "[DSAppAccepted]"):
        await market.wait_for(mpan, Kind.DELIVERED, "PUB-035", recipient=SUPPLIER_B, event_code=event)


async def test_a_secured_switch_is_announced_to_everybody(market: Market) -> None:
    mpan = market.fresh_mpan()
    await appointed(market, mpan)
    await market.order("css_stub", "registration_status", SUPPLIER_B, mpan, status="SecuredActive")

    status = await market.wait_for(mpan, Kind.CSS_MESSAGE, "CSS02370")
    assert (status.sender, status.recipient) == ("CSS", REGS)
    for recipient in (SUPPLIER_B, LDSO, MDS):
        await market.wait_for(mpan, Kind.DELIVERED, "PUB-001", recipient=recipient)
    for recipient in (MDS, EES, LDSO):
        for event in ("[MSAppActive]", "[DSAppActive]"):
            await market.wait_for(mpan, Kind.DELIVERED, "PUB-036", recipient=recipient, event_code=event)
    await market.wait_for(mpan, Kind.DELIVERED, "PUB-037", recipient=MDS, event_code="[MSDeApp]")
    await market.wait_for(mpan, Kind.DELIVERED, "PUB-037", recipient=MDS, event_code="[DSDeApp]")
    refused = [event.details for event in await market.events(mpan) if event.kind is Kind.REFUSED]
    assert refused == []


async def test_services_hear_of_their_beginning_and_their_end(market: Market) -> None:
    mpan = market.fresh_mpan()
    await appointed(market, mpan)
    await market.order("css_stub", "registration_status", SUPPLIER_B, mpan, status="SecuredActive")

    await market.wait_for(mpan, Kind.DELIVERED, "PUB-036", recipient=MSS_B, event_code="[MSAppActive]")
    await market.wait_for(mpan, Kind.DELIVERED, "PUB-036", recipient=SDS_B, event_code="[DSAppActive]")
    await market.wait_for(mpan, Kind.DELIVERED, "PUB-037", recipient=MSS_A, event_code="[MSDeApp]")
    await market.wait_for(mpan, Kind.DELIVERED, "PUB-037", recipient=SDS_A, event_code="[DSDeApp]")


@pytest.mark.parametrize("days", [7, 9], ids=["on the day", "the weekend after"])
async def test_given_its_supply_start_date_a_switch_happens_by_itself(market: Market, days: int) -> None:
    mpan = market.fresh_mpan()
    await appointed(market, mpan)
    market.context.clock.advance(timedelta(days=days), mpan)

    await market.wait_for(mpan, Kind.CSS_MESSAGE, "CSS02370")
    await market.wait_for(mpan, Kind.DELIVERED, "PUB-001", recipient=SUPPLIER_B)
    for event in ("[MSAppActive]", "[DSAppActive]"):
        await market.wait_for(mpan, Kind.DELIVERED, "PUB-036", recipient=MDS, event_code=event)
    for event in ("[MSDeApp]", "[DSDeApp]"):
        await market.wait_for(mpan, Kind.DELIVERED, "PUB-037", recipient=MDS, event_code=event)
    assert "[MSAppLapsed]" not in {event.event_code for event in await market.events(mpan)}


async def test_given_its_supply_start_date_a_secured_switch_ends_what_nobody_appointed(
    market: Market,
) -> None:
    mpan = market.fresh_mpan()
    await market.load(mpan)
    await market.order("supplier_stub", "request_switch", SUPPLIER_B, mpan, supplyStartDate=START)
    await market.wait_for(mpan, Kind.DELIVERED, "PUB-002", recipient=SUPPLIER_B)
    await market.order("css_stub", "registration_status", SUPPLIER_B, mpan, status="SecuredActive")
    await market.wait_for(mpan, Kind.DELIVERED, "PUB-001", recipient=SUPPLIER_B)
    market.context.clock.advance(timedelta(days=7), mpan)

    for event in ("[MSDeApp]", "[DSDeApp]"):
        await market.wait_for(mpan, Kind.DELIVERED, "PUB-037", recipient=MDS, event_code=event)
    for event in ("[NoMSAppointed]", "[NoDSAppointed]"):
        await market.wait_for(mpan, Kind.DELIVERED, "PUB-045", recipient=SUPPLIER_B, event_code=event)


async def test_a_request_whose_switch_was_not_secured_in_time_lapses(market: Market) -> None:
    mpan = market.fresh_mpan()
    await appointed(market, mpan)
    await market.order("css_stub", "hold", SUPPLIER_B, mpan)
    await market.wait_for(mpan, Kind.HARNESS_PREPARED, command="hold")
    market.context.clock.advance(timedelta(days=9), mpan)

    for recipient in (SUPPLIER_B, MSS_B):
        await market.wait_for(
            mpan, Kind.DELIVERED, "PUB-035", recipient=recipient, event_code="[MSAppLapsed]"
        )
