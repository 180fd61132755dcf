"""Orders of scenarios, from the log through the real gateway to the journal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
import pytest_asyncio

from backbone.clock import uk_midnight
from backbone.journal import JournalEvent, Kind
from contracts import css, envelope
from tests.integration.market.market import (
    LDSO,
    MSS_A,
    REGS,
    SDS_A,
    SUPPLIER_A,
    SUPPLIER_B,
    Market,
    open_market,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")
TODAY = datetime.now(UTC)
ENERGISED = {
    "B025": {
        "energisationStatus": "D",
        "energisationStatusEffectiveFromDate": envelope.timestamp(uk_midnight(TODAY)),
    }
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def market(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Market]:
    async with open_market(tmp_path_factory.mktemp("market")) as market:
        yield market


@pytest_asyncio.fixture(loop_scope="module")
async def mpan(market: Market) -> str:
    mpan = market.fresh_mpan()
    await market.load(mpan)
    return mpan


def message(event: JournalEvent) -> Any:
    assert event.body is not None
    document = orjson.loads(event.body)
    return document[0] if isinstance(document, list) else document


async def ordered(market: Market, service: str, name: str, to: str, mpan: str, **arguments: Any) -> None:
    """Give an order and wait until it is carried out."""
    await market.order(service, name, to, mpan, **arguments)
    await market.wait_for(mpan, Kind.HARNESS_PREPARED, command=name)


async def deenergise(market: Market, mpan: str, **arguments: Any) -> None:
    order = {"interface": "IF-007", "event": "[EnergisationStatusChange]", "blocks": ENERGISED} | arguments
    await market.order("metering_service_stub", "send", MSS_A, mpan, **order)


async def test_a_metering_service_sends_what_it_is_ordered_to(market: Market, mpan: str) -> None:
    await deenergise(market, mpan)
    sent = await market.wait_for(mpan, Kind.ACCEPTED, "IF-007")
    assert envelope.custom(message(sent)) == ENERGISED
    told = await market.wait_for(mpan, Kind.DELIVERED, "PUB-008", recipient=SUPPLIER_A)
    assert envelope.header(message(told)).response_code == "A"


async def test_a_message_that_may_be_refused_is_no_fault_of_the_harness(market: Market, mpan: str) -> None:
    wrong = {"/payload/CommonBlock/S1/senderDIPID": SUPPLIER_A}
    await deenergise(market, mpan, fields=wrong, mayBeRefused=True)
    refused = await market.wait_for(mpan, Kind.REFUSED)
    assert (refused.codes, refused.sender) == (("MSG1009",), MSS_A)
    await deenergise(market, mpan)
    await market.wait_for(mpan, Kind.ACCEPTED, "IF-007")
    assert [e for e in await market.events(mpan) if e.kind is Kind.SERVICE_FAULT] == []


async def test_a_message_that_should_have_been_taken_is_a_fault(market: Market, mpan: str) -> None:
    await deenergise(market, mpan, fields={"/payload/CommonBlock/S1/senderDIPID": SUPPLIER_A})
    fault = await market.wait_for(mpan, Kind.SERVICE_FAULT)
    assert fault.details["reason"] == "refused"


async def test_a_batch_goes_in_one_request_and_is_taken_or_refused_whole(market: Market, mpan: str) -> None:
    good = {"interface": "IF-007", "event": "[EnergisationStatusChange]", "blocks": ENERGISED}
    bad = good | {"blocks": {"B025": {"energisationStatus": "X"}}}
    await market.order(
        "metering_service_stub", "send_batch", MSS_A, mpan, messages=[good, bad], mayBeRefused=True
    )
    await market.wait_for(mpan, Kind.REFUSED, "IF-007")
    await market.order("metering_service_stub", "send_batch", MSS_A, mpan, messages=[good, good])
    await market.wait_for(mpan, Kind.DELIVERED, "PUB-008", recipient=SUPPLIER_A)
    accepted = [e for e in await market.events(mpan) if e.kind is Kind.ACCEPTED and e.interface == "IF-007"]
    assert len({event.reference for event in accepted}) == 2


async def test_a_days_consumption_reaches_supplier_distributor_and_settlement(
    market: Market, mpan: str
) -> None:
    day = envelope.timestamp(uk_midnight(TODAY, -2))
    await market.order("data_service_stub", "send_consumption", SDS_A, mpan, ukDay=day)
    for recipient in (SUPPLIER_A, LDSO, "1700000001", "1800000001"):
        await market.wait_for(mpan, Kind.DELIVERED, "PUB-021", recipient=recipient)
    sent = await market.wait_for(mpan, Kind.ACCEPTED, "IF-021")
    assert envelope.custom(message(sent))["B044"] == {"issuingDataServiceDIPID": SDS_A}


async def test_given_a_run_that_ends_in_an_outage_then_the_outage_ends_with_it(
    market: Market, mpan: str
) -> None:
    await ordered(market, "dip_gateway", "fault", SUPPLIER_A, mpan, fault="outage", hours=72)
    await deenergise(market, mpan)
    await market.wait_for(mpan, Kind.ROUTED, "PUB-008", recipient=SUPPLIER_A)
    await ordered(market, "dip_gateway", "run_ended", "", mpan)
    await market.wait_for(mpan, Kind.DELIVERED, "PUB-008", recipient=SUPPLIER_A)


async def test_settlement_rejects_consumption_that_is_negative(market: Market, mpan: str) -> None:
    day = envelope.timestamp(uk_midnight(TODAY, -2))
    await market.order("data_service_stub", "send_consumption", SDS_A, mpan, day=day, consumption="-1.000")
    rejected = await market.wait_for(mpan, Kind.DELIVERED, "PUB-014", recipient=SDS_A)
    assert envelope.header(message(rejected)).response_messages[0].startswith("ECS1010")


async def test_a_new_meter_and_a_new_tariff_reach_supplier_and_enquiry_service(
    market: Market, mpan: str
) -> None:
    removal = {
        "meterIDRemoved": "K12B34567",
        "meterRemovalDate": envelope.timestamp(uk_midnight(TODAY)),
    }
    order = {"interface": "IF-005", "event": "[MeterRemoval]", "blocks": {"B039": removal}}
    await market.order("metering_service_stub", "send", MSS_A, mpan, **order)
    for recipient in (SUPPLIER_A, "1900000001"):
        told = await market.wait_for(mpan, Kind.DELIVERED, "PUB-006", recipient=recipient)
        assert envelope.header(message(told)).response_code == "A"
    tariff = {"event": "[DUOSTariffIDChg]", "siteData": {"DUOSTariffID": "802"}}
    since = envelope.timestamp(uk_midnight(TODAY))
    await market.order("registration", "change_site", REGS, mpan, effectiveFrom=since, **tariff)
    for recipient in (SUPPLIER_A, "1900000001"):
        told = await market.wait_for(mpan, Kind.DELIVERED, "PUB-018", recipient=recipient)
        assert envelope.custom(message(told))["B024"]["DUOSTariffID"] == "802"


async def test_a_registration_service_that_stands_back_answers_nothing(market: Market, mpan: str) -> None:
    await ordered(market, "registration", "stand_back", REGS, mpan, interfaces=["IF-008"])
    await deenergise(market, mpan)
    await market.wait_for(mpan, Kind.DELIVERED, "PUB-007", recipient=REGS)
    await market.order("registration", "stand_back", REGS, mpan, silent=False)
    block = ENERGISED["B025"] | {"energisationStatus": "E"}
    await deenergise(market, mpan, blocks={"B025": block})
    told = await market.wait_for(mpan, Kind.ACCEPTED, "IF-008")
    assert envelope.custom(message(told))["B025"]["energisationStatus"] == "E"


async def test_css_can_keep_a_switch_to_itself(market: Market, mpan: str) -> None:
    await ordered(market, "css_stub", "stand_back", REGS, mpan)
    request = css.switch_request(
        mpan=mpan,
        supplier_mpid="SUPB",
        supply_start_date=uk_midnight(TODAY, 7),
        registration_reference="R",
        now=TODAY,
    )
    await market.order("css_stub", "inject", SUPPLIER_B, mpan, message=request)
    await market.wait_for(mpan, Kind.CSS_MESSAGE, "CSS01700")
    await market.order("css_stub", "stand_back", REGS, mpan, silent=False)
    await market.order("css_stub", "registration_status", REGS, mpan, status="Confirmed")
    status = await market.wait_for(mpan, Kind.CSS_REFUSED, "CSS02370")
    assert "no switch" in status.details["problems"][0]


async def test_a_webhook_is_taken_to_answer_500_once_and_is_tried_again(market: Market, mpan: str) -> None:
    await ordered(
        market,
        "dip_gateway",
        "fault",
        SUPPLIER_A,
        mpan,
        fault="answer",
        status=500,
        times=1,
        interface="IF-008",
    )
    await deenergise(market, mpan)
    attempted = await market.wait_for(mpan, Kind.DELIVERY_ATTEMPTED, "PUB-008", recipient=SUPPLIER_A)
    assert attempted.details["status"] == 500
    await market.wait_for(mpan, Kind.DELIVERED, "PUB-008", recipient=SUPPLIER_A)
    injected = await market.wait_for(mpan, Kind.FAULT_INJECTED)
    assert (injected.run, injected.details["fault"]) == ("run-1", "answer")


async def test_an_outage_of_one_mpan_holds_up_no_other_and_ends_when_told(market: Market, mpan: str) -> None:
    await ordered(market, "dip_gateway", "fault", SUPPLIER_A, mpan, fault="outage", hours=72)
    await deenergise(market, mpan)
    await market.wait_for(mpan, Kind.DELIVERED, "PUB-008", recipient=MSS_A)
    other = market.fresh_mpan()
    await market.load(other)
    await deenergise(market, other)
    await market.wait_for(other, Kind.DELIVERED, "PUB-008", recipient=SUPPLIER_A)
    had = [e for e in await market.events(mpan) if (e.kind, e.recipient) == (Kind.DELIVERED, SUPPLIER_A)]
    assert had == []
    await market.order("dip_gateway", "end_fault", SUPPLIER_A, mpan)
    await market.wait_for(mpan, Kind.DELIVERED, "PUB-008", recipient=SUPPLIER_A)


async def test_what_was_delivered_is_delivered_again_marked_as_replayed(market: Market, mpan: str) -> None:
    await deenergise(market, mpan)
    await market.wait_for(mpan, Kind.DELIVERED, "PUB-008", recipient=SUPPLIER_A)
    await market.order(
        "dip_gateway",
        "deliver_again",
        SUPPLIER_A,
        mpan,
        interface="IF-008",
        event="[EnergisationStatusChange]",
    )
    await market.wait_for(mpan, Kind.HARNESS_PREPARED, command="deliver_again")

    async def deliveries() -> list[JournalEvent]:
        wanted = (Kind.DELIVERED, "PUB-008", SUPPLIER_A)
        return [e for e in await market.events(mpan) if (e.kind, e.interface, e.recipient) == wanted]

    seen = 0
    while len(found := await deliveries()) < 2:
        seen = await market.context.index.wait(seen, 5.0)
    assert [envelope.header(message(event)).replay for event in found] == [False, True]


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("deliver_again", {"interface": "IF-099"}, "had no such publication"),
        ("deliver_again", {"publication": "PUB-008"}, "not publication"),
        ("end_fault", {}, "no fault"),
        ("fault", {"fault": "earthquake"}, "fault"),
        ("explode", {}, "takes no order explode"),
    ],
)
async def test_an_order_that_cannot_be_carried_out_is_the_harness_own_fault(
    market: Market, mpan: str, name: str, arguments: dict[str, Any], words: str
) -> None:
    await market.order("dip_gateway", name, SUPPLIER_A, mpan, **arguments)
    fault = await market.wait_for(mpan, Kind.SERVICE_FAULT)
    assert words in fault.details["fault"]
