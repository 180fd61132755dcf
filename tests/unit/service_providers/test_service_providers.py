"""The harness's metering and data services: they accept what they are asked, unless told otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from backbone.journal.events import Kind
from contracts.envelope import MpanBlock
from participant.handlers import DipOut, Incoming, JournalNote, Outgoing, World
from participant.service_provider import (
    DATA_SERVICE,
    METERING_SERVICE,
    ServiceProvider,
    ServiceProviderView,
    provider_registry,
)
from tests.unit.messages import CATALOGUE, CORRELATION, LDSO, MPAN, NOW, assert_valid, publication, sent

DATE = "2026-04-03T00:00:00+01:00"
SHARED_BLOCKS: Mapping[str, Any] = {
    "B012": {
        "serviceProviderAppointmentRequestingSupplierDIPID": "2300000001",
        "serviceProviderAppointmentRequestingSupplierMPID": "SUPA",
    },
    "B013": {"CSSRegistrationID": "reg-1"},
    "B022": {"meteringPointPostcode": "NG1 1AA"},
}
METERING_BLOCK = {
    "proposedMeteringServiceDIPID": "1200000001",
    "proposedMeteringServiceMPID": "MSSA",
    "proposedMeteringServiceDIPEffectiveFromDate": DATE,
    "contractReferenceMeteringService": None,
    "appointmentScenario": "COS",
}
DATA_BLOCK = {
    "proposedDataServiceDIPID": "1400000001",
    "proposedDataServiceMPID": "SDSA",
    "proposedDataServiceDIPEffectiveFromDate": DATE,
    "contractReferenceDataService": None,
    "appointmentScenario": "COS",
    "supplierNominatedMDRDIPID": None,
    "supplierNominatedMDRMPID": None,
    "supplierNominatedMDREffectiveFromDate": None,
    "supplierProposedConsentGranularity": "H",
    "supplierProposedDomesticIndicator": True,
    "traditionalFallBackReadFrequency": None,
}


@dataclass(frozen=True)
class Kit:
    """One kind of service provider: two of them, in a DIP role, and how the first is proposed."""

    provider: ServiceProvider
    role: str
    service: str
    other: str
    proposal: str
    block: Mapping[str, Any]
    refusal: str

    def asked(self, leave_out: str = "") -> Incoming:
        """PUB-033: would you take the appointment?"""
        blocks = {**SHARED_BLOCKS, self.proposal: self.block}
        custom = {name: block for name, block in blocks.items() if name != leave_out}
        return publication("PUB-033", self.provider.event("AppSPRequest"), custom, to=self.service)

    def answer_with(self, code: str, to: str | None = None) -> Incoming:
        """The harness's order to answer with this code from now on."""
        return Incoming("command", to or self.service, MPAN, "answer_with", None, {"code": code}, "o-1")

    def tell(self, *incomings: Incoming) -> tuple[ServiceProviderView, Sequence[Outgoing]]:
        """What is known after several things came in, and what the last of them led to."""
        registry = provider_registry(self.provider, CATALOGUE)
        state: ServiceProviderView | None = None
        outputs: Sequence[Outgoing] = ()
        for incoming in incomings:
            handler = registry.find(incoming)
            assert handler is not None
            state, outputs = handler(state, incoming, NOW, World((), CATALOGUE))
        assert state is not None
        return state, outputs

    def answer(self, *incomings: Incoming) -> DipOut:
        """The valid IF-034 that the last of these led to."""
        _, outputs = self.tell(*incomings)
        assert_valid(outputs, self.role)
        (out,) = sent(outputs)
        return out


METERING = Kit(METERING_SERVICE, "MSS", "1200000001", "1200000002", "B070", METERING_BLOCK, "SP004")
DATA = Kit(DATA_SERVICE, "SDS", "1400000001", "1400000002", "B071", DATA_BLOCK, "DS003")

pytestmark = pytest.mark.parametrize("kit", [METERING, DATA], ids=["metering", "data"])


def test_a_request_is_accepted(kit: Kit) -> None:
    out = kit.answer(kit.asked())

    event = {"MSS": "[MSAppSPResponse]", "SDS": "[DSAppSPResponse]"}[kit.role]
    assert (out.sender, out.interface, out.event, out.primary) == (kit.service, "IF-034", event, ())
    assert (out.mpan, out.correlation_id) == (MpanBlock(MPAN, LDSO, "_A"), CORRELATION)
    accepted = {
        "responseCode": "A",
        "proposedAppointmentResponseCode": "SP000 - Proposed Appointment ACCEPTED",
    }
    echoed = {name: SHARED_BLOCKS[name] for name in ("B012", "B013")}
    assert out.custom == {"B007": accepted, **echoed, kit.proposal: kit.block}


def test_a_request_outside_a_switch_is_answered_without_a_registration(kit: Kit) -> None:
    custom = kit.answer(kit.asked(leave_out="B013")).custom
    assert custom is not None
    assert "B013" not in custom


def test_a_request_is_refused_with_the_code_that_was_ordered(kit: Kit) -> None:
    _, prepared = kit.tell(kit.answer_with(kit.refusal))
    assert prepared == [JournalNote(Kind.HARNESS_PREPARED, {"command": "answer_with"})]

    outcome = (kit.answer(kit.answer_with(kit.refusal), kit.asked()).custom or {})["B007"]
    assert outcome["responseCode"] == "R"
    assert outcome["proposedAppointmentResponseCode"] == CATALOGUE.code_text(kit.refusal)


def test_an_order_is_for_one_service_and_can_be_taken_back(kit: Kit) -> None:
    for orders in (
        [kit.answer_with(kit.refusal, kit.other)],
        [kit.answer_with(kit.refusal), kit.answer_with("SP000")],
    ):
        assert (kit.answer(*orders, kit.asked()).custom or {})["B007"]["responseCode"] == "A"


@pytest.mark.parametrize("code", ["", "REG0005", "SP4", "no", "SP777", "MSG0000", "sp004"])
def test_an_order_with_no_such_code_is_a_fault_of_the_harness(kit: Kit, code: str) -> None:
    with pytest.raises(ValueError, match="is no response code of "):
        kit.tell(kit.answer_with(code))


def test_only_data_services_refuse_for_reasons_of_theirs(kit: Kit) -> None:
    assert kit.provider.has_code("DS003", CATALOGUE) is (kit is DATA)
    assert kit.provider.has_code("SP099", CATALOGUE)


@pytest.mark.parametrize(
    ("name", "what"), [("PUB-035", "AppAccepted"), ("PUB-036", "AppActive"), ("PUB-008", "Other")]
)
def test_everything_else_is_remembered(kit: Kit, name: str, what: str) -> None:
    event = kit.provider.event(what)
    state, outputs = kit.tell(kit.asked(), publication(name, event, {}, to=kit.service))

    assert outputs == []
    assert [(one.publication, one.event, one.to) for one in state.received] == [
        ("PUB-033", kit.provider.event("AppSPRequest"), kit.service),
        (name, event, kit.service),
    ]
    assert ServiceProviderView.model_validate_json(state.model_dump_json()) == state
