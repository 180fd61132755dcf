"""The reference supplier: asks for the switch, then appoints its services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from backbone.clock import uk_midnight
from backbone.journal.events import Kind
from contracts import css
from contracts.envelope import MpanBlock, ResponseBlock
from participant.handlers import CssOut, DipOut, Incoming, JournalNote, Outgoing, World
from participant.parties import Party
from services.supplier_stub.handlers import registry
from services.supplier_stub.plans import Suppliers
from tests.unit import messages
from tests.unit.messages import CORRELATION, LDSO, MPAN, NOW, assert_valid, custom_block, publication

SUPPLY_START = uk_midnight(NOW, 14)
SUPPLIER, OTHER, MSS, SDS, MDR = (
    "2300000001",
    "2300000002",
    "1200000001",
    "1400000001",
    "2000000001",
)
WORLD = World([Party(SUPPLIER, "SUP", "SUPA"), Party(OTHER, "SUP", "SUPB")])
METERING = {"kind": "MS", "dipId": MSS, "mpid": "MSSA", "contractReference": "C-1"}
DATA = {
    "kind": "DS",
    "dipId": SDS,
    "mpid": "SDSA",
    "retriever": {"dipId": MDR, "mpid": "MDRA"},
    "fallbackReadFrequency": "M",
}


def order(name: str, to: str = SUPPLIER, **arguments: Any) -> Incoming:
    return Incoming("command", to, MPAN, name, None, arguments, f"order-{name}", "run-1")


def planned(*appointments: Mapping[str, Any], to: str = SUPPLIER) -> Incoming:
    return order("plan", to, supplyStartDate=SUPPLY_START.isoformat(), appointments=list(appointments))


def site(to: str = SUPPLIER) -> Incoming:
    return publication("PUB-002", "[GainMPANInfo]", {"B013": {"CSSRegistrationID": "reg-1"}}, to=to)


def tell(state: Suppliers | None, *incomings: Incoming) -> tuple[Suppliers, Sequence[Outgoing]]:
    outputs: Sequence[Outgoing] = ()
    for incoming in incomings:
        handler = registry.find(incoming)
        assert handler is not None
        state, outputs = handler(state, incoming, NOW, WORLD)
    assert state is not None
    return state, outputs


def sent(outputs: Sequence[Outgoing]) -> list[DipOut]:
    """The messages to the DIP, all of them valid."""
    assert_valid(outputs, "SUP")
    return messages.sent(outputs)


def test_a_plan_is_confirmed_in_the_journal() -> None:
    _, outputs = tell(None, planned(METERING))
    assert outputs == [JournalNote(Kind.HARNESS_PREPARED, {"command": "plan"})]


def test_the_supplier_asks_css_for_the_planned_switch() -> None:
    _, outputs = tell(None, planned(METERING), order("request_switch", registrationReference="QT-7"))

    (message,) = outputs
    assert isinstance(message, CssOut)
    assert (message.sender, message.to) == (SUPPLIER, "CSS")
    assert css.check(message.message) == ()
    header = css.header(message.message)
    assert (header.mpan, header.supplier_mpid, header.supply_start_date) == (MPAN, "SUPA", SUPPLY_START)
    assert message.message["data"]["supplierGeneratedReference"] == "QT-7"


def test_a_switch_can_be_asked_for_without_a_plan() -> None:
    _, outputs = tell(None, order("request_switch", supplyStartDate=SUPPLY_START.isoformat()))
    assert isinstance(outputs[0], CssOut)


def test_a_switch_without_a_date_is_a_fault_of_the_harness() -> None:
    with pytest.raises(ValueError):
        tell(None, order("request_switch"))


def test_a_supplier_outside_the_directory_is_a_fault_of_the_harness() -> None:
    with pytest.raises(LookupError):
        tell(None, order("request_switch", "2399999999", supplyStartDate=SUPPLY_START.isoformat()))


def test_site_information_leads_to_the_planned_metering_service_appointment() -> None:
    _, outputs = tell(None, planned(METERING), site())

    (request,) = sent(outputs)
    assert (request.interface, request.event, request.primary) == ("IF-031", "[MSApp]", ())
    assert request.mpan == MpanBlock(MPAN, LDSO, "_A")
    assert request.correlation_id == CORRELATION
    assert request.custom == {
        "B013": {"CSSRegistrationID": "reg-1"},
        "B070": {
            "proposedMeteringServiceDIPID": MSS,
            "proposedMeteringServiceMPID": "MSSA",
            "proposedMeteringServiceDIPEffectiveFromDate": "2026-04-03T00:00:00+01:00",
            "contractReferenceMeteringService": "C-1",
            "appointmentScenario": "COS",
        },
    }


def test_a_planned_data_service_is_appointed_too() -> None:
    _, outputs = tell(None, planned(METERING, DATA), site())

    assert [message.event for message in sent(outputs)] == ["[MSApp]", "[DSApp]"]
    block = custom_block(sent(outputs)[1])["B071"]
    assert block["supplierNominatedMDRMPID"] == "MDRA"
    assert block["supplierNominatedMDREffectiveFromDate"] == "2026-04-03T00:00:00+01:00"
    assert block["traditionalFallBackReadFrequency"] == "M"


def test_a_data_service_without_a_retriever_is_valid_too() -> None:
    _, outputs = tell(None, planned(DATA | {"retriever": None}), site())
    assert custom_block(sent(outputs)[0])["B071"]["supplierNominatedMDRDIPID"] is None


def test_a_plan_that_comes_after_the_site_information_is_carried_out_at_once() -> None:
    _, outputs = tell(None, site(), planned(METERING))
    assert [message.interface for message in sent(outputs)] == ["IF-031"]


def test_the_appointment_is_requested_once() -> None:
    _, outputs = tell(None, planned(METERING), site(), site())
    assert sent(outputs) == []


def test_without_a_plan_the_supplier_only_remembers() -> None:
    state, outputs = tell(None, site())
    assert outputs == []
    known = state.of(SUPPLIER).site
    assert known is not None
    assert known.registration_id == "reg-1"


@pytest.mark.parametrize(
    ("field", "value", "block_field"),
    [
        ("effectiveFromDate", "2026-04-05T00:00:00+01:00", "proposedMeteringServiceDIPEffectiveFromDate"),
        ("appointmentScenario", "CSP", "appointmentScenario"),
        ("mpid", "WXYZ", "proposedMeteringServiceMPID"),
    ],
)
def test_a_plan_may_be_wrong_on_purpose(field: str, value: str, block_field: str) -> None:
    _, outputs = tell(None, planned(METERING | {field: value}), site())
    assert custom_block(sent(outputs)[0])["B070"][block_field] == value


def test_a_plan_may_name_another_registration_or_none() -> None:
    _, outputs = tell(None, planned(METERING | {"registrationId": "wrong"}), site())
    assert custom_block(sent(outputs)[0])["B013"] == {"CSSRegistrationID": "wrong"}
    _, outputs = tell(None, planned(METERING | {"registrationId": ""}), site())
    assert "B013" not in custom_block(sent(outputs)[0])


def test_two_suppliers_of_one_mpan_keep_apart() -> None:
    state, outputs = tell(None, planned(METERING), site(OTHER))
    assert sent(outputs) == []
    assert state.of(SUPPLIER).site is None
    assert state.of(OTHER).plan is None


def test_the_outcome_is_remembered() -> None:
    rejected = ResponseBlock("R", ("REG0005 - CSS Registration Request ID is invalid or does not exist",))
    initial = publication("PUB-032", "[MSAppInitialResp]", {}, to=SUPPLIER, response=rejected)
    block = {"B007": {"responseCode": "A", "proposedAppointmentResponseCode": "SP000 - accepted"}}
    accepted = publication("PUB-035", "[MSAppAccepted]", block, to=SUPPLIER)
    state, _ = tell(None, planned(METERING), site(), initial, accepted)

    first, second = state.of(SUPPLIER).outcomes
    assert (first.interface, first.code, first.messages) == ("IF-032", "R", rejected.messages)
    assert (second.interface, second.code, second.messages) == ("IF-035", "A", ("SP000 - accepted",))
    assert Suppliers.model_validate_json(state.model_dump_json()) == state
