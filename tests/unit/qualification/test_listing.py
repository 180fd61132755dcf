from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from services.qualification.api import StartRun
from services.qualification.listing import Wanted, without_bulk

RUN: dict[str, Any] = {
    "scenario": "A", "verdict": None, "phase": "running", "label": "nightly",
    "parties": [{"dipId": "2300000012", "who": "QP"}, {"dipId": "2200000001", "who": "QTE"}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (Wanted(), True),
        (Wanted(scenario="A", phase="running", label="nightly"), True),
        (Wanted(scenario="B"), False),
        (Wanted(verdict="passed"), False),
        (Wanted(phase="finished"), False),
        (Wanted(label="night"), False),
        (Wanted(participant="2300000012"), True),
        (Wanted(participant="2200000001"), False),
        (Wanted(participant="2300000012", scenario="B"), False),
    ],
)
def test_a_run_is_listed_when_it_fits_all_that_is_asked(wanted: Wanted, fits: bool) -> None:
    assert wanted.fits(RUN) is fits


def test_a_participant_is_not_shown_a_run_that_is_being_prepared() -> None:
    assert not Wanted(participant="2300000012").fits(RUN | {"phase": "preparing"})


@pytest.mark.parametrize("label", ["x" * 101, "a\nb", "\u0007", "  ", ""])
def test_a_label_that_cannot_be_shown_in_a_list_is_refused(label: str) -> None:
    with pytest.raises(ValidationError, match="label"):
        StartRun(scenario="A", label=label)


def test_a_label_loses_the_blanks_around_it() -> None:
    assert StartRun(scenario="A", label="  nightly 7 ").label == "nightly 7"


def test_a_list_leaves_out_the_bulk() -> None:
    assert without_bulk({"id": "1", "label": None, "steps": [1], "siteData": {}}) == {
        "id": "1",
        "label": None,
    }
