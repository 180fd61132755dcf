"""Whose fault rules are whose to change."""

from __future__ import annotations

from typing import Any

import pytest

from backbone.caller import Caller, Role
from services.dip_gateway.faults import FaultRule
from services.dip_gateway.reach import not_theirs, too_wide

ALICE, ADMIN = Caller(Role.TESTER, "alice"), Caller(Role.ADMIN, "bob")


def rule(**conditions: Any) -> FaultRule:
    return FaultRule.model_validate({"name": "slow", "fault": "delay"} | conditions)


def test_a_tester_lets_faults_happen_to_a_run() -> None:
    assert too_wide(ALICE, rule(run="run-1")) is None
    assert too_wide(ALICE, rule(run="run-1", party="2300000012", interface="IF-031")) is None


@pytest.mark.parametrize(
    "conditions",
    [{}, {"party": "2300000012"}, {"mpan": "2200000000012"}, {"run": "run-1", "mpan": "2200000000012"}],
)
def test_a_rule_that_could_strike_others_needs_an_admin(conditions: dict[str, Any]) -> None:
    told = too_wide(ALICE, rule(**conditions))
    assert told is not None
    assert "name its run, and no mpan" in told
    assert "The token of alice has the role tester; rules for others than a run need admin." in told
    assert too_wide(ADMIN, rule(**conditions)) is None


def test_a_tester_replaces_and_removes_the_rules_of_runs_alone() -> None:
    of_run, of_all = rule(run="run-1", mpan="2200000000012"), rule(name="away", fault="outage")
    rules = [of_run, of_all]
    assert not_theirs(ALICE, "slow", rules) is None
    assert not_theirs(ALICE, "new", rules) is None
    told = not_theirs(ALICE, "away", rules)
    assert told is not None
    assert told.startswith("The rule away is there for others than a run.")
    assert not_theirs(ADMIN, "away", rules) is None
