"""Expressions, JSON pointers and the expectations made of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from services.qualification.binding import bind
from services.qualification.expectations import compare
from services.qualification.expressions import Unresolved, names, pointer_lookup, resolve
from services.qualification.format import DateRule, Expectation
from services.qualification.values import date_of, run_values
from tests.unit.qualification.given import MEMBERS, headline

VALUES = {"mpan": "1000000000013", "roles": {"MSS": {"dipId": "1200000001"}}, "count": 3}


@pytest.mark.parametrize(
    ("template", "result"),
    [
        ("${mpan}", "1000000000013"),
        ("MPAN ${mpan} at ${roles.MSS.dipId}", "MPAN 1000000000013 at 1200000001"),
        ("${count}", 3),
        ("${count} times", "3 times"),
        ({"a": ["${count}", {"b": "${mpan}"}]}, {"a": [3, {"b": "1000000000013"}]}),
        ("no $ {here}", "no $ {here}"),
        (7, 7),
        (None, None),
    ],
)
def test_resolve(template: Any, result: Any) -> None:
    assert resolve(template, VALUES) == result


@pytest.mark.parametrize("name", ["nothing", "roles.SDS.dipId", "mpan.part"])
def test_a_name_that_leads_nowhere_is_unresolved(name: str) -> None:
    with pytest.raises(Unresolved):
        resolve("${" + name + "}", VALUES)


def test_names_are_found_in_order() -> None:
    assert list(names({"a": "${x} ${y.z}", "b": [1, "${x}"]})) == ["x", "y.z", "x"]


@pytest.mark.parametrize(
    ("pointer", "result"),
    [
        ("/a/b", (True, [1, {"c": None}])),
        ("/a/b/0", (True, 1)),
        ("/a/b/1/c", (True, None)),
        ("/a/b/2", (False, None)),
        ("/a/b/x", (False, None)),
        ("/a~1b", (True, 1)),
        ("/m~0n", (True, 2)),
        ("/a/b/0/deeper", (False, None)),
        ("", (True, {"a": {"b": [1, {"c": None}]}, "a/b": 1, "m~n": 2})),
    ],
)
def test_pointers(pointer: str, result: tuple[bool, Any]) -> None:
    assert pointer_lookup({"a": {"b": [1, {"c": None}]}, "a/b": 1, "m~n": 2}, pointer) == result


def expectation(**rule: Any) -> Expectation:
    return Expectation(field="/a", sentence="A is right.", **rule)


@pytest.mark.parametrize(
    ("rule", "message", "passed"),
    [
        ({"equals": "${mpan}"}, {"a": "1000000000013"}, True),
        ({"equals": "${mpan}"}, {"a": "other"}, False),
        ({"equals": "x"}, {}, False),
        ({"equals": None}, {"a": None}, True),
        ({"equals": None}, {}, False),
        ({"equals": 1}, {"a": "1"}, False),
        ({"one_of": ("A", "${mpan}")}, {"a": "1000000000013"}, True),
        ({"one_of": ("A", "B")}, {"a": "C"}, False),
        ({"matches": "[A-Z]{4}"}, {"a": "ABCD"}, True),
        ({"matches": "[A-Z]{4}"}, {"a": "ABCDE"}, False),
        ({"matches": "[A-Z]{4}"}, {"a": 5}, False),
        ({"any_matches": "REG0005.*"}, {"a": [None, "REG0001 - x", "REG0005 - y"]}, True),
        ({"any_matches": "REG0005"}, {"a": ["REG0005 - y"]}, False),
        ({"any_matches": "REG0005"}, {"a": "REG0005"}, False),
        ({"any_matches": "REG0005"}, {"a": []}, False),
        ({"any_matches": "REG0005"}, {}, False),
        ({"present": True}, {"a": None}, True),
        ({"present": True}, {}, False),
        ({"present": False}, {}, True),
        ({"equals": "x"}, None, False),
        ({"equals": "x"}, ["not", "a", "mapping"], False),
    ],
)
def test_expectations(rule: dict[str, Any], message: Any, passed: bool) -> None:
    (finding,) = compare([expectation(**rule)], message, VALUES)
    assert finding.passed is passed


def test_an_expectation_about_what_was_never_captured_is_left_out() -> None:
    assert compare([expectation(equals="${captured.registrationId}")], {"a": 1}, VALUES) == ()


@pytest.mark.parametrize("rule", [{}, {"equals": 1, "present": True}])
def test_an_expectation_has_exactly_one_rule(rule: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="exactly one of"):
        expectation(**rule)


@pytest.mark.parametrize(
    ("now", "date"),
    [
        (datetime(2026, 3, 2, 9, tzinfo=UTC), "2026-03-09T00:00:00+00:00"),
        (datetime(2026, 3, 25, 9, tzinfo=UTC), "2026-04-01T00:00:00+01:00"),
        (datetime(2026, 6, 1, 23, 30, tzinfo=UTC), "2026-06-09T00:00:00+01:00"),
    ],
)
def test_the_supply_start_date_is_a_uk_midnight_in_winter_and_summer(now: datetime, date: str) -> None:
    scenario = headline()
    parties = bind(scenario, {}, MEMBERS)
    values = run_values(scenario, parties, run="r", number=12, mpan="1000000000013", now=now)
    assert values["supplyStartDate"] == date
    assert values["contractReference"] == "MS-CONTRACT-0000012"
    assert values["siteData"]["GSPGroupID"] == "_A"
    assert values["siteData"]["meters"][0]["meterID"] == "QT0000012"


@pytest.mark.parametrize(
    ("rule", "date"),
    [
        ({"uk_midnight_days_ahead": 1}, "2026-06-03T00:00:00+01:00"),
        ({"utc_midnight_days_ahead": 1}, "2026-06-02T00:00:00+00:00"),
        ({"uk_date_days_ahead": 1}, "2026-06-03"),
        ({"uk_date_days_ahead": -60}, "2026-04-03"),
    ],
)
def test_dates_are_of_the_uk_or_utc_as_the_market_has_them(rule: dict[str, int], date: str) -> None:
    assert date_of(DateRule(**rule), datetime(2026, 6, 1, 23, 30, tzinfo=UTC)) == date
