"""The metering services of the harness: they accept what they are asked, unless told otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from backbone.journal.events import Kind
from contracts import envelope, load_catalogue
from contracts.envelope import MpanBlock, Sender
from contracts.validation import Validator
from participant.handlers import DipOut, Incoming, JournalNote, Outgoing, World
from services.metering_service_stub.handlers import build_registry
from services.metering_service_stub.view import MeteringServiceView

NOW = datetime(2026, 3, 20, 10, 30, tzinfo=UTC)
MPAN, REGS, LDSO, SERVICE, OTHER = "1012345678903", "2200000001", "2500000001", "1200000001", "1200000002"
CATALOGUE = load_catalogue("2.1.0")
WORLD = World((), CATALOGUE)
REGISTRY = build_registry(CATALOGUE)
BLOCK = {
    "proposedMeteringServiceDIPID": SERVICE,
    "proposedMeteringServiceMPID": "MSSA",
    "proposedMeteringServiceDIPEffectiveFromDate": "2026-04-03T00:00:00+01:00",
    "contractReferenceMeteringService": None,
    "appointmentScenario": "COS",
}
CUSTOM: Mapping[str, Any] = {
    "B012": {
        "serviceProviderAppointmentRequestingSupplierDIPID": "2300000001",
        "serviceProviderAppointmentRequestingSupplierMPID": "SUPA",
    },
    "B013": {"CSSRegistrationID": "reg-1"},
    "B070": BLOCK,
    "B022": {"meteringPointPostcode": "NG1 1AA"},
}


def published(
    name: str = "PUB-033",
    event: str = "[MSAppSPRequest]",
    custom: Mapping[str, Any] = CUSTOM,
    to: str = SERVICE,
) -> Incoming:
    message = envelope.build(
        name.replace("PUB", "IF"),
        event,
        sender=Sender(REGS, "REGS"),
        now=NOW,
        custom=custom,
        mpan=MpanBlock(MPAN, LDSO, "_A"),
    )
    message = envelope.publication(
        message,
        transaction_id="T-1",
        at=NOW,
        correlation_id="CI-20260320-1",
        primary=(to,),
        secondary=(),
        always=(),
    )
    return Incoming("dip", to, MPAN, name, event, message, "T-1")


def answer_with(code: str, to: str = SERVICE) -> Incoming:
    return Incoming("command", to, MPAN, "answer_with", None, {"code": code}, "order-1", "run-1")


def tell(*incomings: Incoming) -> tuple[MeteringServiceView, Sequence[Outgoing]]:
    state: MeteringServiceView | None = None
    outputs: Sequence[Outgoing] = ()
    for incoming in incomings:
        handler = REGISTRY.find(incoming)
        assert handler is not None
        state, outputs = handler(state, incoming, NOW, WORLD)
    assert state is not None
    return state, outputs


def answer(outputs: Sequence[Outgoing]) -> DipOut:
    (out,) = outputs
    assert isinstance(out, DipOut)
    built = envelope.build(
        out.interface,
        out.event,
        sender=Sender(out.sender, "MSS"),
        now=NOW,
        custom=out.custom,
        mpan=out.mpan,
        primary=out.primary,
        correlation_id=out.correlation_id,
    )
    checked = Validator(CATALOGUE).check(built)
    assert checked.valid, checked.violations
    return out


def test_a_request_is_accepted() -> None:
    _, outputs = tell(published())

    out = answer(outputs)
    assert (out.sender, out.interface, out.event, out.primary) == (SERVICE, "IF-034", "[MSAppSPResponse]", ())
    assert (out.mpan, out.correlation_id) == (MpanBlock(MPAN, LDSO, "_A"), "CI-20260320-1")
    assert out.custom["B007"] == {
        "responseCode": "A",
        "proposedAppointmentResponseCode": "SP000 - Proposed Appointment ACCEPTED",
    }
    assert {name: out.custom[name] for name in ("B012", "B013", "B070")} == {
        name: CUSTOM[name] for name in ("B012", "B013", "B070")
    }


def test_a_request_outside_a_switch_is_answered_without_a_registration() -> None:
    custom = {name: block for name, block in CUSTOM.items() if name != "B013"}
    assert "B013" not in answer(tell(published(custom=custom))[1]).custom


def test_a_request_is_refused_with_the_code_that_was_ordered() -> None:
    _, prepared = tell(answer_with("SP004"))
    _, outputs = tell(answer_with("SP004"), published())

    assert prepared == [JournalNote(Kind.HARNESS_PREPARED, {"command": "answer_with"})]
    outcome = answer(outputs).custom["B007"]
    assert outcome["responseCode"] == "R"
    assert outcome["proposedAppointmentResponseCode"].startswith("SP004 - ")


def test_an_order_is_for_one_metering_service_and_can_be_taken_back() -> None:
    assert answer(tell(answer_with("SP004", OTHER), published())[1]).custom["B007"]["responseCode"] == "A"
    back = tell(answer_with("SP004"), answer_with("SP000"), published())[1]
    assert answer(back).custom["B007"]["responseCode"] == "A"


@pytest.mark.parametrize("code", ["", "REG0005", "SP4", "no"])
def test_an_order_with_no_such_code_is_a_fault_of_the_harness(code: str) -> None:
    with pytest.raises(ValueError):
        tell(answer_with(code))


@pytest.mark.parametrize(
    ("name", "event"), [("PUB-035", "[MSAppAccepted]"), ("PUB-036", "[MSAppActive]"), ("PUB-008", "[X]")]
)
def test_everything_else_is_remembered(name: str, event: str) -> None:
    state, outputs = tell(published(), published(name, event, {}))

    assert outputs == []
    assert [(one.publication, one.event) for one in state.received] == [
        ("PUB-033", "[MSAppSPRequest]"),
        (name, event),
    ]
    assert MeteringServiceView.model_validate_json(state.model_dump_json()) == state
