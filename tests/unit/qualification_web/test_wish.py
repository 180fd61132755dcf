"""What a tester fills in to start a run, judged field by field before anything starts."""

from __future__ import annotations

import pytest

from contracts.identifiers import make_mpan
from services.qualification.web.wish import WHOLE, Wish, faults, foreseen, injectable, seconds, wish_of
from tests.unit.qualification.given import BEGIN, MEMBERS, PARTICIPANT, binding, headline


def test_a_form_becomes_a_wish_and_what_is_not_of_the_scenario_is_left_out() -> None:
    form = {
        "role-SUPI": [PARTICIPANT],
        "role-SUPO": [""],
        "role-NOBODY": ["2300000001"],
        "inject": ["CSS01700", "IF-031"],
        "label": ["  Release 7  "],
        "timeout": ["60"],
        "mode": ["stepwise"],
    }
    wanted = Wish({"SUPI": PARTICIPANT}, ("CSS01700",), "60", "Release 7", "", "stepwise")
    assert wish_of(headline(), form) == wanted
    assert wish_of(headline(), {"mode": ["anything"]}) == Wish()


def test_a_wish_that_can_be_met_has_no_fault() -> None:
    wish = Wish({"SUPI": PARTICIPANT}, ("CSS01700",), "0.5", "x" * 100, make_mpan(10, 1))
    assert faults(headline(), wish, MEMBERS) == {}
    assert faults(headline(), Wish(), MEMBERS) == {}


@pytest.mark.parametrize(
    ("wish", "name", "words"),
    [
        (Wish({"SUPI": "2399999999"}), "role-SUPI", "no participant has the DIP ID 2399999999"),
        (Wish({"MSS": PARTICIPANT}), "role-MSS", "needs MSS"),
        (Wish({"CSS": PARTICIPANT}), "role-CSS", "always played by the harness"),
        (Wish({"SUPI": PARTICIPANT, "SUPO": PARTICIPANT}), WHOLE, "cannot both be"),
        (Wish(label="x" * 101), "label", "At most 100 characters; these are 101."),
        (Wish(label="two\nlines"), "label", "One line"),
        (Wish(timeout="soon"), "timeout", "A number of seconds"),
        (Wish(timeout="0"), "timeout", "above 0"),
        (Wish(timeout="86401"), "timeout", "at most 86400"),
        (Wish(timeout="nan"), "timeout", "A number of seconds"),
        (Wish(timeout="inf"), "timeout", "A number of seconds"),
        (Wish(mpan="1000000000014"), "mpan", "the last one the check digit"),
    ],
)
def test_each_fault_is_told_at_its_own_field(wish: Wish, name: str, words: str) -> None:
    found = faults(headline(), wish, MEMBERS)
    assert list(found) == [name]
    assert words in found[name]


def test_several_faults_are_told_at_once() -> None:
    wish = Wish({"SUPI": "1"}, timeout="-1", label="x" * 101, mpan="1")
    assert sorted(faults(headline(), wish, MEMBERS)) == ["label", "mpan", "role-SUPI", "timeout"]


def test_what_can_be_injected_is_what_the_scenario_says() -> None:
    assert injectable(headline()) == ["CSS01700"]


def test_the_run_is_foreseen_with_the_scenarios_own_time_where_none_is_given() -> None:
    parties = binding().parties
    assert foreseen(headline(), Wish(), parties, BEGIN).timeout == 300
    assert foreseen(headline(), Wish(timeout="12.5"), parties, BEGIN).timeout == 12.5
    assert seconds(Wish(timeout="")) is None
