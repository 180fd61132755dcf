"""The market-wide data service takes consumption or says what is wrong; the MDR does as it is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from contracts.envelope import MpanBlock, ResponseBlock, Sender
from participant.consumption import Consumption
from participant.handlers import DipOut, Incoming, World
from participant.parties import Party
from services.central_services_stub.handlers import CentralView, build_registry
from tests.unit.messages import CATALOGUE, CORRELATION, LDSO, MPAN, NOW, assert_valid, publication, sent

MDS, LSS, MDR, SDS = "1700000001", "1800000001", "2000000001", "1400000001"
WORLD = World([Party(MDS, "MDS", "MDSA"), Party(LSS, "LSS", "LSSA"), Party(MDR, "MDR", "MDRA")], CATALOGUE)
REGISTRY = build_registry(CATALOGUE)
Spoil = Callable[[Any], Any]


def tell(state: CentralView | None, incoming: Incoming) -> tuple[CentralView, list[DipOut]]:
    handler = REGISTRY.find(incoming)
    assert handler is not None
    after, outputs = handler(state, incoming, NOW, WORLD)
    assert isinstance(after, CentralView)
    return after, sent(outputs)


def consumption(spoil: Spoil | None = None, to: str = MDS, **arguments: Any) -> Incoming:
    """PUB-021 for the day before yesterday; ``spoil`` changes its custom block."""
    order = Consumption.model_validate({"day": "2026-03-18"} | arguments)
    custom = dict(order.submission(SDS, NOW).blocks)
    if spoil:
        spoil(custom)
    return publication("PUB-021", order.event, custom, to=to, sender=Sender(SDS, "SDS"))


def energisation(status: str, response: str = "A") -> Incoming:
    block = {"energisationStatus": status, "energisationStatusEffectiveFromDate": "2026-03-01T00:00:00+00:00"}
    custom = {"B025": block}
    return publication(
        "PUB-008", "[EnergisationStatusChange]", custom, to=MDS, response=ResponseBlock(response)
    )


def disconnection(event: str = "[MPANDisconnection]") -> Incoming:
    return publication("PUB-009", event, {}, to=MDS)


def codes(state: CentralView | None, incoming: Incoming) -> list[str]:
    _, answers = tell(state, incoming)
    return [text.split(" ")[0] for one in answers if one.response for text in one.response.messages]


def period(number: int, **changes: Any) -> Spoil:
    """Change one half hour of the message."""
    return lambda custom: periods(custom)[number].update(changes)


def periods(custom: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = custom["B900"]["settlementDayConsumptionPeriods"][0]["consumptionPeriods"]
    return found


def settlement_day(text: str) -> Spoil:
    def spoil(custom: Any) -> None:
        custom["B900"]["settlementDayConsumptionPeriods"][0]["settlementDay"]["settlementDayDate"] = text

    return spoil


def test_consumption_in_order_is_taken_without_a_word() -> None:
    view, answers = tell(None, consumption())
    assert answers == []
    assert [one.publication for one in view.received] == ["PUB-021"]


@pytest.mark.parametrize(
    ("incoming", "broken"),
    [
        (consumption(measurementQuantity="RI"), ["ECS1002"]),
        (consumption(measurementQuantity="AE"), []),
        (consumption(event="[ReactivePower]"), []),
        (consumption(day="2024-12-01"), ["ECS1003"]),
        (consumption(day="2025-03-01"), []),
        (consumption(period(0, sp="2026-03-18T00:40:00+00:00")), ["ECS1005", "ECS1007"]),
        (consumption(period(47, sp="2026-03-19T00:30:00+00:00")), ["ECS1005"]),
        (consumption(period(3, sp="this is no date and time!")), ["ECS1005"]),
        (consumption(period(1, sp="2026-03-18T00:30:00+00:00")), ["ECS1006"]),
        (consumption(period(5, v="-0.001")), ["ECS1010"]),
        (consumption(quality="ZE", estimationReason="5"), ["ECS1011"]),
        (consumption(quality="ZE", estimationReason="5", consumption="0.000"), []),
        (consumption(connectionTypeFrom="2026-03-18T12:00:00+00:00"), ["ECS1013"]),
        (consumption(settlement_day("2026-03-18T01:00:00+00:00")), ["ECS1005", "ECS1014"]),
        (consumption(quality="E1"), ["ECS1015"]),
        (consumption(quality="E1", estimationReason="9"), ["ECS1016"]),
        (consumption(quality="E1", estimationReason="9", amendmentReason="M"), []),
        (consumption(ukDay="2025-10-26", day=None), []),
        (consumption(ukDay="2025-03-30", day=None), []),
    ],
)
def test_each_rule_has_its_code(incoming: Incoming, broken: list[str]) -> None:
    assert codes(None, incoming) == broken


def test_a_rejection_repeats_the_consumption_to_the_data_service_that_sent_it() -> None:
    incoming = consumption(period(5, v="-0.001"))
    _, (answer,) = tell(None, incoming)
    assert_valid([answer], "MDS")
    assert (answer.sender, answer.interface, answer.event) == (MDS, "IF-014", "[ActivePowerRejected]")
    assert (answer.primary, answer.correlation_id) == ((SDS,), CORRELATION)
    assert answer.mpan == MpanBlock(MPAN, LDSO, "_A")
    assert answer.response == ResponseBlock("R", (CATALOGUE.code_text("ECS1010"),))
    assert answer.custom == incoming.message["payload"]["CustomBlock"]


def test_the_load_shaping_service_answers_nothing() -> None:
    assert tell(None, consumption(period(5, v="-0.001"), to=LSS))[1] == []


def test_a_de_energised_mpan_has_actual_consumption_only_and_a_warning_if_there_is_any() -> None:
    view, _ = tell(None, energisation("D"))
    assert codes(view, consumption(quality="E1", estimationReason="2", consumption="0.000")) == ["ECS1008"]
    _, (warning,) = tell(view, consumption())
    assert_valid([warning], "MDS")
    assert (warning.event, warning.response) == ("[ConsumptionOnDeEnergisedMPAN]", ResponseBlock("W"))
    assert tell(view, consumption(consumption="0.000"))[1] == []


def test_a_rejected_change_of_energisation_changes_nothing_and_a_new_one_does() -> None:
    view, _ = tell(None, energisation("E"))
    view, _ = tell(view, energisation("D", response="R"))
    assert tell(view, consumption())[1] == []
    view, _ = tell(view, energisation("D"))
    view, _ = tell(view, energisation("E"))
    assert tell(view, consumption())[1] == []


def test_a_disconnected_mpan_has_no_consumption_until_it_is_connected_again() -> None:
    view, _ = tell(None, disconnection())
    assert codes(view, consumption()) == ["ECS1009"]
    view, _ = tell(view, disconnection("[MPANReconnection]"))
    assert codes(view, consumption()) == []


def test_a_meter_data_retriever_starts_as_it_is_asked() -> None:
    custom = {
        "B019": {
            "assignedMDRDIPID": MDR,
            "assignedMDRMPID": "MDRA",
            "assignedMDREffectiveFromDate": "2026-03-21T00:00:00+00:00",
        },
        "B078": {"energyDirection": "I"},
        "B025": {
            "energisationStatus": "E",
            "energisationStatusEffectiveFromDate": "2026-03-01T00:00:00+00:00",
        },
        "B068": {
            "consentGranularity": "H",
            "consentGranularityEffectiveFromDate": "2026-03-01T00:00:00+00:00",
        },
    }
    incoming = publication("PUB-061", "[MDRStart]", custom, to=MDR, sender=Sender(SDS, "SDS"))
    _, (answer,) = tell(None, incoming)
    assert_valid([answer], "MDR")
    assert (answer.interface, answer.event, answer.primary) == ("IF-062", "[MDRStartResponse]", (SDS,))
    assert (answer.response, answer.custom) == (ResponseBlock("A"), custom)
