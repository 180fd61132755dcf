"""IF-025 → IF-026: a supplier sets consent, in-home display, SMSO, profile class and SSC."""

from __future__ import annotations

from typing import Any

import pytest

from backbone.clock import uk_midnight
from contracts.envelope import Sender
from participant.handlers import Incoming
from services.registration.register import uk_stamp
from tests.unit.messages import NOW, custom_block
from tests.unit.registration.given import (
    GAINING,
    OTHER_SUPPLIER,
    REGISTRATION,
    SUPPLIER,
    after,
    codes,
    metering_point,
    pending,
    publication,
    switching_point,
)


def day(number: int) -> str:
    return uk_stamp(uk_midnight(NOW, number))


def request(
    event: str, block: str, sender: str = SUPPLIER, registration: str | None = None, **fields: Any
) -> Incoming:
    quoted = {"B013": {"CSSRegistrationID": registration}} if registration else {}
    return publication("PUB-025", f"[{event}]", Sender(sender, "SUP"), {**quoted, block: fields})


def consent(granularity: str = "H", since: str | None = None, **more: Any) -> Incoming:
    fields = {"consentGranularity": granularity, "consentGranularityEffectiveFromDate": since or day(3)}
    return request("ConsentGranularity", "B068", **fields, **more)


def display(status: str | None = "D", since: str | None = None) -> Incoming:
    return request("IHDInfo", "B030", IHDInstallStatus=status, IHDEffectiveFromDate=since or day(0))


def operator(smso: str | None = "NEWO", since: str | None = None) -> Incoming:
    return request("SMSO", "B031", SMSOID=smso, SMSOEffectiveFromDate=since or day(0))


def profile(profile_class: str | None = "2", since: str | None = "", ssc: str | None = "0428") -> Incoming:
    since = day(0) if since == "" else since
    return request(
        "SSCandProfileClass",
        "B032",
        profileClass=profile_class,
        profileClassEffectiveFromDate=since,
        SSC=ssc,
        SSCEffectiveFromDate=day(0),
    )


def test_consent_is_held_and_everybody_told() -> None:
    point, (told,) = after(metering_point(), consent("M"))
    assert (told.interface, told.event, told.primary) == ("IF-026", "[ConsentGranularity]", ())
    assert told.custom == {"B068": {"consentGranularity": "M", "consentGranularityEffectiveFromDate": day(3)}}
    assert (point.site.consent_granularity, point.since_of("consent_granularity")) == (
        "M",
        uk_midnight(NOW, 3),
    )


@pytest.mark.parametrize(
    ("incoming", "block", "fields"),
    [
        (display("I"), "B030", {"IHDInstallStatus": "I"}),
        (operator("NEWO"), "B031", {"SMSOID": "NEWO", "SMSOEffectiveFromDate": day(0)}),
        (profile("3", ssc="0111"), "B032", {"profileClass": "3", "SSC": "0111"}),
    ],
)
def test_the_next_supplier_learns_what_the_last_one_set(
    incoming: Incoming, block: str, fields: dict[str, str]
) -> None:
    _, (site,) = after(metering_point(), incoming, pending())
    told = custom_block(site)[block]
    assert {name: told[name] for name in fields} == fields


def test_an_operator_is_taken_out_of_the_register() -> None:
    point, _ = after(metering_point(), operator(None))
    assert point.site.smso is None
    assert codes(point, operator(None)) == ["REG0009"]


METER_OF_FIVE_DAYS = {"meters": [{"meterID": "K1", "meterInstallationDate": day(-5)}]}


@pytest.mark.parametrize(
    ("site", "incoming", "broken"),
    [
        ({"connectionTypeIndicator": "U"}, display(), ["REG0003"]),
        ({"marketSegmentIndicator": "U"}, operator(), ["REG0004"]),
        ({"connectionTypeIndicator": "U", "marketSegmentIndicator": "U"}, consent("H"), []),
        ({}, consent(registration="unknown"), ["REG0005"]),
        ({"IHDInstallStatus": None}, display(None), ["REG0009"]),
        ({}, operator(since=day(-900)), ["REG1014"]),
        ({}, consent(sender=OTHER_SUPPLIER), ["REG1021"]),
        ({}, consent(since="this date is no date text"), ["REG1022"]),
        ({}, consent(since=day(-1)), ["REG1024"]),
        ({}, consent(since=day(0)), []),
        ({"marketSegmentIndicator": "A"}, consent("D"), ["REG1035"]),
        ({"marketSegmentIndicator": "A"}, consent("H"), []),
        ({"since": day(0)}, profile(), ["REG1041"]),
        ({}, profile("9"), ["REG1045"]),
        ({}, profile(since=None), ["REG1088"]),
        (METER_OF_FIVE_DAYS, display(since=day(-6)), ["REG1096"]),
        (METER_OF_FIVE_DAYS, display(since=day(-5)), []),
    ],
)  # fmt: skip
def test_each_rule_has_its_code(site: dict[str, Any], incoming: Incoming, broken: list[str]) -> None:
    assert codes(metering_point(**site), incoming) == broken


def test_the_incoming_supplier_may_set_consent_when_it_quotes_its_own_switch() -> None:
    assert codes(switching_point(), consent(sender=GAINING)) == ["REG1021"]
    assert codes(switching_point(), consent(sender=GAINING, registration=REGISTRATION)) == []
    other = consent(sender=OTHER_SUPPLIER, registration=REGISTRATION)
    assert codes(switching_point(), other) == ["REG0006", "REG1021"]


def test_a_refusal_changes_nothing_and_reaches_who_asked() -> None:
    point, (told,) = after(metering_point(), consent(sender=OTHER_SUPPLIER))
    assert (point, told.primary) == (metering_point(), (OTHER_SUPPLIER,))


def test_data_of_an_unknown_mpan_get_reg0000() -> None:
    assert codes(None, consent()) == ["REG0000"]
