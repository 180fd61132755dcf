"""Whatever the register holds about a site, every message about it keeps the published schema."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.identifiers import GSP_GROUPS, make_mpan
from services.registration.loading import metering_point as load
from services.registration.register import MeteringPoint
from tests.unit.messages import LDSO, MPAN, NOW, checked, sent
from tests.unit.registration.given import (
    MSS,
    REGS,
    SDS,
    SUPPLIER,
    data_answer,
    data_request,
    metering_answer,
    metering_request,
    pending,
    registration_status,
    tell,
)

METER_TYPES = ("S2A", "S2ADE", "S1", "N", "H", "RCAMR", "2CDEF", "MAIN_")
DATES = st.datetimes(datetime(2001, 1, 1), datetime(2026, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0).isoformat()
)
MPANS = st.integers(1, 10**9).map(lambda serial: make_mpan(10, serial))


def text(most: int, least: int = 1) -> st.SearchStrategy[str]:
    return st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789", min_size=least, max_size=most)


def meters(at_most: int = 3) -> st.SearchStrategy[list[dict[str, Any]]]:
    meter = st.fixed_dictionaries(
        {"meterID": text(10)},
        optional={
            "meterType": st.sampled_from(METER_TYPES),
            "manufacturersMakeAndType": text(60),
            "ESMEGUID": text(23),
            "meterLocation": st.sampled_from("ABCDEFGHIJKLMNOPRSTUVWXYZ"),
            "numberOfDisplayedRegisterDigits": st.integers(4, 8),
            "meterInstallationDate": DATES,
            "meterAssetProviderID": text(4, 4),
            "meterAssetProviderEffectiveFromDate": DATES,
        },
    )
    return st.lists(meter, max_size=at_most)


LINKED = st.fixed_dictionaries(
    {"linkedImportExportMPAN": MPANS, "linkedMPANEnergyDirection": st.sampled_from("IE")},
    optional={
        "importExportMPANSupplierDIPID": st.just(SUPPLIER),
        "importExportMPANSupplierMPID": st.just("SUPA"),
        "meters": meters(2),
    },
)
RELATED = st.fixed_dictionaries(
    {"primaryMPAN": st.just(MPAN), "secondaryMPAN": MPANS}, optional={"meters": meters(2)}
)
SITES = st.fixed_dictionaries(
    {
        "distributorDIPID": st.just(LDSO),
        "supplierDIPID": st.just(SUPPLIER),
        "supplierMPID": st.just("SUPA"),
    },
    optional={
        "GSPGroupID": st.sampled_from(sorted(GSP_GROUPS)),
        "connectionTypeIndicator": st.sampled_from("WLHEU"),
        "energyDirection": st.just("I"),
        "meteredIndicator": st.booleans(),
        "energisationStatus": st.sampled_from("EDU"),
        "domesticPremiseIndicator": st.booleans(),
        "DUOSTariffID": text(3),
        "annualConsumption": st.integers(0, 10**9 - 1).map(lambda kwh: f"{kwh}.125"),
        "annualConsumptionQualityIndicator": st.sampled_from("A12345D"),
        "DCCServiceFlag": st.sampled_from("AIN"),
        "IHDInstallStatus": st.sampled_from("IDEF"),
        "SMSOID": text(4, 4),
        "profileClass": st.integers(1, 8).map(str),
        "SSC": st.integers(1, 9999).map("{:04}".format),
        "customerDirectContractMeteringServiceDIPID": st.just(MSS),
        "customerDirectContractDataServiceDIPID": st.just(SDS),
        "meteringPointPostcode": text(10),
        **{f"addressLine{number}": text(40) for number in range(1, 10)},
        "meters": meters(),
        "linked": st.lists(LINKED, max_size=2),
        "related": RELATED,
        "since": DATES,
    },
)
SERVICES = st.sampled_from(
    [
        {},
        {"meteringServiceDIPID": MSS, "meteringServiceMPID": "MSSA"},
        {"dataServiceDIPID": SDS, "dataServiceMPID": "SDSA"},
        {
            "meteringServiceDIPID": MSS,
            "meteringServiceMPID": "MSSA",
            "dataServiceDIPID": SDS,
            "dataServiceMPID": "SDSA",
        },
    ]
)


def every_site(test: Callable[..., None]) -> Callable[..., None]:
    quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    return quick(given(SITES, SERVICES)(test))


def points(site: dict[str, Any], services: dict[str, Any]) -> MeteringPoint:
    return load(MPAN, REGS, {"siteData": site | services}, NOW)


def errors(outputs: Any) -> list[Any]:
    """What is wrong with the messages; warnings of the semantic rules do not count."""
    return [
        (out.interface, out.event, verdict.violations)
        for out in sent(outputs)
        if not (verdict := checked(out, "REGS")).valid
    ]


@every_site
def test_site_information_is_valid(site: dict[str, Any], services: dict[str, Any]) -> None:
    _, outputs = tell(points(site, services), pending())
    assert len(sent(outputs)) == 1
    assert errors(outputs) == []


@every_site
def test_everything_that_follows_is_valid(site: dict[str, Any], services: dict[str, Any]) -> None:
    point: MeteringPoint | None = points(site, services)
    story = [
        pending(),
        metering_request(),
        metering_answer(),
        data_request(),
        data_answer(),
        registration_status("SecuredActive"),
    ]
    for incoming in story:
        point, outputs = tell(point, incoming)
        assert sent(outputs), incoming.name
        assert errors(outputs) == []


@every_site
def test_a_metering_point_is_stored_without_loss(site: dict[str, Any], services: dict[str, Any]) -> None:
    point: MeteringPoint | None = points(site, services)
    for incoming in (pending(), metering_request(), metering_answer()):
        point, _ = tell(point, incoming)
    assert point is not None
    assert MeteringPoint.model_validate_json(point.model_dump_json()) == point
