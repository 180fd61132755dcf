"""A data service is asked to amend consumption (IF-027) and answers (IF-028)."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.envelope import Sender
from participant.handlers import Incoming, Outgoing, World
from participant.service_provider import DATA_SERVICE, ServiceProviderView, provider_registry
from tests.unit.messages import CATALOGUE, MPAN, NOW, assert_valid, publication, sent

DATE = "2026-04-03T00:00:00+01:00"


def amendment() -> Incoming:
    """PUB-027: amend the consumption, please."""
    request = {
        "consumptionAmendmentSupplierReference": "AMEND-1",
        "consumptionAmendmentPeriodStartDate": DATE,
        "consumptionAmendmentPeriodEndDate": DATE,
        "grossRevisedConsumption": "12.500",
        "arc": "M",
    }
    asked = {"MQID": {"measurementQuantityID": "AI"}, "supplierConsumptionAmendmentRequests": [request]}
    return publication(
        "PUB-027",
        "[ConsumptionAmendment]",
        {"B902List": [asked]},
        to="1400000001",
        sender=Sender("2300000001", "SUP"),
    )


def answered(*incomings: Incoming) -> tuple[str, tuple[str, ...]]:
    """Code and texts of the answer to the last of these."""
    registry = provider_registry(DATA_SERVICE, CATALOGUE)
    state: ServiceProviderView | None = None
    outputs: Sequence[Outgoing] = ()
    for incoming in incomings:
        handler = registry.find(incoming)
        assert handler is not None
        state, outputs = handler(state, incoming, NOW, World((), CATALOGUE))
    (answer,) = sent(outputs)
    assert_valid([answer], "SDS")
    assert (answer.interface, answer.primary, answer.custom) == (
        "IF-028",
        ("2300000001",),
        amendment().message["payload"]["CustomBlock"],
    )
    assert answer.response is not None
    return answer.response.code, answer.response.messages


def refusing(reason: str | None, to: str = "1400000001") -> Incoming:
    return Incoming("command", to, MPAN, "refuse_amendments", None, {"reason": reason}, "o-1")


def test_a_data_service_accepts_consumption_amendments_unless_told_otherwise() -> None:
    assert answered(amendment()) == ("A", ())
    assert answered(refusing("No such meter"), amendment()) == ("R", ("No such meter",))
    assert answered(refusing("No such meter", to="1400000002"), amendment()) == ("A", ())
    assert answered(refusing("No such meter"), refusing(None), amendment()) == ("A", ())
