"""What any party of the harness is ordered to send: valid messages, changed as the order says."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from backbone.journal.events import Kind
from contracts import envelope
from contracts.errors import SampleImpossible, UnknownVariant
from participant.handlers import DipOut, HandlerRegistry, Incoming, JournalNote, WholeOut, World
from participant.parties import Party
from participant.party_orders import take_orders
from participant.received import Received
from participant.standing_back import spoken
from tests.unit.messages import CATALOGUE, LDSO, MPAN, VALIDATOR

NOW = datetime(2026, 6, 10, 9, 30, tzinfo=UTC)
SDS, SUPPLIER = "1400000001", "2300000001"
WORLD = World([Party(SDS, "SDS", "SDSA"), Party(LDSO, "LDSO", "LDSA")], CATALOGUE, environment="SIT")
REGISTRY = HandlerRegistry(Received)
take_orders(REGISTRY)


def tell(name: str, arguments: dict[str, Any], world: World = WORLD, order: str = "o-1") -> WholeOut:
    """What an order makes the data service send."""
    incoming = Incoming("command", SDS, MPAN, name, None, arguments, order, "run-1")
    handler = REGISTRY.find(incoming)
    assert handler is not None
    _, (out, note) = handler(None, incoming, NOW, world)
    assert isinstance(out, WholeOut)
    assert note == JournalNote(Kind.HARNESS_PREPARED, {"command": name})
    return out


def sent(**arguments: Any) -> dict[str, Any]:
    (message,) = tell("send", arguments).messages
    return dict(message)


def days(**arguments: Any) -> list[tuple[str, list[str]]]:
    """The settlement days of a consumption message with the ends of their periods."""
    (message,) = tell("send_consumption", arguments).messages
    assert VALIDATOR.check(message).valid
    periods = envelope.custom(message)["B900"]["settlementDayConsumptionPeriods"]
    return [
        (day["settlementDay"]["settlementDayDate"][:10], [one["sp"] for one in day["consumptionPeriods"]])
        for day in periods
    ]


@pytest.mark.parametrize("interface", ["IF-005", "IF-007", "IF-019", "IF-021", "IF-024", "IF-025", "IF-041"])
def test_every_event_of_an_interface_can_be_sent_without_saying_more(interface: str) -> None:
    for event in CATALOGUE.interfaces[interface].events:
        message = sent(interface=interface, event=event)
        header = envelope.header(message)
        assert (header.sender, header.role, header.environment) == (SDS, "SDS", "SIT")
        assert (header.mpan, header.distributor_dip_id) == (MPAN, LDSO)
        assert VALIDATOR.check(message).valid, event


def test_blocks_replace_what_was_made_up_and_null_leaves_one_out() -> None:
    block = {"energisationStatus": "D", "energisationStatusEffectiveFromDate": "2026-06-10T00:00:00+01:00"}
    order: dict[str, Any] = {"interface": "IF-007", "event": "[EnergisationStatusChange]"}
    assert envelope.custom(sent(**order, blocks={"B025": block})) == {"B025": block}
    assert envelope.custom(sent(**order, blocks={"B025": None})) == {}


def test_fields_are_set_last_by_pointer() -> None:
    pointer = "/payload/CommonBlock/S1/senderDIPID"
    message = sent(interface="IF-015", event="[ConsumptionReplay]", fields={pointer: SUPPLIER})
    assert envelope.header(message).sender == SUPPLIER
    assert "CustomBlock" not in message["payload"]


def test_an_answer_carries_the_official_texts_of_its_codes() -> None:
    response = {"code": "R", "codes": ["REG1020"], "messages": ["and that is that"]}
    order: dict[str, Any] = {"interface": "IF-028", "event": "[ConsumptionAmendment]"}
    header = envelope.header(sent(**order, response=response, recipients=[SUPPLIER], correlationId="CI-1"))
    assert header.response_code == "R"
    assert header.response_messages == (CATALOGUE.code_text("REG1020"), "and that is that")
    assert (header.primary, header.correlation_id) == ((SUPPLIER,), "CI-1")
    assert envelope.header(sent(**order)).response_code == "A"


def test_the_same_order_given_again_is_the_same_message() -> None:
    order = {"interface": "IF-015", "event": "[ConsumptionReplay]"}
    assert tell("send", order) == tell("send", order)
    assert tell("send", order) != tell("send", order, order="o-2")
    twice = [envelope.header(sent(**order, reference="aa")).reference for _ in "12"]
    assert twice[0] == twice[1] == f"S-IF-015-{SDS}-SDS-20260610-aa"


def test_a_batch_is_one_post_with_a_reference_for_each_message() -> None:
    one = {"interface": "IF-015", "event": "[ConsumptionReplay]"}
    out = tell("send_batch", {"messages": [one, one | {"mpan": "1000000000012"}], "mayBeRefused": True})
    headers = [envelope.header(message) for message in out.messages]
    assert len({header.reference for header in headers}) == 2
    assert [header.mpan for header in headers] == [MPAN, "1000000000012"]
    assert out.may_be_refused


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ({"interface": "IF-015"}, ValidationError),
        ({"interface": "IF-015", "event": "[ConsumptionReplay]", "filds": {}}, ValidationError),
        ({"interface": "IF-007", "event": "[NoSuchEvent]"}, UnknownVariant),
        ({"interface": "IF-015", "event": "[ConsumptionReplay]", "fields": {"/no/way": 1}}, SampleImpossible),
    ],
)
def test_an_order_that_makes_no_message_is_refused(arguments: dict[str, Any], fault: type[Exception]) -> None:
    with pytest.raises(fault):
        tell("send", arguments)


def test_a_batch_of_two_interfaces_is_refused() -> None:
    two = [
        {"interface": "IF-015", "event": "[ConsumptionReplay]"},
        {"interface": "IF-021", "event": "[ActivePower]"},
    ]
    with pytest.raises(ValidationError, match="one channel"):
        tell("send_batch", {"messages": two})


def test_nothing_is_sent_as_a_party_or_through_a_distributor_that_nobody_knows() -> None:
    order = {"interface": "IF-015", "event": "[ConsumptionReplay]"}
    with pytest.raises(LookupError, match=SDS):
        tell("send", order, World([Party(LDSO, "LDSO", "LDSA")], CATALOGUE))
    with pytest.raises(LookupError, match="distributor"):
        tell("send", order, World([Party(SDS, "SDS", "SDSA")], CATALOGUE))


def test_a_settlement_day_has_48_half_hours_named_by_their_ends() -> None:
    ((day, ends),) = days(day="2026-06-09")
    assert (day, len(ends)) == ("2026-06-09", 48)
    assert (ends[0], ends[-1]) == ("2026-06-09T00:30:00+00:00", "2026-06-10T00:00:00+00:00")


@pytest.mark.parametrize(
    ("uk_day", "expected"),
    [
        ("2026-01-15", [("2026-01-15", 48)]),
        ("2026-06-09", [("2026-06-08", 2), ("2026-06-09", 46)]),
        ("2026-03-29", [("2026-03-29", 46)]),
        ("lastSpringChange", [("2026-03-29", 46)]),
        ("2025-10-26", [("2025-10-25", 2), ("2025-10-26", 48)]),
        ("lastAutumnChange", [("2025-10-25", 2), ("2025-10-26", 48)]),
        ("2026-06-09T00:00:00+01:00", [("2026-06-08", 2), ("2026-06-09", 46)]),
    ],
)
def test_a_uk_day_has_46_48_or_50_half_hours_in_the_settlement_days_they_fall_in(
    uk_day: str, expected: list[tuple[str, int]]
) -> None:
    assert [(day, len(ends)) for day, ends in days(ukDay=uk_day)] == expected


def test_the_periods_carry_what_the_order_says_of_them() -> None:
    values = [f"{number}.000" for number in range(48)]
    arguments = {
        "day": "2026-06-09",
        "event": "[ReactivePower]",
        "consumption": values,
        "quality": "E1",
        "estimationReason": "2",
    }
    (message,) = tell("send_consumption", arguments).messages
    block = envelope.custom(message)["B900"]
    periods = block["settlementDayConsumptionPeriods"][0]["consumptionPeriods"]
    assert block["MQID"] == {"measurementQuantityID": "RI"}
    assert [one["v"] for one in periods] == values
    assert {(one["q"], one["e"], one["arc"]) for one in periods} == {("E1", "2", None)}


@pytest.mark.parametrize(
    "arguments",
    [{}, {"day": "2026-06-09", "ukDay": "2026-06-09"}, {"day": "2026-06-09", "consumption": ["1"]}],
)
def test_a_day_has_to_be_named_once_and_its_values_counted(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"one of day, ukDay|48 half hours"):
        tell("send_consumption", arguments)


def test_a_party_that_stands_back_keeps_silent_about_what_is_named() -> None:
    incoming = Incoming("command", SDS, MPAN, "stand_back", None, {"interfaces": ["IF-034"]}, "o-1")
    handler = REGISTRY.find(incoming)
    assert handler is not None
    silent, _ = handler(None, incoming, NOW, WORLD)
    answer, reading = (DipOut(SDS, name, "[E]", {}) for name in ("IF-034", "IF-041"))
    other = DipOut("1400000002", "IF-034", "[E]", {})
    ordered = WholeOut(SDS, "IF-034", [{}])
    note = JournalNote(Kind.HARNESS_PREPARED)
    assert spoken(silent, [answer, reading, other, ordered, note]) == [reading, other, ordered, note]

    everything = Incoming("command", SDS, MPAN, "stand_back", None, {}, "o-2")
    mute, _ = handler(silent, everything, NOW, WORLD)
    assert spoken(mute, [answer, reading, other]) == [other]

    again = Incoming("command", SDS, MPAN, "stand_back", None, {"silent": False}, "o-3")
    speaking, _ = handler(mute, again, NOW, WORLD)
    assert spoken(speaking, [answer, reading]) == [answer, reading]
    assert spoken(None, [answer]) == [answer]
