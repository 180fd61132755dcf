"""IF-034 [SDS-MDRUpdate] → IF-035 [SDS-MDROutcome]: a data service asks for another meter data retriever."""

from __future__ import annotations

from typing import Any

import pytest

from backbone.clock import uk_midnight
from contracts.envelope import Sender
from participant.handlers import Incoming
from services.registration.register import MeteringPoint, uk_stamp
from services.registration.retrieving import RULES
from tests.unit.messages import CORRELATION, NOW, custom_block, sent
from tests.unit.registration.given import (
    GAINING,
    MDR,
    MSS,
    NEW_SDS,
    SDS,
    SUPPLIER,
    after,
    assert_valid,
    data_answer,
    data_request,
    metering_point,
    publication,
    registration_status,
    switching_point,
    tell,
)


def update(sender: str = SDS, supplier: str = SUPPLIER, days: int = 3, **block: Any) -> Incoming:
    requesting = "serviceProviderAppointmentRequestingSupplier"
    custom = {
        "B012": {f"{requesting}DIPID": supplier, f"{requesting}MPID": "SUPA"},
        "B018": {
            "SDSNominatedMDRDIPID": MDR,
            "SDSNominatedMDRMPID": "MDRA",
            "SDSNominatedMDRRequestedEffectiveFromDate": uk_stamp(uk_midnight(NOW, days)),
        }
        | block,
    }
    return publication("PUB-034", "[SDS-MDRUpdate]", Sender(sender, "SDS"), custom)


def codes(incoming: Incoming, point: MeteringPoint | None = None) -> list[str]:
    (answer,) = sent(tell(point or metering_point(), incoming)[1])
    return [text[:7] for text in custom_block(answer)["B099"]["responseMessages"]]


def test_the_appointed_data_service_gets_its_retriever() -> None:
    point, (answer,) = after(metering_point(), update())

    assert (answer.interface, answer.event) == ("IF-035", "[SDS-MDROutcome]")
    assert (answer.primary, answer.correlation_id) == ((SDS, SUPPLIER), CORRELATION)
    assert custom_block(answer)["B099"] == {"responseCode": "A", "responseMessages": []}
    assert custom_block(answer)["B092"] == {
        "assignedMDRDIPID": MDR,
        "assignedMDRMPID": "MDRA",
        "assignedMDREffectiveFromDate": "2026-03-23T00:00:00+00:00",
    }
    assert point.meter_data_retriever is not None
    assert point.meter_data_retriever.dip_id == MDR


@pytest.mark.parametrize(
    ("incoming", "code"),
    [
        (update(days=-1), "REG1024"),
        (update(SDSNominatedMDRRequestedEffectiveFromDate="this date is no date text"), "REG1024"),
        (update(NEW_SDS), "REG1080"),
        (update(SDSNominatedMDRDIPID=MSS, SDSNominatedMDRMPID="MSSA"), "REG1081"),
        (update(SDSNominatedMDRDIPID="2099999999"), "REG1081"),
        (update(days=6), "REG1082"),
        (update(supplier=GAINING), "REG1084"),
        (update(SDSNominatedMDRMPID="MDRB"), "REG1093"),
    ],
)
def test_each_rule_has_its_code(incoming: Incoming, code: str) -> None:
    assert codes(incoming) == [code]
    assert code in (RULES[code].__doc__ or "")


def test_the_retriever_that_is_there_cannot_be_asked_for_again() -> None:
    point = metering_point(meterDataRetrieverDIPID=MDR, meterDataRetrieverMPID="MDRA")
    assert codes(update(), point) == ["REG1098"]


def test_a_refused_update_changes_nothing_and_reports_every_code() -> None:
    incoming = update(NEW_SDS, GAINING, 9)
    point, (answer,) = after(metering_point(), incoming)
    assert point == metering_point()
    assert custom_block(answer)["B099"]["responseCode"] == "R"
    assert codes(incoming) == ["REG1080", "REG1082", "REG1084"]


def test_an_update_about_an_unknown_mpan_gets_reg0000() -> None:
    point, outputs = tell(None, update())
    assert point is None
    assert_valid(outputs)
    assert custom_block(sent(outputs)[0])["B099"]["responseMessages"][0].startswith("REG0000")


def test_a_confirmed_data_service_brings_the_nominated_retriever() -> None:
    point, _ = after(switching_point(), data_request(), data_answer(), registration_status("SecuredActive"))
    assert point.meter_data_retriever is not None
    assert point.meter_data_retriever.mpid == "MDRA"
