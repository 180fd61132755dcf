"""The register's records: kinds of service, proposals as read, changes that leave the old record alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from contracts.envelope import MpanBlock
from services.registration.kinds import DATA, KINDS, METERING
from services.registration.proposals import read_moment, read_proposal, registration_id
from services.registration.register import (
    Appointment,
    Proposal,
    Request,
    RequestStatus,
    SwitchStatus,
    is_uk_midnight,
    uk_stamp,
)
from services.registration.site_data import Party
from tests.unit.messages import CORRELATION, LDSO, MPAN, NOW
from tests.unit.registration.given import (
    DATA_BLOCK,
    GAINING,
    METERING_BLOCK,
    MSS,
    NEW_MSS,
    NEW_SDS,
    REGISTRATION,
    SUPPLY_START,
    data_request,
    metering_point,
    metering_request,
    switching_point,
)


def proposal() -> Proposal:
    return read_proposal(metering_request().message, METERING)


@pytest.mark.parametrize(
    ("kind", "segment", "role"),
    [
        (METERING, "S", "MSS"),
        (METERING, "A", "MSA"),
        (METERING, "U", "UMSO"),
        (DATA, "S", "SDS"),
        (DATA, "A", "ADS"),
        (DATA, "U", "UMSDS"),
    ],
)
def test_each_segment_is_served_by_one_role_of_each_kind(kind, segment: str, role: str) -> None:
    assert kind.role_of_segment[segment] == role
    assert kind.segment_of(role) == segment
    assert role in kind.roles


def test_a_role_of_another_kind_serves_no_segment() -> None:
    assert METERING.segment_of("SDS") is None
    assert DATA.segment_of("SUP") is None


def test_the_kinds_name_their_fields_and_events() -> None:
    assert METERING.dip_id_field == "proposedMeteringServiceDIPID"
    assert DATA.mpid_field == "proposedDataServiceMPID"
    assert DATA.date_field == "proposedDataServiceDIPEffectiveFromDate"
    assert METERING.event("AppInitialResp") == "[MSAppInitialResp]"
    assert set(METERING_BLOCK) == {
        METERING.dip_id_field,
        METERING.mpid_field,
        METERING.date_field,
        METERING.contract_field,
        "appointmentScenario",
    }
    assert {DATA.dip_id_field, DATA.mpid_field, DATA.date_field, DATA.contract_field} <= set(DATA_BLOCK)
    assert KINDS == {"metering": METERING, "data": DATA}


def test_a_metering_service_proposal_is_read() -> None:
    read = proposal()
    assert (read.supplier_dip_id, read.provider_dip_id, read.provider_mpid) == (GAINING, NEW_MSS, "MSSB")
    assert (read.effective_from, read.scenario) == (SUPPLY_START, "COS")
    assert (read.contract_reference, read.registration_id) == ("CONTRACT-1", REGISTRATION)
    assert (read.correlation_id, read.block, read.kind) == (CORRELATION, METERING_BLOCK, METERING)


def test_a_data_service_proposal_is_read() -> None:
    read = read_proposal(data_request().message, DATA)
    assert (read.provider_dip_id, read.contract_reference) == (NEW_SDS, None)
    assert read.block == DATA_BLOCK


@pytest.mark.parametrize("custom", [{}, {"B013": None}, {"B013": {}}, {"B013": "text"}])
def test_no_registration_is_read_where_there_is_none(custom: dict[str, object]) -> None:
    assert registration_id(custom) is None


@pytest.mark.parametrize("text", [None, 7, "", "2026-04-03", "2026-04-03T00:00:00", "x" * 25])
def test_what_is_no_moment_with_an_offset_is_no_date(text: object) -> None:
    assert read_moment(text) is None


@pytest.mark.parametrize(
    ("moment", "is_midnight", "stamp"),
    [
        (datetime(2026, 1, 1, tzinfo=UTC), True, "2026-01-01T00:00:00+00:00"),
        (datetime(2026, 6, 30, 23, tzinfo=UTC), True, "2026-07-01T00:00:00+01:00"),
        (datetime(2026, 7, 1, tzinfo=UTC), False, "2026-07-01T01:00:00+01:00"),
        (datetime(2026, 3, 29, tzinfo=UTC), True, "2026-03-29T00:00:00+00:00"),  # the clocks go forward
        (datetime(2026, 10, 24, 23, tzinfo=UTC), True, "2026-10-25T00:00:00+01:00"),  # and back
    ],
)
def test_supply_and_appointment_dates_are_uk_midnights(
    moment: datetime, is_midnight: bool, stamp: str
) -> None:
    assert is_uk_midnight(moment) is is_midnight
    assert uk_stamp(moment) == stamp
    assert len(stamp) == 25


def test_a_metering_point_changes_by_copies() -> None:
    point = metering_point()
    other = Appointment(dip_id=NEW_MSS, mpid="MSSB", effective_from=NOW)

    changed = point.with_current(METERING, other).with_next(DATA, other).with_segment("A", NOW)
    assert changed.current(METERING) == other
    assert changed.next(DATA) == other
    assert (changed.site.market_segment, changed.segment_since) == ("A", NOW)
    assert point.metering_service is not None
    assert point.metering_service.dip_id == MSS
    assert (point.next(DATA), point.site.market_segment) == (None, "S")


def test_a_metering_point_knows_its_block() -> None:
    assert metering_point().mpan_block() == MpanBlock(MPAN, LDSO, "_A")


def test_a_switch_is_found_by_its_registration_and_changed_in_place() -> None:
    point = switching_point()
    switch = point.switch(REGISTRATION)
    assert switch is not None
    assert point.switch("another") is None
    assert point.switch(None) is None

    secured = point.with_switch(switch.model_copy(update={"status": SwitchStatus.SECURED_ACTIVE}))
    assert [one.status for one in secured.switches] == [SwitchStatus.SECURED_ACTIVE]


@pytest.mark.parametrize(
    ("status", "still_open", "to_come"),
    [
        (RequestStatus.WITH_PROVIDER, True, True),
        (RequestStatus.ACCEPTED, True, True),
        (RequestStatus.REJECTED, False, False),
        (RequestStatus.SUPERSEDED, False, False),
        (RequestStatus.LAPSED, False, False),
        (RequestStatus.ACTIVE, False, True),
    ],
)
def test_a_request_is_open_or_to_come(status: RequestStatus, still_open: bool, to_come: bool) -> None:
    request = Request(proposal=proposal(), supplier=Party(dip_id=GAINING, mpid="SUPB"), status=status)
    assert request.open is still_open
    assert request.to_come(NOW) is to_come
    assert request.to_come(SUPPLY_START + timedelta(days=1)) is still_open


def test_a_request_changes_where_it_stands() -> None:
    first = Request(proposal=proposal(), supplier=Party(dip_id=GAINING, mpid="SUPB"))
    second = first.model_copy(update={"segment": "A"})
    point = metering_point().with_request(first).with_request(second)

    changed = point.with_request_status(second, RequestStatus.REJECTED)
    assert [r.status for r in changed.requests] == [RequestStatus.WITH_PROVIDER, RequestStatus.REJECTED]
    assert [r.status for r in point.requests] == [RequestStatus.WITH_PROVIDER] * 2
