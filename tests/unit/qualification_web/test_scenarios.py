"""A test case told in words before anybody runs it."""

from __future__ import annotations

from typing import Any

import pytest

from services.qualification.format import DateRule, Refusal
from services.qualification.web.pages import headed
from services.qualification.web.scenarios import date_words, rules_of
from tests.unit.qualification.given import headline


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (DateRule(uk_midnight_days_ahead=7), "UK-local midnight, 7 days ahead"),
        (DateRule(uk_midnight_days_ahead=-1), "UK-local midnight, 1 day back"),
        (DateRule(utc_midnight_days_ahead=0), "midnight UTC, the day of the run"),
        (DateRule(uk_date_days_ahead=1), "UK date, 1 day ahead"),
    ],
)
def test_a_date_is_told_with_the_midnight_it_means(rule: DateRule, words: str) -> None:
    assert date_words(rule) == words


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            {"advance_to": "${supplyStartDate}"},
            "The run's clock is moved to ‹supplyStartDate› before this step.",
        ),
        ({"advance_to": DateRule(utc_midnight_days_ahead=2)}, "moved to midnight UTC, 2 days ahead before"),
        ({"must_not_come_within": 2.5}, "must not come within 2.5 s."),
        ({"refused": ("MSG1001", "MSG1002")}, "has to refuse this message with MSG1001 or MSG1002."),
        ({"codes": ("MSG1038",)}, "The status message has to bring MSG1038."),
        ({"refusal": Refusal(statuses=(401, 400), because="x")}, "refuse the publication with 401 or 400."),
    ],
)
def test_what_holds_besides_the_fields_is_told(more: dict[str, Any], words: str) -> None:
    (rule,) = rules_of(headline().steps[0].model_copy(update=more))
    assert words in rule


def test_an_ordinary_step_has_no_such_rules() -> None:
    assert rules_of(headline().steps[0]) == []


def test_a_theme_is_headed_as_it_is_spoken() -> None:
    assert headed("change-of-supplier") == "Change of supplier"
