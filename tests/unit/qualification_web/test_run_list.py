"""Which runs the list shows, and what it says of each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.qualification.document import briefing, document
from services.qualification.web import run_list
from services.qualification.web.run_list import Filter, fitting, summary
from tests.unit.qualification.given import BEGIN, MPAN, PARTICIPANT, Story, binding, headline, judge


def run(label: str | None = "Release 7, Ann", **changes: Any) -> dict[str, Any]:
    """The document of a run that waits for step 4, changed as told."""
    story = Story(binding())
    story.prepared()
    story.switch()
    story.pending()
    bound = story.binding
    known = briefing(headline(), bound, "SITFTS0020-Smart-Single-1", [], [], label)
    return document(headline(), bound, known, judge(story), 1, BEGIN) | changes


def test_a_row_says_how_far_the_run_is_and_what_it_waits_for() -> None:
    row = summary(run())
    assert (row["done"], row["steps"], row["state"]) == (2, 8, "running")
    assert (row["waiting"]["step"], row["waiting"]["message"]) == (3, "IF-002")
    assert [party["dipId"] for party in row["tested"]] == [PARTICIPANT]
    assert row["label"] == "Release 7, Ann"


def test_a_run_from_before_labels_is_shown_too() -> None:
    old = run()
    del old["label"]
    assert summary(old)["label"] == ""
    assert not Filter(text="Release").fits(old)


@pytest.mark.parametrize(
    "wanted",
    [
        Filter(),
        Filter(verdict="open"),
        Filter(scenario="SITFTS0020-Smart-Single"),
        Filter(text="release 7"),
        Filter(text=MPAN),
        Filter(text=f" {PARTICIPANT} "),
        Filter(text="northern lights"),
        Filter(verdict="open", scenario="SITFTS0020-Smart-Single", text="ann"),
    ],
)
def test_a_run_is_found_by_what_a_tester_knows_of_it(wanted: Filter) -> None:
    assert wanted.fits(run())


@pytest.mark.parametrize(
    "wanted",
    [
        Filter(verdict="passed"),
        Filter(scenario="Another"),
        Filter(text="release 8"),
        Filter(text="2300000001"),  # a party of the harness: it is in every run
        Filter(verdict="passed", text="release 7"),
    ],
)
def test_a_run_that_does_not_fit_is_not_shown(wanted: Filter) -> None:
    assert not wanted.fits(run())


def test_a_verdict_is_looked_for_as_it_was_given() -> None:
    failed = run(verdict="failed", phase="finished", currentStep=None)
    assert Filter(verdict="failed").fits(failed)
    assert not Filter(verdict="open").fits(failed)
    assert summary(failed)["waiting"] is None


async def runs(count: int) -> AsyncIterator[dict[str, Any]]:
    for number in range(count):
        yield run(id=f"run-{number}", label="odd" if number % 2 else "even")


async def test_only_as_many_runs_are_read_as_the_sheet_needs() -> None:
    found = await fitting(runs(20), Filter(text="odd"), 3)
    assert [row["id"] for row in found] == ["run-1", "run-3", "run-5"]


async def test_a_filter_that_nothing_fits_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_list, "LOOKED_AT", 4)
    assert await fitting(runs(20), Filter(text="nothing"), 3) == []
    assert len(await fitting(runs(20), Filter(), 10)) == 4
