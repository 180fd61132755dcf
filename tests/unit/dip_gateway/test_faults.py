"""Fault rules: matching, counting, seeding; what they do to a publication."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from services.dip_gateway.errors import RequestInvalid
from services.dip_gateway.faults import Fault, FaultPlan, FaultRule, FaultSubject, read_rules
from services.dip_gateway.lanes import Item
from services.dip_gateway.mishaps import Latecomers, spoiled
from services.dip_gateway.spoiling import spoiled_body, spoiled_signature

NOW = datetime(2026, 3, 21, 12, 0, tzinfo=UTC)
SUBJECT = FaultSubject(party="2300000001", interface="IF-036", event="[X]", mpan="2000056535971")


def rule(**values: Any) -> FaultRule:
    return FaultRule(**({"name": "one", "fault": "drop"} | values))


def struck(plan: FaultPlan, times: int, subject: FaultSubject = SUBJECT) -> list[bool]:
    return [bool(plan.draw("delivery", [subject])) for _ in range(times)]


def test_a_rule_without_conditions_matches_everything() -> None:
    assert struck(FaultPlan(0, [rule()]), 3) == [True, True, True]


@pytest.mark.parametrize(
    "condition",
    [
        {"party": "2300000002"},
        {"interface": "IF-031"},
        {"event": "[Y]"},
        {"mpan": "1"},
        {"where": "intake", "fault": "delay"},
    ],
)
def test_every_condition_has_to_fit(condition: dict[str, str]) -> None:
    assert struck(FaultPlan(0, [rule(**condition)]), 1) == [False]


def test_a_rule_strikes_at_most_so_often() -> None:
    assert struck(FaultPlan(0, [rule(times=2)]), 4) == [True, True, False, False]


def test_the_same_seed_strikes_the_same_messages() -> None:
    first, second = (FaultPlan(7, [rule(probability=0.3)]) for _ in range(2))
    assert struck(first, 100) == struck(second, 100)
    assert struck(FaultPlan(8, [rule(probability=0.3)]), 100) != struck(
        FaultPlan(7, [rule(probability=0.3)]), 100
    )


def test_a_probability_is_kept_roughly() -> None:
    assert 230 < sum(struck(FaultPlan(1, [rule(probability=0.25)]), 1_000)) < 270


def test_what_one_rule_does_is_not_changed_by_another() -> None:
    alone = FaultPlan(7, [rule(probability=0.3)])
    beside = FaultPlan(7, [rule(probability=0.3), rule(name="two", fault="delay", probability=0.5)])
    one = [any(r.name == "one" for r in beside.draw("delivery", [SUBJECT])) for _ in range(50)]
    assert one == struck(alone, 50)


def test_only_the_kinds_asked_for_are_drawn_and_counted() -> None:
    plan = FaultPlan(0, [rule(times=1)])
    assert plan.draw("delivery", [SUBJECT], {Fault.DELAY}) == []
    assert len(plan.draw("delivery", [SUBJECT], {Fault.DROP})) == 1


def test_an_outage_lasts_its_hours() -> None:
    plan = FaultPlan()
    plan.put(rule(fault="outage", hours=72, party="2300000001").begun(NOW))
    assert plan.outage("delivery", "2300000001", NOW + timedelta(hours=71)) is not None
    assert plan.outage("delivery", "2300000001", NOW + timedelta(hours=72)) is None
    assert plan.outage("delivery", "2300000002", NOW) is None
    assert plan.outage("intake", "2300000001", NOW) is None


def test_an_outage_of_one_mpan_leaves_the_party_its_others() -> None:
    plan = FaultPlan(0, [rule(fault="outage", mpan=SUBJECT.mpan)])
    assert plan.outage("delivery", SUBJECT.party, NOW) is None
    assert plan.outage("delivery", SUBJECT.party, NOW, "1000000000012") is None
    assert plan.outage("delivery", SUBJECT.party, NOW, SUBJECT.mpan) is not None


def test_an_outage_is_no_fault_of_single_messages() -> None:
    plan = FaultPlan(0, [rule(fault="outage")])
    assert plan.draw("delivery", [SUBJECT]) == []


def test_a_rule_that_struck_before_strikes_only_as_often_as_is_left() -> None:
    plan = FaultPlan()
    plan.put(rule(times=5), remaining=2)
    assert struck(plan, 4) == [True, True, False, False]


def test_a_rule_that_was_exhausted_elsewhere_strikes_no_more() -> None:
    plan = FaultPlan(0, [rule(times=5)])
    plan.exhaust("one")
    plan.exhaust("a rule that was removed meanwhile")
    assert struck(plan, 2) == [False, False]


def test_an_outage_that_has_an_end_keeps_it() -> None:
    begun = rule(fault="outage", hours=72).begun(NOW)
    assert begun.begun(NOW + timedelta(hours=5)) == begun
    assert rule(fault="drop").begun(NOW) == rule(fault="drop")


def test_a_rule_of_the_same_name_takes_its_place_and_can_be_removed() -> None:
    plan = FaultPlan(0, [rule(), rule(fault="delay")])
    assert [r.fault for r in plan.rules()] == [Fault.DELAY]
    assert plan.remove("one")
    assert not plan.remove("one")
    assert not plan


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"name": "x"},
        {"name": "x", "fault": "explode"},
        {"name": "x", "fault": "drop", "probability": 2},
        {"name": "x", "fault": "drop", "colour": "red"},
        {"name": "x", "fault": "answer after"},
        {"name": "x", "fault": "drop", "where": "intake"},
        {"name": "x", "fault": "answer", "where": "intake", "status": 201},
        [{"name": "x", "fault": "drop"}, 7],
    ],
)
def test_rules_that_cannot_be_used_are_named(value: object) -> None:
    with pytest.raises(RequestInvalid):
        read_rules(value)


def test_one_rule_or_several() -> None:
    assert len(read_rules({"name": "x", "fault": "drop"})) == 1
    assert len(read_rules([{"name": "x", "fault": "drop"}, {"name": "y", "fault": "lose answer"}])) == 2


BODY = orjson.dumps(
    {"payload": {"CommonBlock": {"S1": {"environmentTag": "UIT"}, "D0": {"replayIndicator": False}}}}
)


def test_the_environment_and_the_replay_flag_are_spoiled_in_the_body() -> None:
    common = orjson.loads(spoiled_body(BODY, [Fault.WRONG_ENVIRONMENT, Fault.REPLAY_FLAG]))["payload"][
        "CommonBlock"
    ]
    assert common["S1"]["environmentTag"] != "UIT"
    assert common["D0"]["replayIndicator"] is True


def test_other_faults_leave_every_byte_as_it_is() -> None:
    assert spoiled_body(BODY, [Fault.BAD_SIGNATURE]) is BODY
    assert spoiled_body(b"[{}]", [Fault.REPLAY_FLAG]) == b"[{}]"


def test_a_spoiled_signature_is_another_one_of_the_same_form() -> None:
    assert spoiled_signature("QUJDRA==") != "QUJDRA=="
    assert len(spoiled_signature("QUJDRA==")) == 8


def item(number: int, key: str = "a") -> Item:
    return Item(number, "2300000001", "IF-036", f"T-{number}", "PUB-036", key, BODY)


def test_items_are_copied_not_changed() -> None:
    original = item(1)
    [copy] = spoiled([original], frozenset({Fault.REPLAY_FLAG}))
    assert original.body == BODY
    assert copy.body != BODY


def test_a_latecomer_goes_after_the_next_of_its_key() -> None:
    late = Latecomers()
    assert late.hold(item(1)) is None
    assert late.after(item(2, "b")) is None
    assert late.after(item(3)) == item(1)
    assert late.after(item(4)) is None


def test_a_latecomer_gives_up_waiting_once() -> None:
    late, held = Latecomers(), item(1)
    late.hold(held)
    assert late.give_up(held)
    assert not late.give_up(held)


def test_of_two_latecomers_of_a_key_the_first_goes_on() -> None:
    late = Latecomers()
    first, second = item(1), item(2)
    late.hold(first)
    assert late.hold(second) is first
