"""Orders to the harness: the right ones to the right services, the same IDs when given again."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
import pytest

from backbone.journal.events import JOURNAL_TOPIC, JournalEvent, Kind
from backbone.log import Record
from contracts import css
from services.qualification.binding import Binding
from services.qualification.dispatching import WITH_A_CLOCK, clock_orders, closing, preparation, release
from services.qualification.expressions import Unresolved
from services.qualification.format import Command, Step
from services.qualification.orders import unconfirmed
from tests.unit.qualification.given import BEGIN, MPAN, PARTICIPANT, binding, headline


def orders(records: list[Record]) -> list[tuple[str, str, str, dict[str, Any]]]:
    found = []
    for record in records:
        if record.topic != JOURNAL_TOPIC:
            fields = orjson.loads(record.value)
            found.append((record.topic, fields["name"], fields["to"], fields["arguments"]))
    return found


def prepared(bound: Binding) -> list[tuple[str, str, str]]:
    return [order[:3] for order in orders(preparation(headline(), bound, BEGIN))]


def test_a_participant_takes_no_orders() -> None:
    assert prepared(binding()) == [("harness.registration", "load_mpan", "2200000001")]
    assert unconfirmed(headline(), binding(), []) == [
        "load_mpan by dip_gateway",
        "load_mpan by registration",
    ]


def test_the_harness_supplier_is_told_what_to_do_when_its_turn_comes() -> None:
    assert prepared(binding({})) == [
        ("harness.registration", "load_mpan", "2200000001"),
        ("harness.supplier_stub", "plan", "2300000001"),
    ]


def test_a_participant_registration_service_is_announced_to_css_and_loads_its_own_mpan() -> None:
    assert prepared(binding({"REGS": "2200000001"})) == [
        ("harness.css_stub", "register_with", "2200000001"),
        ("harness.supplier_stub", "plan", "2300000001"),
    ]


def test_orders_are_keyed_by_mpan_and_have_the_same_ids_when_given_again() -> None:
    first, second = (preparation(headline(), binding(), BEGIN) for _ in range(2))
    assert first == second
    assert {record.key for record in first} == {MPAN}


def test_a_step_is_released_by_the_harness_only_where_the_harness_plays_it() -> None:
    step = headline().step(1)
    assert release(step, binding(), BEGIN) == []
    note, order = release(step, binding({}), BEGIN)
    assert note.topic == JOURNAL_TOPIC
    assert orders([order])[0][:3] == ("harness.supplier_stub", "request_switch", "2300000001")


def test_an_injected_message_is_a_whole_css_message_of_the_participant() -> None:
    _, order = release(headline().step(1), binding(injected=("CSS01700",)), BEGIN)
    ((topic, name, to, arguments),) = orders([order])
    assert (topic, name, to, arguments["onBehalfOf"]) == (
        "harness.css_stub",
        "inject",
        PARTICIPANT,
        PARTICIPANT,
    )
    assert css.check(arguments["message"]) == ()
    assert css.header(arguments["message"]).supplier_mpid == "ABCD"


def test_steps_that_follow_by_themselves_need_no_order() -> None:
    assert [release(step, binding({}), BEGIN) for step in headline().steps[1:]] == [[]] * 7


def advancing(moment: Any) -> Step:
    return headline().step(7).model_copy(update={"advance_to": moment, "release": ()})


def test_a_step_that_advances_the_clock_tells_every_service_how_far_ahead_it_is() -> None:
    bound = binding()
    records = release(advancing("${supplyStartDate}"), bound, BEGIN)
    told = orders(records)
    assert [topic for topic, *_ in told] == [f"harness.{service}" for service in WITH_A_CLOCK]
    days = datetime.fromisoformat(bound.values["supplyStartDate"]) - BEGIN
    assert {arguments["aheadSeconds"] for *_, arguments in told} == {days.total_seconds()}
    events = [JournalEvent.from_bytes(r.value) for r in records if r.topic == JOURNAL_TOPIC]
    assert [event.kind for event in events] == [Kind.CLOCK_ADVANCED, Kind.STEP_RELEASED]
    assert clock_orders(bound, events[0]) == [r for r in records if r.topic != JOURNAL_TOPIC]


@pytest.mark.parametrize("moment", ["2026-03-01T00:00:00+00:00", "${currentFromDate}"])
def test_a_moment_that_has_passed_moves_no_clock(moment: str) -> None:
    assert release(advancing(moment), binding(), BEGIN) == []


@pytest.mark.parametrize("moment", ["soon", "2026-03-12", "${mpan}"])
def test_what_is_no_moment_cannot_be_advanced_to(moment: str) -> None:
    with pytest.raises(ValueError, match="step 7 advances to"):
        release(advancing(moment), binding(), BEGIN)


def test_a_run_that_made_things_go_wrong_ends_that_when_it_ends() -> None:
    ends_nothing = {"service": "dip_gateway", "to": "SUPI", "command": "deliver_again"}
    spoils = ends_nothing | {"command": "fault", "arguments": {"fault": "drop"}}
    for command, told in ((ends_nothing, []), (spoils, [("harness.dip_gateway", "run_ended", "", {})])):
        scenario = headline().model_copy(update={"prepare": (Command.model_validate(command),)})
        assert orders(closing(scenario, binding())) == told
    assert closing(headline(), binding()) == []


def test_an_order_of_a_step_names_what_an_earlier_step_captured() -> None:
    order: dict[str, object] = {"service": "supplier_stub", "to": "SUPI", "command": "send"}
    order["arguments"] = {"quote": "${captured.registrationId}", "mpan": "${mpan}"}
    step = headline().steps[4].model_copy(update={"release": (Command.model_validate(order),)})
    bound = binding(participants={})
    (given,) = orders(release(step, bound, BEGIN, {"registrationId": "r-1"}))
    assert given[3] == {"quote": "r-1", "mpan": MPAN}
    with pytest.raises(Unresolved):
        release(step, bound, BEGIN, {})
