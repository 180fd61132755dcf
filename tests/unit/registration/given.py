"""A small market for the tests of the registration service: parties, one metering point, messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from backbone.clock import uk_midnight
from contracts import css
from contracts.envelope import MpanBlock, Sender
from participant.handlers import DipOut, Incoming, Outgoing, World
from participant.parties import Party
from services.registration.handlers import registry
from services.registration.register import MeteringPoint, uk_stamp
from tests.unit import messages
from tests.unit.messages import CATALOGUE, LDSO, MPAN, NOW, checked, sent

REGS = messages.REGISTRATION_SERVICE.dip_id
SUPPLIER, GAINING, OTHER_SUPPLIER = "2300000001", "2300000002", "2300000003"
MSS, NEW_MSS, MSA, UMSO = "1200000001", "1200000002", "1300000001", "1100000001"
SDS, NEW_SDS, ADS, UMSDS = "1400000001", "1400000002", "1500000001", "1600000001"
MDR = "2000000001"
SUPPLY_START = uk_midnight(NOW, 14)  # 3 April, in British Summer Time
REGISTRATION = "0d6f3b1e-3f5e-4f0a-9d1a-1c5a4d5b6c7d"

PARTIES = (
    Party(REGS, "REGS", "RGSA"),
    Party(SUPPLIER, "SUP", "SUPA"),
    Party(GAINING, "SUP", "SUPB"),
    Party(OTHER_SUPPLIER, "SUP", "SUPC"),
    Party(MSS, "MSS", "MSSA"),
    Party(NEW_MSS, "MSS", "MSSB"),
    Party(MSA, "MSA", "MSAA"),
    Party(UMSO, "UMSO", "UMSA"),
    Party(SDS, "SDS", "SDSA"),
    Party(NEW_SDS, "SDS", "SDSB"),
    Party(ADS, "ADS", "ADSA"),
    Party(UMSDS, "UMSDS", "UDSA"),
    Party(MDR, "MDR", "MDRA"),
    Party(LDSO, "LDSO", "LDSA"),
)
WORLD = World(PARTIES, CATALOGUE)

SITE: Mapping[str, Any] = {
    "distributorDIPID": LDSO,
    "supplierDIPID": SUPPLIER,
    "supplierMPID": "SUPA",
    "supplierEffectiveFromDate": "2024-01-10T00:00:00+00:00",
    "meteringServiceDIPID": MSS,
    "meteringServiceMPID": "MSSA",
    "dataServiceDIPID": SDS,
    "dataServiceMPID": "SDSA",
    "meteringPointPostcode": "NG1 1AA",
    "addressLine1": "1",
    "addressLine5": "TEST STREET",
    "DUOSTariffID": "801",
    "DCCServiceFlag": "A",
    "IHDInstallStatus": "I",
    "SMSOID": "TRIL",
    "profileClass": "1",
    "SSC": "0393",
    "annualConsumption": "3100.000",
    "consentGranularity": "D",
    "meters": [{"meterID": "K12B34567", "meterType": "S2A", "meterAssetProviderID": "MAP1"}],
    "linked": [
        {
            "linkedImportExportMPAN": "1000000000012",
            "linkedMPANEnergyDirection": "E",
            "meters": [{"meterID": "K12B34567", "meterAssetProviderID": "MAP1"}],
        }
    ],
    "related": {"primaryMPAN": MPAN, "secondaryMPAN": "1000000000021", "meters": [{"meterID": "K2"}]},
}
METERING_BLOCK: Mapping[str, Any] = {
    "proposedMeteringServiceDIPID": NEW_MSS,
    "proposedMeteringServiceMPID": "MSSB",
    "proposedMeteringServiceDIPEffectiveFromDate": uk_stamp(SUPPLY_START),
    "contractReferenceMeteringService": "CONTRACT-1",
    "appointmentScenario": "COS",
}
DATA_BLOCK: Mapping[str, Any] = {
    "proposedDataServiceDIPID": NEW_SDS,
    "proposedDataServiceMPID": "SDSB",
    "proposedDataServiceDIPEffectiveFromDate": uk_stamp(SUPPLY_START),
    "contractReferenceDataService": None,
    "appointmentScenario": "COS",
    "supplierNominatedMDRDIPID": MDR,
    "supplierNominatedMDRMPID": "MDRA",
    "supplierNominatedMDREffectiveFromDate": uk_stamp(SUPPLY_START),
    "supplierProposedConsentGranularity": "D",
    "supplierProposedDomesticIndicator": True,
    "traditionalFallBackReadFrequency": None,
}


def command(name: str, arguments: Mapping[str, Any]) -> Incoming:
    return Incoming("command", REGS, MPAN, name, None, arguments, f"command-{name}", "run-1")


def metering_point(**changes: Any) -> MeteringPoint:
    """The metering point of ``SITE``, with changed fields; None leaves a field out."""
    site = {name: value for name, value in {**SITE, **changes}.items() if value is not None}
    point, _ = tell(None, command("load_mpan", {"siteData": site}))
    assert point is not None
    return point


def pending(registration_id: str = REGISTRATION, mpid: str = "SUPB") -> Incoming:
    """CSS02800 for a switch to the supplier with this MPID."""
    request = css.switch_request(
        mpan=MPAN, supplier_mpid=mpid, supply_start_date=SUPPLY_START, registration_reference="R1", now=NOW
    )
    message = css.pending_registration(request, registration_id=registration_id, now=NOW)
    return Incoming("css", REGS, MPAN, "CSS02800", None, message, message["eventId"], sender="CSS")


def registration_status(status: str, registration_id: str = REGISTRATION) -> Incoming:
    """CSS02370 for the switch of ``pending``."""
    message = css.registration_status(pending(registration_id).message, status=status, now=NOW)
    return Incoming("css", REGS, MPAN, "CSS02370", None, message, message["eventId"], sender="CSS")


def switching_point(**changes: Any) -> MeteringPoint:
    """The metering point with a pending switch to the gaining supplier."""
    point, _ = tell(metering_point(**changes), pending())
    assert point is not None
    return point


def publication(
    name: str, event: str, sender: Sender, custom: Mapping[str, Any], mpan: str = MPAN
) -> Incoming:
    """A publication as the DIP delivers it to the registration service."""
    return messages.publication(name, event, custom, to=REGS, sender=sender, mpan=mpan)


def metering_request(
    supplier: str = GAINING, registration: str | None = REGISTRATION, mpan: str = MPAN, **block: Any
) -> Incoming:
    """PUB-031 [MSApp]; ``block`` changes fields of B070."""
    custom: dict[str, Any] = {"B070": {**METERING_BLOCK, **block}}
    if registration is not None:
        custom["B013"] = {"CSSRegistrationID": registration}
    return publication("PUB-031", "[MSApp]", Sender(supplier, "SUP"), custom, mpan=mpan)


def data_request(supplier: str = GAINING, registration: str | None = REGISTRATION, **block: Any) -> Incoming:
    """PUB-031 [DSApp]; ``block`` changes fields of B071."""
    custom: dict[str, Any] = {"B071": {**DATA_BLOCK, **block}}
    if registration is not None:
        custom["B013"] = {"CSSRegistrationID": registration}
    return publication("PUB-031", "[DSApp]", Sender(supplier, "SUP"), custom)


def tell(
    point: MeteringPoint | None, incoming: Incoming, now: datetime = NOW, world: World = WORLD
) -> tuple[MeteringPoint | None, Sequence[Outgoing]]:
    """Hand a thing to the service's handler for it."""
    handler = registry.find(incoming)
    assert handler is not None, f"nobody takes {incoming.name} {incoming.event}"
    return handler(point, incoming, now, world)


