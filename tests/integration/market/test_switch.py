"""A change of supplier through the real gateway, message by message."""

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
from contracts.envelope import MpanBlock, Sender
from participant.client import Answer, DipClient
from tests.integration.market.market import (
    LDSO,
    MSS_A,
    MSS_B,
    REGS,
    SUPPLIER_A,
    SUPPLIER_B,
    Market,
    open_market,
)

TODAY = datetime.now(UTC)  # once: a test that runs over midnight means the same days all through
SUPPLY_START = uk_midnight(TODAY, 7)
APPOINTMENT = {"kind": "MS", "dipId": MSS_B, "mpid": "MSSB", "contractReference": "C-1"}


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def market(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Market]:
    """One market for all tests of the module: each has an MPAN of its own."""
    async with open_market(tmp_path_factory.mktemp("market")) as market:
        yield market


def message(event: JournalEvent) -> object:
    assert event.body is not None
    document = orjson.loads(event.body)
    return document[0] if isinstance(document, list) else document


async def plan(market: Market, mpan: str, **appointment: str) -> None:
    await market.order(
        "supplier_stub",
        "plan",
        SUPPLIER_B,
        mpan,
        supplyStartDate=SUPPLY_START.isoformat(),
        appointments=[APPOINTMENT | appointment],
    )


async def test_the_headline_scenario_flows_by_itself(market: Market) -> None:
    mpan = market.fresh_mpan()
    await market.load(mpan)
    await plan(market, mpan)
    await market.order("supplier_stub", "request_switch", SUPPLIER_B, mpan)

    request = await market.wait_for(mpan, Kind.CSS_MESSAGE, "CSS01700")
    pending = await market.wait_for(mpan, Kind.CSS_MESSAGE, "CSS02800")
    assert (request.sender, request.recipient) == (SUPPLIER_B, "CSS")
    assert (pending.sender, pending.recipient) == ("CSS", REGS)
    registration_id = css.header(message(pending)).registration_id

    await market.wait_for(mpan, Kind.ACCEPTED, "IF-002")
    site = await market.wait_for(mpan, Kind.DELIVERED, "PUB-002", recipient=SUPPLIER_B)
    assert envelope.custom(message(site))["B013"] == {"CSSRegistrationID": registration_id}

    await market.wait_for(mpan, Kind.ACCEPTED, "IF-031")
    await market.wait_for(mpan, Kind.DELIVERED, "PUB-031", recipient=REGS)
    answer = await market.wait_for(mpan, Kind.DELIVERED, "PUB-032", recipient=SUPPLIER_B)
    assert envelope.header(message(answer)).response_code == "A"

    await market.wait_for(mpan, Kind.DELIVERED, "PUB-033", recipient=MSS_B)
    await market.wait_for(mpan, Kind.DELIVERED, "PUB-034", recipient=REGS)
    await market.wait_for(mpan, Kind.DELIVERED, "PUB-035", recipient=SUPPLIER_B)
    await market.wait_for(mpan, Kind.DELIVERED, "PUB-035", recipient=MSS_B)
    await market.wait_for(mpan, Kind.DELIVERED, "PUB-035", recipient=MSS_A, event_code="[IMS-SendMTD]")
    assert [event.kind for event in await market.events(mpan) if event.kind is Kind.REFUSED] == []


def switch_request(mpan: str, mpid: str = "SUPB", days: int = 7) -> dict[str, Any]:
    now = datetime.now(UTC)
    return css.switch_request(
        mpan=mpan,
        supplier_mpid=mpid,
        supply_start_date=uk_midnight(TODAY, days),
        registration_reference="R1",
        now=now,
    )


async def appoint(market: Market, mpan: str, registration_id: str | None) -> Answer:
    """IF-031 [MSApp], as a supplier's own system sends it."""
    block = {
        "proposedMeteringServiceDIPID": MSS_B,
        "proposedMeteringServiceMPID": "MSSB",
        "proposedMeteringServiceDIPEffectiveFromDate": envelope.timestamp(SUPPLY_START),
        "contractReferenceMeteringService": None,
        "appointmentScenario": "COS",
    }
    registration = {"B013": {"CSSRegistrationID": registration_id}} if registration_id else {}
    document = envelope.build(
        "IF-031",
        "[MSApp]",
        sender=Sender(SUPPLIER_B, "SUP"),
        now=datetime.now(UTC),
        custom={**registration, "B070": block},
        mpan=MpanBlock(mpan, LDSO, "_A"),
    )
    client = DipClient(market.identities[SUPPLIER_B], market.http, market.context.clock)
    return await client.send([document])


async def answer_to(market: Market, mpan: str) -> envelope.Header:
    answer = await market.wait_for(mpan, Kind.DELIVERED, "PUB-032", recipient=SUPPLIER_B)
    return envelope.header(message(answer))


async def test_a_wrong_registration_is_rejected_by_the_registration_service(market: Market) -> None:
    mpan = market.fresh_mpan()
    await market.load(mpan)
    await plan(market, mpan, registrationId="no-such-registration", mpid="MSSA")
    await market.order("supplier_stub", "request_switch", SUPPLIER_B, mpan)

    header = await answer_to(market, mpan)
    assert header.response_code == "R"
    assert [text[:7] for text in header.response_messages] == ["REG0005", "REG1090"]


