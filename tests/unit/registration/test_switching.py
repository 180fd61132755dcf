"""CSS02800 → IF-002: the register learns of a switch and tells the incoming supplier about the site."""

from __future__ import annotations

from dataclasses import replace

import orjson

from backbone.journal.events import Kind
from participant.handlers import JournalNote
from services.registration.register import MeteringPoint, SwitchStatus
from tests.unit.messages import MPAN, custom_block, sent
from tests.unit.registration.given import (
    GAINING,
    REGISTRATION,
    REGS,
    SITE,
    SUPPLY_START,
    assert_valid,
    metering_point,
    pending,
    registration_status,
    switching_point,
    tell,
)


def notes(outputs) -> list[JournalNote]:
    return [one for one in outputs if isinstance(one, JournalNote)]


def test_a_pending_registration_leads_to_site_information_for_the_incoming_supplier() -> None:
    point, outputs = tell(metering_point(), pending())

    (message,) = sent(outputs)
    assert (message.interface, message.event, message.primary) == ("IF-002", "[GainMPANInfo]", (GAINING,))
    assert custom_block(message)["B013"] == {"CSSRegistrationID": REGISTRATION}
    assert_valid(outputs)
    assert point is not None
    (switch,) = point.switches
    assert (switch.registration_id, switch.supplier.dip_id) == (REGISTRATION, GAINING)
    assert (switch.supply_start, switch.status) == (SUPPLY_START, SwitchStatus.PENDING)


def test_site_information_says_what_the_register_holds() -> None:
    _, outputs = tell(metering_point(), pending())
    custom = custom_block(sent(outputs)[0])

    assert custom["B005"]["currentMeteringServiceMPID"] == "MSSA"
    assert custom["B022"]["addressLine5"] == "TEST STREET"
    assert custom["B022"]["addressLine9"] is None
    assert custom["B024"]["DUOSTariffID"] == SITE["DUOSTariffID"]
    assert custom["B027"]["annualConsumption"] == "3100.000"
    assert custom["B032"]["SSC"] == "0393"
    (meter,) = custom["B905List"]
    assert meter["existingMeter"]["meterID"] == "K12B34567"
    assert meter["existingMAP"]["meterAssetProviderID"] == "MAP1"
    assert custom["B907List"][0]["existingMeter"]["linkedImportExportMPAN"] == "1000000000012"
    pair = custom["B908List"][0]["existingMeter"]
    assert pair == {"primaryMPAN": MPAN, "secondaryMPAN": "1000000000021"}


def test_site_information_leaves_out_what_the_register_does_not_hold() -> None:
    optional = (
        *("meteringServiceDIPID", "meteringServiceMPID", "dataServiceDIPID", "dataServiceMPID"),
        *("DCCServiceFlag", "IHDInstallStatus", "SMSOID", "profileClass", "SSC", "annualConsumption"),
        *("meters", "linked", "related"),
    )
    bare = dict.fromkeys(optional)
    _, outputs = tell(metering_point(**bare), pending())

    custom = custom_block(sent(outputs)[0])
    assert set(custom) == {"B013", "B006", "B022", "B023", "B024", "B025", "B026"}
    assert_valid(outputs)


def test_dates_of_the_site_are_uk_local() -> None:
    summer = metering_point(since="2025-06-30T23:00:00+00:00")
    _, outputs = tell(summer, pending())
    date = custom_block(sent(outputs)[0])["B023"]["connectionTypeEffectiveFromDate"]
    assert date == "2025-07-01T00:00:00+01:00"


def test_the_journal_holds_the_css_message_as_received() -> None:
    incoming = pending()
    _, outputs = tell(metering_point(), incoming)

    (note,) = notes(outputs)
    assert (note.kind, note.interface, note.sender, note.recipient) == (
        Kind.CSS_MESSAGE,
        "CSS02800",
        "CSS",
        REGS,
    )
    assert note.body is not None
    assert orjson.loads(note.body) == incoming.message


def test_the_same_registration_twice_informs_the_supplier_once() -> None:
    once, _ = tell(metering_point(), pending())
    twice, outputs = tell(once, pending())
    assert twice == once
    assert sent(outputs) == []


def test_a_registration_for_an_unknown_mpan_is_refused() -> None:
    point, outputs = tell(None, pending())

    assert point is None
    assert [note.kind for note in notes(outputs)] == [Kind.CSS_MESSAGE, Kind.CSS_REFUSED]
    assert notes(outputs)[1].details["problems"] == ["REG0000 - MPAN Invalid or does not exist"]


def test_a_registration_of_an_unknown_supplier_is_refused() -> None:
    point, outputs = tell(metering_point(), pending(mpid="ZZZZ"))

    assert point == metering_point()
    assert notes(outputs)[1].details["problems"] == [
        "/data/supplierMpid: no supplier with MPID ZZZZ is known"
    ]
    assert sent(outputs) == []


def test_the_supply_start_date_counts_as_the_uk_day_it_falls_on() -> None:
    incoming = pending()
    data = incoming.message["data"] | {"supplyStartDate": "2026-04-03T00:00:00+00:00"}
    point, _ = tell(metering_point(), replace(incoming, message={**incoming.message, "data": data}))
    assert point is not None
    assert point.switches[0].supply_start == SUPPLY_START


def test_a_metering_point_survives_being_stored() -> None:
    point, _ = tell(metering_point(), pending())
    assert point is not None
    again = MeteringPoint.model_validate_json(point.model_dump_json())
    assert again == point
    (site,) = sent(tell(again, pending("another"))[1])
    assert site.mpan == point.mpan_block()


def test_nobody_but_css_announces_a_registration() -> None:
    forged = replace(pending(), sender=GAINING)
    point, outputs = tell(metering_point(), forged)

    assert point == metering_point()
    assert sent(outputs) == []
    assert notes(outputs)[1].details["problems"] == [
        f"only CSS announces registrations; this comes from {GAINING}"
    ]


def test_nobody_but_css_secures_a_switch() -> None:
    forged = replace(registration_status("SecuredActive"), sender=GAINING)
    point, outputs = tell(switching_point(), forged)

    assert point == switching_point()
    assert [note.kind for note in notes(outputs)] == [Kind.CSS_MESSAGE, Kind.CSS_REFUSED]