def assert_valid(outputs: Sequence[Outgoing]) -> None:
    """Every DIP message keeps the published schema and carries the right M0."""
    messages.assert_valid(outputs, "REGS")
    for out in sent(outputs):
        assert out.mpan == MpanBlock(out.mpan.mpan if out.mpan else "", LDSO, "_A")


B012 = {
    "serviceProviderAppointmentRequestingSupplierDIPID": GAINING,
    "serviceProviderAppointmentRequestingSupplierMPID": "SUPB",
}


def metering_answer(code: str = "SP000 - Proposed Appointment ACCEPTED", provider: str = NEW_MSS) -> Incoming:
    accepted = code.startswith("SP000")
    custom = {
        "B007": {"responseCode": "A" if accepted else "R", "proposedAppointmentResponseCode": code},
        "B012": B012,
        "B013": {"CSSRegistrationID": REGISTRATION},
        "B070": METERING_BLOCK,
    }
    return publication("PUB-034", "[MSAppSPResponse]", Sender(provider, "MSS"), custom)


def data_answer() -> Incoming:
    custom = {
        "B007": {"responseCode": "A", "proposedAppointmentResponseCode": None},
        "B012": B012,
        "B071": DATA_BLOCK,
    }
    return publication("PUB-034", "[DSAppSPResponse]", Sender(NEW_SDS, "SDS"), custom)


def after(point: MeteringPoint | None, *incomings: Incoming) -> tuple[MeteringPoint, list[DipOut]]:
    """The point after several things came in, and what the last of them led to."""
    outputs: Any = []
    for incoming in incomings:
        point, outputs = tell(point, incoming)
        assert_valid(outputs)
    assert point is not None
    return point, sent(outputs)


def names(messages: list[DipOut]) -> list[tuple[str, str]]:
    return [(message.interface, message.event) for message in messages]


def answer(point: MeteringPoint | None, incoming: Incoming) -> DipOut:
    """The one answer, which is valid. It echoes dates as they came, so it may earn a warning."""
    (out,) = sent(tell(point, incoming)[1])
    assert checked(out, "REGS").valid
    return out


def codes(point: MeteringPoint | None, incoming: Incoming) -> list[str]:
    """The codes of the one answer: it rejects where there are any, and accepts where there are none."""
    response = answer(point, incoming).response
    assert response is not None
    assert response.code == ("R" if response.messages else "A")
    return [text[:7] for text in response.messages]
