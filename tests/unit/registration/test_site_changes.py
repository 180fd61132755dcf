"""What distributor and CSS maintain: the register holds it and announces it. IF-040 it only holds."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from backbone.clock import uk_midnight
from contracts.envelope import Sender
from services.registration.register import uk_stamp
from services.registration.site_changes import KINDS
from tests.unit.messages import NOW, checked, custom_block, sent
from tests.unit.registration.given import (
    REGS,
    after,
    assert_valid,
    command,
    metering_point,
    names,
    pending,
    publication,
    tell,
)

SINCE = uk_stamp(uk_midnight(NOW, 2))
CHANGES: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "[AddressChg]": ({"addressLine5": "NEW ROAD"}, "B022", {"addressLine5": "NEW ROAD", "addressLine1": "1"}),
    "[GSPChg]": ({"GSPGroupID": "_B"}, "B001", {"GSPGroupEffectiveFromDate": SINCE}),
    "[DUOSTariffIDChg]": (
        {"DUOSTariffID": "110"},
        "B024",
        {"DUOSTariffID": "110", "DUOSTariffIDEffectiveFromDate": SINCE},
    ),
    "[DomPremInd]": (
        {"domesticPremiseIndicator": False},
        "B028",
        {"domesticPremiseIndicator": False, "domesticPremiseIndicatorEffectiveFromDate": SINCE},
    ),
    "[EnergyDirection]": ({"energyDirection": "E"}, "B023", {"energyDirection": "E"}),
    "[MUMIndicator]": ({"meteredIndicator": False}, "B023", {"meteredIndicator": False}),
    "[DCCEnrolment]": (
        {"DCCServiceFlag": "I"},
        "B029",
        {"DCCServiceFlag": "I", "DCCEffectiveFromDate": SINCE},
    ),
    "[ConnectionTypeChange]": (
        {"connectionTypeIndicator": "L"},
        "B023",
        {"connectionTypeIndicator": "L", "connectionTypeEffectiveFromDate": SINCE},
    ),
    "[MarketSegmentChange]": (
        {"marketSegmentIndicator": "A"},
        "B026",
        {"marketSegmentIndicator": "A", "marketSegmentIndicatorEffectiveFromDate": SINCE},
    ),
    "[MPANDisconnection]": ({}, "B041", {"disconnectionEffectiveFromDate": SINCE}),
    "[MPANReconnection]": ({}, "B098", {"reconnectionEffectiveFromDate": SINCE}),
    "[CSSDeRegistration]": ({}, "B042", {"CSSMPANDeRegistrationDate": SINCE}),
}


def order(event: str, **site: Any) -> Any:
    return command("change_site", {"event": event, "effectiveFrom": SINCE, "siteData": site})


@pytest.mark.parametrize("event", KINDS)
def test_every_change_is_announced_with_what_it_changes(event: str) -> None:
    site, block, fields = CHANGES[event]
    _, outputs = tell(metering_point(linked=()), order(event, **site))
    announced = sent(outputs)[0]
    assert (announced.sender, announced.event, announced.interface) == (REGS, event, KINDS[event].interface)
    told = custom_block(announced)[block]
    assert {name: told[name] for name in fields} == fields


def test_the_next_supplier_is_told_of_the_change_with_its_date() -> None:
    _, (site,) = after(metering_point(), order("[DUOSTariffIDChg]", DUOSTariffID="110"), pending())
    assert custom_block(site)["B024"] == {"DUOSTariffID": "110", "DUOSTariffIDEffectiveFromDate": SINCE}


def test_another_gsp_group_is_in_every_message_from_then_on() -> None:
    point, outputs = tell(metering_point(), order("[GSPChg]", GSPGroupID="_B"))
    assert [out.mpan.gsp_group for out in sent(outputs) if out.mpan] == ["_B"]
    assert point is not None
    assert point.mpan_block().gsp_group == "_B"


@pytest.mark.parametrize(
    ("event", "statuses"),
    [
        ("[MPANDisconnection]", ("T", "X")),
        ("[MPANReconnection]", ("O", "T")),
        ("[CSSDeRegistration]", ("T", "X")),
    ],
)
def test_the_enquiry_service_learns_the_registration_status(event: str, statuses: tuple[str, str]) -> None:
    _, messages = after(metering_point(), order(event))
    assert names(messages) == [("IF-009", event), ("IF-050", "[MPStatusChange]")]
    block = custom_block(messages[1])["B079"]
    assert (block["RMPStatus"], block["MPStatus"]) == statuses


@pytest.mark.parametrize(
    ("consent", "segment", "reminded"),
    [("D", "A", True), ("H", "A", False), (None, "A", False), ("D", "S", False)],
)
def test_a_consent_that_no_longer_fits_the_segment_is_reminded_of(
    consent: str | None, segment: str, reminded: bool
) -> None:
    point = metering_point(consentGranularity=consent)
    _, messages = after(point, order("[MarketSegmentChange]", marketSegmentIndicator=segment))
    told = ("IF-045", "[ConsentGranularityInvalid]") in names(messages)
    assert told == reminded


@pytest.mark.parametrize(
    ("event", "site", "words"),
    [
        ("[NoSuchChange]", {}, "none of"),
        ("[DUOSTariffIDChg]", {"addressLine1": "2"}, "does not change addressLine1"),
        ("[DUOSTariffIDChg]", {"DUOSTariffID": "LONGER"}, "DUOSTariffID"),
    ],
)
def test_what_cannot_be_changed_is_a_fault_of_the_harness(
    event: str, site: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        tell(metering_point(), order(event, **site))


def test_only_what_is_in_the_register_can_be_changed() -> None:
    with pytest.raises(LookupError):
        tell(None, order("[MPANDisconnection]"))
    with pytest.raises(ValidationError):
        tell(metering_point(), command("change_site", {"event": "[AddressChg]"}))


def annual(kwh: str, days: int) -> Any:
    block = {
        "annualConsumption": kwh,
        "annualConsumptionEffectiveFromDate": uk_stamp(uk_midnight(NOW, days)),
        "annualConsumptionQualityIndicator": "1",
    }
    return publication("PUB-040", "[AnnualConsumption]", Sender("1700000001", "MDS"), {"B059": block})


def test_annual_consumption_is_held_and_told_to_the_next_supplier() -> None:
    point, told = after(metering_point(), annual("4100.500", -1), annual("3900.000", -2))
    assert told == []
    _, (site,) = after(point, pending())
    assert custom_block(site)["B027"] == {
        "annualConsumption": "4100.500",
        "annualConsumptionEffectiveFromDate": uk_stamp(uk_midnight(NOW, -1)),
        "annualConsumptionQualityIndicator": "1",
    }


def test_annual_consumption_of_an_unknown_mpan_is_left_alone() -> None:
    assert tell(None, annual("1.000", 0)) == (None, [])


def test_what_is_announced_keeps_the_published_schema() -> None:
    """Another GSP group is worth a warning: it is not that of the distributor's area."""
    for event, (site, _, _) in CHANGES.items():
        _, outputs = tell(metering_point(linked=()), order(event, **site))
        assert all(checked(out, "REGS").valid for out in sent(outputs))
        if event != "[GSPChg]":
            assert_valid(outputs)
