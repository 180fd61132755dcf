"""Each rule of the register, broken by one request and kept by its neighbour."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from backbone.clock import uk_midnight
from participant.handlers import Incoming
from services.registration.cases import Case
from services.registration.checks import failures
from services.registration.kinds import DATA, METERING
from services.registration.proposals import read_proposal
from services.registration.register import MeteringPoint, SwitchStatus, uk_stamp
from tests.unit.messages import LDSO, MPAN, NOW
from tests.unit.registration.given import (
    ADS,
    GAINING,
    MSA,
    MSS,
    NEW_MSS,
    OTHER_SUPPLIER,
    REGISTRATION,
    SDS,
    SUPPLIER,
    UMSDS,
    UMSO,
    WORLD,
    data_request,
    metering_point,
    metering_request,
    registration_status,
    switching_point,
    tell,
)

FROM = "proposedMeteringServiceDIPEffectiveFromDate"
CHANGE = {"appointmentScenario": "CSP"}
UPDATE = {
    "appointmentScenario": "USP",
    "proposedMeteringServiceDIPID": MSS,
    "proposedMeteringServiceMPID": "MSSA",
}
SEGMENT_CHANGE = {"appointmentScenario": "SEG"}


def codes(point: MeteringPoint, request: Incoming, now: datetime = NOW) -> tuple[str, ...]:
    kind = METERING if request.event == "[MSApp]" else DATA
    return failures(Case(point, read_proposal(request.message, kind), now, WORLD))


def by_current(**block: Any) -> Incoming:
    return metering_request(SUPPLIER, None, **block)


def days(number: int) -> str:
    return uk_stamp(uk_midnight(NOW, number))


def test_a_change_of_supplier_that_keeps_every_rule_breaks_none() -> None:
    assert codes(switching_point(), metering_request()) == ()
    assert codes(switching_point(), data_request()) == ()


@pytest.mark.parametrize("change", [CHANGE, UPDATE, SEGMENT_CHANGE])
def test_changes_by_the_current_supplier_that_keep_every_rule_break_none(change: Mapping[str, Any]) -> None:
    assert codes(metering_point(), by_current(**change)) == ()


@pytest.mark.parametrize("registration", [None, "", "no-such-registration", REGISTRATION[:-1]])
def test_reg0005_when_the_registration_is_not_known(registration: str | None) -> None:
    assert codes(switching_point(), metering_request(registration=registration)) == ("REG0005",)


def test_reg0005_when_no_switch_was_ever_pending() -> None:
    assert codes(metering_point(), metering_request()) == ("REG0005",)


def test_reg0005_is_for_quoted_registrations_only_outside_a_switch() -> None:
    quoting = metering_request(SUPPLIER, "unknown", **CHANGE)
    assert codes(metering_point(), quoting) == ("REG0005",)


def test_reg0006_when_the_registration_is_another_suppliers() -> None:
    assert codes(switching_point(), metering_request(OTHER_SUPPLIER)) == ("REG0006",)


def test_reg1021_when_a_supplier_changes_a_service_it_does_not_own_yet() -> None:
    assert codes(switching_point(), metering_request(GAINING, **CHANGE)) == ("REG1021",)


def test_reg1024_when_an_update_is_retrospective() -> None:
    assert codes(metering_point(), by_current(**UPDATE, **{FROM: days(-1)})) == ("REG1024",)
    assert codes(metering_point(), by_current(**UPDATE, **{FROM: days(0)})) == ()


def test_reg1025_when_an_update_names_another_provider() -> None:
    another = UPDATE | {"proposedMeteringServiceDIPID": NEW_MSS, "proposedMeteringServiceMPID": "MSSB"}
    assert codes(metering_point(), by_current(**another)) == ("REG1025",)


def test_reg1025_when_there_is_nobody_to_update() -> None:
    point = metering_point(meteringServiceDIPID=None, meteringServiceMPID=None)
    assert codes(point, by_current(**UPDATE)) == ("REG1025",)


def test_reg1026_when_a_change_names_the_current_provider() -> None:
    assert codes(metering_point(), by_current(**(UPDATE | CHANGE))) == ("REG1026",)


def test_a_change_of_supplier_may_keep_the_current_provider() -> None:
    kept = UPDATE | {"appointmentScenario": "COS"}
    assert codes(switching_point(), metering_request(**kept)) == ()


def test_reg1095_when_a_segment_change_names_the_current_provider() -> None:
    assert codes(metering_point(), by_current(**(UPDATE | SEGMENT_CHANGE))) == ("REG1095",)


@pytest.mark.parametrize(
    ("segment", "dip_id", "mpid", "broken"),
    [
        ("S", NEW_MSS, "MSSB", False),
        ("S", MSA, "MSAA", True),
        ("A", MSA, "MSAA", False),
        ("A", NEW_MSS, "MSSB", True),
        ("U", NEW_MSS, "MSSB", True),
        ("S", SDS, "SDSA", True),  # a data service is no metering service
        ("S", LDSO, "LDSA", True),
    ],
)
def test_reg1031_when_the_provider_does_not_serve_the_segment(
    segment: str, dip_id: str, mpid: str, broken: bool
) -> None:
    point = switching_point(marketSegmentIndicator=segment)
    request = metering_request(proposedMeteringServiceDIPID=dip_id, proposedMeteringServiceMPID=mpid)
    assert codes(point, request) == (("REG1031",) if broken else ())


UNMETERED: Mapping[str, Any] = {"marketSegmentIndicator": "U", "connectionTypeIndicator": "U"}
WITHOUT_RETRIEVER: Mapping[str, Any] = {
    f"supplierNominatedMDR{part}": None for part in ("DIPID", "MPID", "EffectiveFromDate")
}
BY_UMSO = {"proposedMeteringServiceDIPID": UMSO, "proposedMeteringServiceMPID": "UMSA"}
BY_UMSDS = {"proposedDataServiceDIPID": UMSDS, "proposedDataServiceMPID": "UDSA"}
HALF_HOURLY = {"supplierProposedConsentGranularity": "H"}


def test_reg0003_when_an_unmetered_connection_is_to_leave_its_segment() -> None:
    to_advanced = by_current(
        **SEGMENT_CHANGE, proposedMeteringServiceDIPID=MSA, proposedMeteringServiceMPID="MSAA"
    )
    assert codes(metering_point(**UNMETERED), to_advanced) == ("REG0003",)
    assert codes(metering_point(marketSegmentIndicator="U"), to_advanced) == ()
    to_unmetered = by_current(**SEGMENT_CHANGE, **BY_UMSO)
    assert codes(metering_point(connectionTypeIndicator="U"), to_unmetered) == ()


def test_reg0004_when_a_retriever_is_nominated_where_there_are_no_meters() -> None:
    point = switching_point(**UNMETERED)
    assert codes(point, data_request(**BY_UMSDS, **HALF_HOURLY)) == ("REG0004",)
    assert codes(point, data_request(**BY_UMSDS, **HALF_HOURLY, **WITHOUT_RETRIEVER)) == ()


@pytest.mark.parametrize(
    ("operators", "broken"),
    [
        (None, ()),
        ([UMSO], ()),
        (["1100000002", UMSO], ()),
        (["1100000002"], ("REG1030",)),
        ([], ("REG1030",)),
    ],
)
def test_reg1030_when_the_operator_is_not_one_of_the_distributors(
    operators: list[str] | None, broken: tuple[str, ...]
) -> None:
    point = switching_point(**UNMETERED, unmeteredSuppliesOperators=operators)
    assert codes(point, metering_request(**BY_UMSO)) == broken


def test_reg1030_is_about_unmetered_sites_only() -> None:
    assert codes(switching_point(unmeteredSuppliesOperators=[]), metering_request()) == ()
    request = metering_request()
    assert codes(switching_point(**UNMETERED, unmeteredSuppliesOperators=[]), request) == ("REG1031",)


@pytest.mark.parametrize(
    ("segment", "service", "allowed"),
    [("S", {}, "HDMN"), ("A", {"proposedDataServiceDIPID": ADS, "proposedDataServiceMPID": "ADSA"}, "H")],
)
def test_reg1035_when_the_consent_does_not_fit_the_segment(
    segment: str, service: Mapping[str, Any], allowed: str
) -> None:
    point = switching_point(marketSegmentIndicator=segment)
    for consent in "HDMNx":
        request = data_request(**service, supplierProposedConsentGranularity=consent)
        assert codes(point, request) == (() if consent in allowed else ("REG1035",))


def test_reg1035_goes_by_the_segment_that_is_to_come() -> None:
    day = {FROM.replace("Metering", "Data"): days(5), "supplierNominatedMDREffectiveFromDate": days(5)}
    advanced = {"proposedDataServiceDIPID": ADS, "proposedDataServiceMPID": "ADSA", **SEGMENT_CHANGE, **day}
    assert codes(metering_point(), data_request(SUPPLIER, None, **advanced)) == ("REG1035",)
    assert codes(metering_point(), data_request(SUPPLIER, None, **advanced, **HALF_HOURLY)) == ()


def test_reg1031_for_a_data_service_of_another_segment() -> None:
    request = data_request(proposedDataServiceDIPID=ADS, proposedDataServiceMPID="ADSA")
    assert codes(switching_point(), request) == ("REG1031",)


def test_a_segment_change_takes_a_provider_of_another_segment_but_not_of_another_kind() -> None:
    advanced = {"proposedMeteringServiceDIPID": MSA, "proposedMeteringServiceMPID": "MSAA"}
    data = {"proposedMeteringServiceDIPID": SDS, "proposedMeteringServiceMPID": "SDSA"}
    assert codes(metering_point(), by_current(**SEGMENT_CHANGE, **advanced)) == ()
    assert codes(metering_point(), by_current(**SEGMENT_CHANGE, **data)) == ("REG1031",)


@pytest.mark.parametrize(
    "date",
    [
        "2026-04-04T00:00:00+01:00",  # the day after the supply start date
        "2026-04-03T00:00:00+00:00",  # one o'clock in British Summer Time
        "2026-04-03T12:00:00+01:00",
        "this date is no date text",  # 25 characters are all that the schema asks for
    ],
)
def test_reg1032_when_a_switch_appointment_does_not_start_with_the_supply(date: str) -> None:
    assert "REG1032" in codes(switching_point(), metering_request(**{FROM: date}))


def test_the_supply_start_date_may_be_written_in_another_offset() -> None:
    assert codes(switching_point(), metering_request(**{FROM: "2026-04-02T23:00:00+00:00"})) == ()


def test_reg1032_when_a_change_begins_before_the_appointment_it_replaces() -> None:
    point = metering_point(meteringServiceEffectiveFromDate=days(10))
    assert codes(point, by_current(**CHANGE, **{FROM: days(10)})) == ("REG1032",)
    assert codes(point, by_current(**CHANGE, **{FROM: days(11)})) == ()


def test_reg1032_when_a_change_begins_before_the_suppliers_own_supply() -> None:
    point = metering_point(supplierEffectiveFromDate=days(10))
    assert codes(point, by_current(**CHANGE, **{FROM: days(9)})) == ("REG1032",)


def test_reg1033_for_alignment_which_is_the_registers_own() -> None:
    assert codes(metering_point(), by_current(appointmentScenario="ALG")) == ("REG1033",)


def test_reg1033_when_a_change_of_supplier_comes_after_the_supply_start_date() -> None:
    late = datetime(2026, 4, 4, 9, 0, tzinfo=UTC)
    assert codes(switching_point(), metering_request(), late) == ("REG1033", "REG1034")


def test_reg1033_when_the_switch_was_cancelled() -> None:
    point = switching_point()
    cancelled = point.switches[0].model_copy(update={"status": SwitchStatus.CANCELLED})
    assert codes(point.with_switch(cancelled), metering_request()) == ("REG1033",)


def test_reg1034_when_an_appointment_is_in_the_past() -> None:
    assert codes(metering_point(), by_current(**CHANGE, **{FROM: days(-1)})) == ("REG1034",)
    assert codes(metering_point(), by_current(**CHANGE, **{FROM: days(0)})) == ()


def test_reg1034_counts_uk_days() -> None:
    """Half past eleven in the evening, UTC, is tomorrow in British Summer Time."""
    evening = datetime(2026, 4, 2, 23, 30, tzinfo=UTC)
    on_second_of_april = by_current(**CHANGE, **{FROM: "2026-04-02T00:00:00+01:00"})
    assert codes(metering_point(), on_second_of_april, evening) == ("REG1034",)


def test_reg1036_when_the_meter_data_retriever_starts_before_the_supplier_does() -> None:
    early = data_request(supplierNominatedMDREffectiveFromDate=days(13))
    assert codes(switching_point(), early) == ("REG1036", "REG1083")


def test_reg1083_when_the_meter_data_retriever_starts_after_the_supply() -> None:
    late = data_request(supplierNominatedMDREffectiveFromDate=days(15))
    assert codes(switching_point(), late) == ("REG1083",)


def data_change(mdr_from: int) -> Incoming:
    dates = {
        "proposedDataServiceDIPEffectiveFromDate": days(mdr_from),
        "supplierNominatedMDREffectiveFromDate": days(mdr_from),
    }
    return data_request(SUPPLIER, None, appointmentScenario="CSP", **dates)


def test_reg1082_when_the_meter_data_retriever_is_more_than_five_days_ahead() -> None:
    assert codes(metering_point(), data_change(5)) == ()
    assert codes(metering_point(), data_change(6)) == ("REG1082",)


def test_reg1038_when_the_mpan_is_the_export_side_of_a_pair() -> None:
    assert codes(switching_point(energyDirection="E"), metering_request()) == ("REG1038",)
    assert codes(switching_point(energyDirection="E", linked=None), metering_request()) == ()


def test_reg1039_when_the_mpan_is_the_secondary_of_related_mpans() -> None:
    secondary = {"primaryMPAN": "1000000000012", "secondaryMPAN": MPAN}
    assert codes(switching_point(related=secondary), metering_request()) == ("REG1039",)


@pytest.mark.parametrize("dip_id", [MSS, "2099999999"])
def test_reg1081_when_the_nominated_retriever_is_none(dip_id: str) -> None:
    request = data_request(supplierNominatedMDRDIPID=dip_id, supplierNominatedMDRMPID="MSSA")
    assert codes(switching_point(), request) == ("REG1081",)


def test_a_data_service_may_be_appointed_without_a_retriever() -> None:
    assert codes(switching_point(), data_request(**WITHOUT_RETRIEVER)) == ()


def test_reg1090_when_the_mpid_is_not_that_of_the_metering_service() -> None:
    assert codes(switching_point(), metering_request(proposedMeteringServiceMPID="MSSA")) == ("REG1090",)


def test_reg1090_when_nobody_has_that_dip_id() -> None:
    request = metering_request(proposedMeteringServiceDIPID="1299999999")
    assert codes(switching_point(), request) == ("REG1090",)


def test_reg1091_when_the_mpid_is_not_that_of_the_data_service() -> None:
    assert codes(switching_point(), data_request(proposedDataServiceMPID="SDSA")) == ("REG1091",)


def test_reg1092_when_the_mpid_is_not_that_of_the_retriever() -> None:
    assert codes(switching_point(), data_request(supplierNominatedMDRMPID="MDRB")) == ("REG1092",)


def test_reg1099_when_an_appointment_is_more_than_28_days_ahead() -> None:
    assert codes(metering_point(), by_current(**CHANGE, **{FROM: days(28)})) == ()
    assert codes(metering_point(), by_current(**CHANGE, **{FROM: days(29)})) == ("REG1099",)


def test_migration_scenarios_are_for_mpans_that_have_not_migrated() -> None:
    by_owner = by_current(appointmentScenario="MCA")
    assert codes(metering_point(), by_owner) == ("REG9007",)
    assert codes(metering_point(migrated=False), by_owner) == ()
    assert codes(metering_point(migrated=False), by_current(**CHANGE)) == ("REG9009",)


def test_reg9005_and_reg9006_who_may_migrate() -> None:
    point = switching_point(migrated=False)
    assert codes(point, metering_request(appointmentScenario="MCA")) == ("REG9005",)
    assert codes(point, by_current(appointmentScenario="MCS")) == ("REG0005", "REG9004", "REG9006")
    assert codes(point, metering_request(appointmentScenario="MCS")) == ()


def test_reg9004_ends_with_the_switch_of_the_other_supplier() -> None:
    point = switching_point(migrated=False)
    assert codes(point, by_current(appointmentScenario="MCA")) == ("REG9004",)
    cancelled, _ = tell(point, registration_status("Cancelled"))
    assert cancelled is not None
    assert codes(cancelled, by_current(appointmentScenario="MCA")) == ()


def test_every_broken_rule_is_reported_in_the_order_of_the_codes() -> None:
    request = metering_request(
        registration="unknown",
        proposedMeteringServiceMPID="WXYZ",
        proposedMeteringServiceDIPID=MSA,
        **{FROM: "2026-05-01T12:00:00+01:00"},
    )
    assert codes(switching_point(), request) == ("REG0005", "REG1031", "REG1032", "REG1090", "REG1099")
