"""CSS02370 → IF-001, IF-036, IF-037: a switch is secured, cancelled, or too late."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from backbone.clock import uk_midnight
from backbone.journal.events import Kind
from participant.handlers import Incoming, JournalNote, World
from participant.parties import Party
from services.registration.register import MeteringPoint, RequestStatus, SwitchStatus
from tests.unit.messages import CATALOGUE, LDSO, NOW, custom_block, sent
from tests.unit.registration.given import (
    GAINING,
    MSA,
    MSS,
    NEW_MSS,
    NEW_SDS,
    PARTIES,
    REGISTRATION,
    SDS,
    SUPPLIER,
    SUPPLY_START,
    after,
    assert_valid,
    command,
    data_answer,
    data_request,
    metering_answer,
    metering_point,
    metering_request,
    names,
    registration_status,
    switching_point,
    tell,
)

SECURED = registration_status("SecuredActive")
CANCELLED = registration_status("Cancelled")
ADVANCED = command("clock_advanced", {})
FROM = "proposedMeteringServiceDIPEffectiveFromDate"
CHANGE = {"appointmentScenario": "CSP", FROM: "2026-03-27T00:00:00+00:00"}


def statuses(point: MeteringPoint) -> list[RequestStatus]:
    return [request.status for request in point.requests]


def both_accepted() -> MeteringPoint:
    point, _ = after(switching_point(), metering_request(), metering_answer(), data_request(), data_answer())
    return point


def at(point: MeteringPoint, moment: datetime, incoming: Incoming = ADVANCED):
    """What comes of something at another moment."""
    changed, outputs = tell(point, incoming, moment)
    assert_valid(outputs)
    assert changed is not None
    return changed, sent(outputs)


def test_a_secured_switch_confirms_supplier_and_services() -> None:
    point, messages = after(both_accepted(), SECURED)

    assert names(messages) == [
        ("IF-001", "[ChangeOfSupplier]"),
        ("IF-036", "[MSAppActive]"),
        ("IF-037", "[MSDeApp]"),
        ("IF-036", "[DSAppActive]"),
        ("IF-037", "[DSDeApp]"),
    ]
    assert [message.primary for message in messages] == [(GAINING,), (), (), (), ()]
    assert statuses(point) == [RequestStatus.ACTIVE] * 2
    assert point.switches[0].status is SwitchStatus.SECURED_ACTIVE


def test_the_change_of_supplier_names_both_suppliers_and_the_day() -> None:
    _, messages = after(both_accepted(), SECURED)
    custom = custom_block(messages[0])

    assert custom["B013"] == {"CSSRegistrationID": REGISTRATION}
    assert custom["B002"]["incomingSupplierDIPID"] == GAINING
    assert custom["B003"]["outgoingSupplierDIPID"] == SUPPLIER
    assert custom["B002"]["supplierEffectiveFromDate"] == "2026-04-03T00:00:00+01:00"
    assert custom["B003"]["supplierEffectiveToDate"] == "2026-04-03T00:00:00+01:00"
    assert custom["B004"]["domesticPremiseIndicator"] is True


def test_a_confirmed_service_is_named_with_its_partner_and_the_one_it_replaces() -> None:
    _, messages = after(both_accepted(), SECURED)
    _, active, ended, data_active, data_ended = (custom_block(message) for message in messages)

    assert active["B014"]["incomingMeteringServiceDIPID"] == NEW_MSS
    assert active["B014"]["appointmentScenario"] == "COS"
    assert active["B005"]["currentMeteringServiceDIPID"] == MSS
    assert active["B017"]["incomingDataServiceDIPID"] == SDS  # the new one is confirmed a moment later
    assert ended["B008"]["deAppointedMeteringServiceDIPID"] == MSS
    assert ended["B008"]["deAppointmentReasonCode"] == "CSUPP"
    assert ended["B008"]["meteringServiceEffectiveToDate"] == "2026-04-03T00:00:00+01:00"
    assert ended["B010"]["incomingMeteringServiceDIPID"] == NEW_MSS
    assert ended["B002"]["incomingSupplierDIPID"] == GAINING
    assert data_active["B015"]["incomingDataServiceDIPID"] == NEW_SDS
    assert data_active["B016"]["incomingMeteringServiceDIPID"] == NEW_MSS
    assert data_active["B019"]["assignedMDRMPID"] == "MDRA"
    assert data_active["B068"]["consentGranularity"] == "D"
    assert data_ended["B009"]["deAppointedDataServiceDIPID"] == SDS


def test_a_service_that_stays_is_confirmed_and_nobody_ends() -> None:
    kept = {"proposedMeteringServiceDIPID": MSS, "proposedMeteringServiceMPID": "MSSA"}
    point, _ = after(switching_point(), metering_request(**kept), metering_answer(provider=MSS))
    _, messages = after(point, SECURED)
    assert names(messages) == [("IF-001", "[ChangeOfSupplier]"), ("IF-036", "[MSAppActive]")]


def test_a_service_that_answers_after_the_switch_is_secured_is_confirmed_at_once() -> None:
    point, messages = after(switching_point(), metering_request(), SECURED)
    assert names(messages) == [("IF-001", "[ChangeOfSupplier]")]

    _, messages = after(point, metering_answer())
    assert [event for _, event in names(messages)] == [
        "[MSAppAccepted]",
        "[IMS-SendMTD]",
        "[MSAppActive]",
        "[MSDeApp]",
    ]


def test_the_same_status_twice_changes_nothing_more() -> None:
    point, _ = after(both_accepted(), SECURED)
    again, messages = after(point, SECURED)
    assert (again, messages) == (point, [])


def test_a_confirmed_registration_is_noted_and_announced_to_nobody() -> None:
    point, messages = after(switching_point(), registration_status("Confirmed"))
    assert messages == []
    assert point.switches[0].status is SwitchStatus.CONFIRMED


def test_a_cancelled_switch_lets_its_requests_lapse() -> None:
    point, messages = after(both_accepted(), CANCELLED)

    assert names(messages) == [("IF-035", "[MSAppLapsed]"), ("IF-035", "[DSAppLapsed]")]
    assert messages[0].primary == (GAINING, NEW_MSS)
    assert custom_block(messages[0])["B007"]["responseCode"] == "L"
    assert statuses(point) == [RequestStatus.LAPSED] * 2


def test_what_is_cancelled_cannot_be_secured() -> None:
    point, _ = after(both_accepted(), CANCELLED)
    again, messages = after(point, SECURED)
    assert (again, messages) == (point, [])


@pytest.mark.parametrize("point", [None, metering_point()])
def test_a_status_of_an_unknown_switch_is_refused(point: MeteringPoint | None) -> None:
    unchanged, outputs = tell(point, SECURED)
    assert unchanged == point
    kinds = [one.kind for one in outputs if isinstance(one, JournalNote)]
    assert kinds == [Kind.CSS_MESSAGE, Kind.CSS_REFUSED]


def test_on_the_supply_start_date_supplier_and_services_change() -> None:
    point, _ = after(both_accepted(), SECURED)

    before, _ = at(point, SUPPLY_START - timedelta(seconds=1))
    assert before.supplier.dip_id == SUPPLIER
    changed, messages = at(point, SUPPLY_START)
    assert messages == []
    assert changed.supplier.dip_id == GAINING
    assert changed.next_supplier is None
    assert changed.metering_service is not None
    assert changed.metering_service.dip_id == NEW_MSS
    assert changed.data_service is not None
    assert changed.data_service.dip_id == NEW_SDS


def test_services_that_nobody_appointed_again_end_with_the_old_supplier() -> None:
    point, _ = after(switching_point(), SECURED)
    changed, messages = at(point, SUPPLY_START)

    assert names(messages) == [
        ("IF-037", "[MSDeApp]"),
        ("IF-045", "[NoMSAppointed]"),
        ("IF-037", "[DSDeApp]"),
        ("IF-045", "[NoDSAppointed]"),
    ]
    assert (changed.metering_service, changed.data_service) == (None, None)


def test_after_the_supply_start_date_the_new_supplier_may_change_services() -> None:
    point, _ = after(both_accepted(), SECURED)
    change = metering_request(
        registration=None,
        proposedMeteringServiceDIPID=MSS,
        proposedMeteringServiceMPID="MSSA",
        appointmentScenario="CSP",
        **{FROM: "2026-04-10T00:00:00+01:00"},
    )
    _, messages = at(point, SUPPLY_START + timedelta(days=2), change)
    assert messages[0].response is not None
    assert messages[0].response.messages == ()


def test_a_request_lapses_when_its_switch_was_not_secured_in_time() -> None:
    waiting, _ = after(switching_point(), metering_request(), metering_answer())

    _, on_the_day = at(waiting, SUPPLY_START + timedelta(hours=23))
    assert on_the_day == []
    point, the_day_after = at(waiting, SUPPLY_START + timedelta(days=1))
    assert names(the_day_after) == [("IF-035", "[MSAppLapsed]")]
    assert statuses(point) == [RequestStatus.LAPSED]


SEGMENT_CHANGE = {
    "appointmentScenario": "SEG",
    "proposedMeteringServiceDIPID": MSA,
    "proposedMeteringServiceMPID": "MSAA",
    FROM: "2026-04-10T00:00:00+01:00",
}


def test_a_segment_change_that_is_not_taken_up_after_the_supply_start_lapses() -> None:
    point, _ = after(switching_point(), SECURED)
    supplied, _ = at(point, SUPPLY_START)
    asked, messages = at(supplied, SUPPLY_START + timedelta(days=1), metering_request(**SEGMENT_CHANGE))
    assert names(messages) == [("IF-032", "[MSAppInitialResp]"), ("IF-033", "[MSAppSPRequest]")]

    _, on_the_last_day = at(asked, uk_midnight(SUPPLY_START, 28) + timedelta(hours=23))
    assert on_the_last_day == []
    lapsed, (told,) = at(asked, uk_midnight(SUPPLY_START, 29))
    assert (told.interface, told.event) == ("IF-035", "[MSAppLapsed]")
    assert custom_block(told)["B007"] == {
        "responseCode": "L",
        "proposedAppointmentResponseCode": CATALOGUE.code_text("REG1037"),
    }
    assert statuses(lapsed) == [RequestStatus.LAPSED]


def test_a_segment_change_outside_a_switch_waits_for_its_provider() -> None:
    request = metering_request(SUPPLIER, None, **SEGMENT_CHANGE | {FROM: "2026-03-27T00:00:00+00:00"})
    asked, _ = after(metering_point(), request)
    _, messages = at(asked, NOW + timedelta(days=300))
    assert messages == []


def test_a_switch_that_is_secured_late_takes_its_requests_along() -> None:
    waiting, _ = after(switching_point(), metering_request(), metering_answer())
    point, messages = at(waiting, SUPPLY_START + timedelta(days=2), SECURED)

    assert names(messages)[:3] == [
        ("IF-001", "[ChangeOfSupplier]"),
        ("IF-036", "[MSAppActive]"),
        ("IF-037", "[MSDeApp]"),
    ]
    assert statuses(point) == [RequestStatus.ACTIVE]
    assert (point.supplier.dip_id, point.next_supplier) == (GAINING, None)
    assert point.metering_service is not None
    assert point.metering_service.dip_id == NEW_MSS


def test_an_answer_that_comes_too_late_finds_the_request_lapsed() -> None:
    waiting, _ = after(switching_point(), metering_request())
    _, messages = at(waiting, SUPPLY_START + timedelta(days=1), metering_answer())
    assert names(messages) == [("IF-035", "[MSAppLapsed]")]


def test_a_change_of_provider_is_confirmed_when_the_provider_accepts() -> None:
    request = metering_request(SUPPLIER, None, **CHANGE)
    point, messages = after(metering_point(), request, metering_answer())

    assert [event for _, event in names(messages)] == [
        "[MSAppAccepted]",
        "[IMS-SendMTD]",
        "[MSAppActive]",
        "[MSDeApp]",
    ]
    ended = custom_block(messages[3])
    assert ended["B008"]["deAppointmentReasonCode"] == "CSERV"
    assert set(ended) == {"B008", "B010"}
    changed, _ = at(point, datetime.fromisoformat(CHANGE[FROM]))
    assert changed.metering_service is not None
    assert changed.metering_service.dip_id == NEW_MSS


def test_an_update_confirms_the_same_provider_from_another_day() -> None:
    update: dict[str, Any] = {
        "appointmentScenario": "USP",
        "proposedMeteringServiceDIPID": MSS,
        "proposedMeteringServiceMPID": "MSSA",
    }
    request = metering_request(SUPPLIER, None, **update)
    _, messages = after(metering_point(), request, metering_answer(provider=MSS))
    assert [event for _, event in names(messages)] == ["[MSAppAccepted]", "[MSAppActive]"]


def test_a_later_change_supersedes_one_that_is_confirmed_and_not_yet_effective() -> None:
    first = metering_request(SUPPLIER, None, **CHANGE)
    point, _ = after(metering_point(), first, metering_answer())
    third = "1200000003"
    world = World((*PARTIES, Party(third, "MSS", "MSSC")), CATALOGUE)
    named = {"proposedMeteringServiceDIPID": third, "proposedMeteringServiceMPID": "MSSC"}
    asked, outputs = tell(point, metering_request(SUPPLIER, None, **(CHANGE | named)), NOW, world)
    assert [message.event for message in sent(outputs)] == [
        "[MSAppInitialResp]",
        "[MSAppRejected]",
        "[MSAppSPRequest]",
    ]
    _, outputs = tell(asked, metering_answer(provider=third), NOW, world)
    assert_valid(outputs)
    messages = sent(outputs)
    assert messages[-1].event == "[MSDeAppUpdate]"
    assert custom_block(messages[-1])["B010"]["incomingMeteringServiceDIPID"] == third
    assert messages[-1].mpan is not None
    assert messages[-1].mpan.distributor_dip_id == LDSO


def test_time_passes_for_an_unknown_mpan_too() -> None:
    point, outputs = tell(None, ADVANCED)
    assert point is None
    assert outputs == [JournalNote(Kind.HARNESS_PREPARED, {"command": "clock_advanced"})]


def test_a_provider_of_another_segment_takes_the_metering_point_there() -> None:
    move = {
        "appointmentScenario": "SEG",
        "proposedMeteringServiceDIPID": MSA,
        "proposedMeteringServiceMPID": "MSAA",
        FROM: "2026-03-27T00:00:00+00:00",
    }
    request = metering_request(SUPPLIER, None, **move)
    point, messages = after(metering_point(), request, metering_answer(provider=MSA))
    assert custom_block(messages[-1])["B008"]["deAppointmentReasonCode"] == "CSEGM"
    assert point.site.market_segment == "S"

    moved, (told,) = at(point, datetime.fromisoformat("2026-03-27T08:00:00+00:00"))
    assert (told.interface, told.event) == ("IF-044", "[MarketSegmentChange]")
    assert custom_block(told)["B026"] == {
        "marketSegmentIndicator": "A",
        "marketSegmentIndicatorEffectiveFromDate": "2026-03-27T00:00:00+00:00",
    }
    assert moved.site.market_segment == "A"