async def test_a_request_about_an_unknown_mpan_gets_reg0000(market: Market) -> None:
    mpan = market.fresh_mpan()
    assert (await appoint(market, mpan, "any")).status == 201

    header = await answer_to(market, mpan)
    assert header.response_messages == ("REG0000 - MPAN Invalid or does not exist",)
    request = await market.wait_for(mpan, Kind.ACCEPTED, "IF-031")
    assert header.correlation_id == request.correlation_id


async def test_a_switch_request_sent_on_a_suppliers_behalf(market: Market) -> None:
    mpan = market.fresh_mpan()
    await market.load(mpan)
    await market.order("css_stub", "inject", SUPPLIER_B, mpan, message=switch_request(mpan))

    request = await market.wait_for(mpan, Kind.CSS_MESSAGE, "CSS01700")
    assert request.details["onBehalfOf"] == SUPPLIER_B
    assert request.run == "run-1"
    await market.wait_for(mpan, Kind.DELIVERED, "PUB-002", recipient=SUPPLIER_B)


async def test_a_supplier_posts_its_switch_request_and_appoints_by_itself(market: Market) -> None:
    mpan = market.fresh_mpan()
    await market.load(mpan)

    answer = await market.post("/css/messages", switch_request(mpan), SUPPLIER_B)
    assert (answer.status_code, set(answer.json())) == (201, {"eventId", "correlationId"})
    site = await market.wait_for(mpan, Kind.DELIVERED, "PUB-002", recipient=SUPPLIER_B)
    registration_id = envelope.custom(message(site))["B013"]["CSSRegistrationID"]
    await appoint(market, mpan, registration_id)
    assert (await answer_to(market, mpan)).response_code == "A"


async def test_a_switch_request_that_css_refuses_is_answered_with_every_problem(market: Market) -> None:
    mpan = market.fresh_mpan()
    answer = await market.post("/css/messages", switch_request(mpan, "SUPA", 40), SUPPLIER_B)

    assert answer.status_code == 400
    pointers = [problem["pointer"] for problem in answer.json()["problems"]]
    assert pointers == ["/data/supplierMpid", "/data/supplyStartDate"]
    refusal = await market.wait_for(mpan, Kind.CSS_REFUSED, "CSS01700")
    assert (refusal.sender, refusal.recipient) == (SUPPLIER_B, "CSS")
    assert refusal.details["status"] == 400


@pytest.mark.parametrize(("key", "words"), [("", "X-API-Key"), ("wrong", "X-API-Key")])
async def test_css_takes_nothing_without_the_right_key(market: Market, key: str, words: str) -> None:
    answer = await market.http.post(
        "http://harness.internal/css/messages", content=b"{}", headers={"X-API-Key": key}
    )
    assert answer.status_code == 401
    assert words in answer.json()["problems"][0]["message"]


async def test_only_suppliers_ask_for_switches(market: Market) -> None:
    mpan = market.fresh_mpan()
    answer = await market.post("/css/messages", switch_request(mpan), MSS_A)
    assert answer.status_code == 401
    assert "supplier" in answer.json()["problems"][0]["message"]


async def test_what_is_no_json_is_refused(market: Market) -> None:
    headers = {"X-API-Key": market.identities[SUPPLIER_B].api_key}
    url = "http://harness.internal/css/messages"
    answer = await market.http.post(url, content=b"{no json", headers=headers)
    assert answer.status_code == 400
    assert "JSON" in answer.json()["problems"][0]["message"]


async def test_a_second_switch_of_the_same_mpan_is_refused_in_the_journal(market: Market) -> None:
    mpan = market.fresh_mpan()
    await market.load(mpan)
    await market.post("/css/messages", switch_request(mpan), SUPPLIER_B)
    await market.post("/css/messages", switch_request(mpan, "SUPA"), SUPPLIER_A)

    refusal = await market.wait_for(mpan, Kind.CSS_REFUSED)
    assert "under way" in refusal.details["problems"][0]


async def test_a_metering_service_that_refuses_is_told_to_the_supplier(market: Market) -> None:
    mpan = market.fresh_mpan()
    await market.load(mpan)
    await market.order("metering_service_stub", "answer_with", MSS_B, mpan, code="SP004")
    await market.wait_for(mpan, Kind.HARNESS_PREPARED, command="answer_with")
    await plan(market, mpan)
    await market.order("supplier_stub", "request_switch", SUPPLIER_B, mpan)

    told = await market.wait_for(mpan, Kind.DELIVERED, "PUB-035", recipient=SUPPLIER_B)
    block = envelope.custom(message(told))["B007"]
    assert (block["responseCode"], block["proposedAppointmentResponseCode"][:5]) == ("R", "SP004")


async def test_site_data_that_cannot_be_used_is_a_fault_of_the_harness(market: Market) -> None:
    mpan = market.fresh_mpan()
    await market.order("registration", "load_mpan", REGS, mpan, siteData={"nonsense": True})
    fault = await market.wait_for(mpan, Kind.SERVICE_FAULT)
    assert "nonsense" in fault.details["fault"]
