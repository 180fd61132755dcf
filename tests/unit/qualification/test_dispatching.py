"""Orders to the harness: the right ones to the right services, the same IDs when given again."""

from __future__ import annotations

from typing import Any

import orjson

from backbone.journal.events import JOURNAL_TOPIC
from backbone.log import Record
from contracts import css
from services.qualification.binding import Binding
from services.qualification.dispatching import preparation, release
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
