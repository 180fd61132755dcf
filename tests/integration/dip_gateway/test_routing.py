"""Routing against a running gateway: secondary recipients by MPAN, on both sides of a date; L2 failures."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from backbone.clock import uk_midnight
from backbone.journal import Kind
from contracts import envelope
from participant.wire import command_record
from services.dip_gateway.settings import GatewaySettings
from services.qualification.messages import codes_of_status
from tests.integration.dip_gateway.environment import (
    ADVANCED_DATA,
    DATA,
    DISTRIBUTOR,
    ENQUIRY,
    MARKET_WIDE,
    METERING,
    MPAN,
    OTHER_DATA,
    OTHER_SUPPLIER,
    REGISTRATION,
    SHAPING,
    SUPPLIER,
    Gateway,
    open_gateway,
)

EVERYONE = [SUPPLIER, OTHER_SUPPLIER, DATA, OTHER_DATA, METERING, DISTRIBUTOR, MARKET_WIDE, SHAPING, ENQUIRY]
ADDRESS = {f"addressLine{number}": None for number in range(1, 10)} | {"meteringPointPostcode": "AB1 2CD"}


def site(since: str) -> dict[str, Any]:
    """The parts of IF-036 that describe the site."""
    return {
        "B022": ADDRESS,
        "B023": {
            "connectionTypeIndicator": "W",
            "connectionTypeEffectiveFromDate": since,
            "energyDirection": "I",
            "meteredIndicator": True,
        },
        "B024": {"DUOSTariffID": "801", "DUOSTariffIDEffectiveFromDate": since},
        "B025": {"energisationStatus": "E", "energisationStatusEffectiveFromDate": since},
        "B026": {"marketSegmentIndicator": "S", "marketSegmentIndicatorEffectiveFromDate": since},
        "B028": {"domesticPremiseIndicator": True, "domesticPremiseIndicatorEffectiveFromDate": since},
        "B029": {"DCCServiceFlag": "A", "DCCEffectiveFromDate": since},
    }


async def appoint_data_service(gateway: Gateway, dip_id: str, supplier: str, since: datetime) -> None:
    """IF-036 [DSAppActive]"""
    at = since.isoformat()
    custom = site(at) | {
        "B012": {
            "serviceProviderAppointmentRequestingSupplierDIPID": supplier,
            "serviceProviderAppointmentRequestingSupplierMPID": "ABCD",
        },
        "B015": {
            "incomingDataServiceMPID": "ABCD",
            "incomingDataServiceDIPID": dip_id,
            "incomingDataServiceEffectiveFromDate": at,
            "contractReferenceDataService": None,
            "appointmentScenario": "COS",
            "traditionalFallBackReadFrequency": None,
        },
    }
    await send(gateway, REGISTRATION, "IF-036", "[DSAppActive]", custom)


async def send(gateway: Gateway, sender: str, interface: str, event: str, custom: Any, **more: Any) -> None:
    message = gateway.message(sender, interface, event, custom=custom, **more)
    if not custom:
        del message["payload"]["CustomBlock"]
    answer = await gateway.send(message, by=sender, channel=interface)
    assert answer.status_code == 201, answer.text


async def gain(gateway: Gateway, supplier: str, loser: str, since: datetime) -> None:
    """IF-001 [ChangeOfSupplier]"""
    at = since.isoformat()
    custom = site(at) | {
        "B013": {"CSSRegistrationID": "9f2f0a7c"},
        "B002": {
            "incomingSupplierDIPID": supplier,
            "incomingSupplierMPID": "ABCD",
            "supplierEffectiveFromDate": at,
        },
        "B003": {
            "outgoingSupplierDIPID": loser,
            "outgoingSupplierMPID": "ABCD",
            "supplierEffectiveToDate": at,
        },
        "B004": {"domesticPremiseIndicator": True, "domesticPremiseIndicatorEffectiveFromDate": at},
    }
    del custom["B028"]
    await send(gateway, REGISTRATION, "IF-001", "[ChangeOfSupplier]", custom, primary=[supplier])


async def consumption(gateway: Gateway, sender: str) -> None:
    """IF-021 [ActivePower]"""
    day = datetime.fromisoformat("2026-03-21T00:00:00+00:00")
    periods = [
        {"sp": (day + timedelta(minutes=30 * n)).isoformat(), "v": "0.125", "q": "A", "e": None, "arc": None}
        for n in range(1, 49)
    ]
    custom = {
        "B044": {"issuingDataServiceDIPID": sender},
        "B067": {
            "connectionTypeIndicator": "W",
            "connectionTypeEffectiveFromDate": "2026-01-01T00:00:00+00:00",
        },
        "B900": {
            "MQID": {"measurementQuantityID": "AI"},
            "settlementDayConsumptionPeriods": [
                {
                    "settlementDay": {"settlementDayDate": day.isoformat(), "periodDuration": 30},
                    "consumptionPeriods": periods,
                }
            ],
        },
    }
    await send(gateway, sender, "IF-021", "[ActivePower]", custom)


async def tariff(gateway: Gateway) -> None:
    """IF-018 [DUOSTariffIDChg]"""
    custom = {"B024": {"DUOSTariffID": "802", "DUOSTariffIDEffectiveFromDate": "2026-04-01T00:00:00+01:00"}}
    await send(gateway, REGISTRATION, "IF-018", "[DUOSTariffIDChg]", custom)


async def receivers_of(gateway: Gateway, publication: str, count: int) -> list[str]:
    """Who was addressed with the newest publication of this kind, which had so many recipients."""
    events = await gateway.events(Kind.ROUTED, Kind.ROUTING_FAILED, interface=publication, count=count)
    last = events[-1].transaction_id
    return sorted(event.recipient or "" for event in events if event.transaction_id == last)


async def test_an_mpan_changes_hands_on_a_date(tmp_path: Path) -> None:
    """IF-021, IF-018 and IF-036 reach exactly the right parties before and after."""
    async with open_gateway(tmp_path, listening=EVERYONE) as gateway:
        clock = gateway.context.clock
        past, future = uk_midnight(clock.now(), -30), uk_midnight(clock.now(), 5)
        await gain(gateway, SUPPLIER, OTHER_SUPPLIER, past)
        await appoint_data_service(gateway, DATA, SUPPLIER, past)
        first = await receivers_of(gateway, "PUB-036", 5)
        assert first == sorted([SUPPLIER, DATA, DISTRIBUTOR, MARKET_WIDE, ENQUIRY])
        await gain(gateway, OTHER_SUPPLIER, SUPPLIER, future)
        await appoint_data_service(gateway, OTHER_DATA, OTHER_SUPPLIER, future)
        second = await receivers_of(gateway, "PUB-036", 10)
        assert second == sorted([OTHER_SUPPLIER, OTHER_DATA, DISTRIBUTOR, MARKET_WIDE, ENQUIRY])

        await consumption(gateway, DATA)
        assert await receivers_of(gateway, "PUB-021", 4) == sorted(
            [SUPPLIER, DISTRIBUTOR, MARKET_WIDE, SHAPING]
        )
        await tariff(gateway)  # the coming supplier is told as well, the rule says so
        assert await receivers_of(gateway, "PUB-018", 6) == sorted(
            [SUPPLIER, OTHER_SUPPLIER, DATA, DISTRIBUTOR, MARKET_WIDE, ENQUIRY]
        )
        clock.advance(timedelta(days=6), MPAN)

        await consumption(gateway, OTHER_DATA)
        assert await receivers_of(gateway, "PUB-021", 8) == sorted(
            [OTHER_SUPPLIER, DISTRIBUTOR, MARKET_WIDE, SHAPING]
        )
        await tariff(gateway)
        assert await receivers_of(gateway, "PUB-018", 11) == sorted(
            [OTHER_SUPPLIER, OTHER_DATA, DISTRIBUTOR, MARKET_WIDE, ENQUIRY]
        )
        expected = [await receivers_of(gateway, "PUB-021", 8)]
        for dip_id in expected[0]:
            await gateway.receivers[dip_id].until(1)
        old = [envelope.header(m).publication for m in gateway.receivers[SUPPLIER].messages()]
        assert old.count("PUB-021") == 1


async def test_a_service_that_leaves_is_told_and_gets_nothing_after(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        past, yesterday = (
            uk_midnight(gateway.context.clock.now(), -30),
            uk_midnight(gateway.context.clock.now()),
        )
        await appoint_data_service(gateway, DATA, SUPPLIER, past)
        block = {
            "deAppointedDataServiceDIPID": DATA,
            "deAppointedDataServiceMPID": "ABCD",
            "dataServiceEffectiveFromDate": past.isoformat(),
            "dataServiceEffectiveToDate": yesterday.isoformat(),
            "deAppointmentReasonCode": "CSERV",
        }
        await send(gateway, REGISTRATION, "IF-037", "[DSDeApp]", {"B009": block})
        assert DATA in await receivers_of(gateway, "PUB-037", 4)
        await tariff(gateway)
        assert DATA not in await receivers_of(gateway, "PUB-018", 3)


async def test_holdings_can_be_loaded_and_looked_at(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        lines = [
            {"mpan": MPAN, "role": "SUP", "dipId": SUPPLIER},
            {"mpan": MPAN, "role": "SDS", "dipId": OTHER_DATA, "from": "2026-01-01T00:00:00+00:00"},
        ]
        answer = await gateway.http.post(f"{gateway.url}/api/holdings", json=lines)
        assert answer.status_code == 201
        told = await gateway.http.get(f"{gateway.url}/api/holdings/{MPAN}")
        assert [line["dipId"] for line in told.json()["holdings"]] == [OTHER_DATA, SUPPLIER]
        await tariff(gateway)
        found = await receivers_of(gateway, "PUB-018", 5)
        assert {SUPPLIER, OTHER_DATA} <= set(found)


async def test_holdings_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        for body in (b"nonsense", b'{"mpan":"1"}', b'[{"mpan":"2000056535971","role":"SUP","dipId":"1"}]'):
            answer = await gateway.http.post(f"{gateway.url}/api/holdings", content=body)
            assert answer.status_code == 400


async def failure(gateway: Gateway, receiver: str) -> tuple[str, Any]:
    """The code of the routing failure and the status entry that told the sender."""
    [event] = await gateway.events(Kind.ROUTING_FAILED)
    [entry] = await gateway.receivers[receiver].until(1)
    assert entry["transactionID"] == event.transaction_id
    assert entry["message"].startswith(event.codes[0])
    [told] = await gateway.events(Kind.DELIVERED, interface="STATUS")  # as a scenario's STATUS step reads it
    assert (told.recipient, told.mpan, told.transaction_id) == (receiver, MPAN, event.transaction_id)
    assert codes_of_status(told) == event.codes
    return event.codes[0], entry


async def to_supplier(gateway: Gateway, primary: list[str]) -> None:
    """IF-032 [MSAppInitialResp]: to whom the registration service chooses."""
    response = envelope.ResponseBlock("A", ("REG0000",))
    custom = gateway.message()["payload"]["CustomBlock"]
    await send(
        gateway, REGISTRATION, "IF-032", "[MSAppInitialResp]", custom, primary=primary, response=response
    )


async def test_msg1030_no_recipient(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        await to_supplier(gateway, [])
        code, entry = await failure(gateway, REGISTRATION)
        assert code == "MSG1030"
        assert "A0.primaryRecipients" in entry["help"]


async def test_msg1031_primary_recipient_not_registered(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        await to_supplier(gateway, ["2399999999"])
        assert (await failure(gateway, REGISTRATION))[0] == "MSG1031"


async def test_msg1032_primary_recipient_of_the_wrong_role(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        await to_supplier(gateway, [METERING])
        assert (await failure(gateway, REGISTRATION))[0] == "MSG1032"


async def test_msg1033_holder_not_registered(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        await gateway.http.post(
            f"{gateway.url}/api/holdings", json={"mpan": MPAN, "role": "SUP", "dipId": "2399999999"}
        )
        await tariff(gateway)
        assert (await failure(gateway, REGISTRATION))[0] == "MSG1033"


async def test_msg1034_holder_of_another_role(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        await gateway.http.post(
            f"{gateway.url}/api/holdings", json={"mpan": MPAN, "role": "SUP", "dipId": METERING}
        )
        await tariff(gateway)
        assert (await failure(gateway, REGISTRATION))[0] == "MSG1034"


async def test_msg1035_always_recipient_not_registered(tmp_path: Path) -> None:
    settings = GatewaySettings(always_recipients={"MDS": ["1799999999"]})
    async with open_gateway(tmp_path, settings, listening=[REGISTRATION]) as gateway:
        await tariff(gateway)
        assert (await failure(gateway, REGISTRATION))[0] == "MSG1035"


async def test_msg1036_always_recipient_of_another_role(tmp_path: Path) -> None:
    settings = GatewaySettings(always_recipients={"MDS": [METERING]})
    async with open_gateway(tmp_path, settings, listening=[REGISTRATION]) as gateway:
        await tariff(gateway)
        assert (await failure(gateway, REGISTRATION))[0] == "MSG1036"


async def test_msg1038_nobody_holds_the_role(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[METERING]) as gateway:
        custom = {
            "B040": {
                "failureEnergiseDeEnergiseReasonCode": "01",
                "siteVisitCheckCode": None,
                "natureofMaintenanceEnergisationStatus": None,
                "additionalInformationSiteVisit": None,
            }
        }
        await send(gateway, METERING, "IF-007", "[EnergisationStatusFailure]", custom)
        code, entry = await failure(gateway, METERING)
        assert code == "MSG1038"
        assert MPAN in entry["help"]


async def test_past_consumption_is_replayed_to_the_data_service_that_asks(tmp_path: Path) -> None:
    """IF-015 is for the DIP itself; PUB-016 is its answer."""
    async with open_gateway(tmp_path, listening=[ADVANCED_DATA]) as gateway:
        await consumption(gateway, DATA)
        await gateway.events(Kind.HELD, interface="PUB-021", count=3)
        await send(gateway, ADVANCED_DATA, "IF-015", "[ConsumptionReplay]", {})
        [message] = await gateway.receivers[ADVANCED_DATA].until(1)
        header = envelope.header(message)
        assert (header.publication, header.event, header.sender) == ("PUB-016", "[ActivePower]", "1000000000")
        assert message["payload"]["CommonBlock"]["S2"]["senderDIPID"] == DATA


async def test_a_recipient_that_is_not_to_see_a_value_gets_it_masked(tmp_path: Path) -> None:
    settings = GatewaySettings(obfuscate={"IF-008": ["LDSO"]})
    async with open_gateway(tmp_path, settings, listening=[DISTRIBUTOR, MARKET_WIDE]) as gateway:
        custom = {
            "B025": {
                "energisationStatus": "E",
                "energisationStatusEffectiveFromDate": "2026-03-21T00:00:00+00:00",
            }
        }
        response = envelope.ResponseBlock("A", ())
        await send(gateway, REGISTRATION, "IF-008", "[EnergisationStatusChange]", custom, response=response)
        [masked] = await gateway.receivers[DISTRIBUTOR].until(1)
        [plain] = await gateway.receivers[MARKET_WIDE].until(1)
        assert envelope.header(masked).response_code == "x"
        assert envelope.header(plain).response_code == "A"


async def test_what_the_harness_loads_for_registration_counts_for_routing(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        site = {"distributorDIPID": DISTRIBUTOR, "supplierDIPID": OTHER_SUPPLIER, "dataServiceDIPID": DATA}
        command = command_record(
            "registration",
            "load_mpan",
            to=REGISTRATION,
            mpan=MPAN,
            run="r",
            id="i",
            arguments={"siteData": site},
        )
        await gateway.context.log.append([command])
        [confirmed] = await gateway.events(Kind.HARNESS_PREPARED, run="r")
        assert (confirmed.service, confirmed.mpan) == ("dip_gateway", MPAN)
        assert confirmed.details == {"command": "load_mpan"}
        await tariff(gateway)
        assert {OTHER_SUPPLIER, DATA, DISTRIBUTOR} <= set(await receivers_of(gateway, "PUB-018", 5))
