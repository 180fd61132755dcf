"""Which run hears of which event, when several go on at the same time."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from backbone.journal.events import JournalEvent, Kind
from services.qualification.active import concerns, dealt
from services.qualification.binding import Binding
from services.qualification.store import StoredRun
from tests.unit.qualification import given

OTHER_MPAN = "1000000000022"
FOREIGN_MPAN = "1000000000031"
RUNS = {
    "run-1": ("run-1", given.MPAN),
    "run-2": ("run-2", OTHER_MPAN),
}
OWNERS = {given.MPAN: "run-1", OTHER_MPAN: "run-2", "1000000000040": "run that has ended"}


def runs() -> dict[str, tuple[StoredRun, set[str]]]:
    scenario, bound = given.headline(), given.binding()
    return {
        name: (StoredRun(name, scenario, replace_run(bound, run, mpan), {}, {}), set())
        for name, (run, mpan) in RUNS.items()
    }


def replace_run(bound: Binding, run: str, mpan: str) -> Binding:
    return bound.model_copy(update={"run": run, "mpan": mpan})


def event(**fields: str | None) -> JournalEvent:
    plain = JournalEvent(kind=Kind.ACCEPTED, at=given.BEGIN, service="dip_gateway")
    return replace(plain, **fields)  # type: ignore[arg-type]


EVERY = [
    event(run=run, mpan=mpan, sender=sender, interface=interface, id=f"e{number}")
    for number, (run, mpan, sender, interface) in enumerate(
        product(
            (None, "", "run-1", "run-2", "run that has ended"),
            (None, "", *OWNERS, FOREIGN_MPAN),
            (None, given.PARTICIPANT, "2300000099"),
            (None, "IF-031", "IF-041"),
        )
    )
]


def test_each_run_hears_of_what_concerns_it_and_in_order() -> None:
    open_runs = runs()
    expected = {
        name: heard
        for name, (run, claimed) in open_runs.items()
        if (heard := [one.id for one in EVERY if concerns(run, one, OWNERS, claimed)])
    }
    news = dealt(EVERY, open_runs, OWNERS)
    assert {name: [one.id for one in heard] for name, heard in news.items()} == expected
    assert set(expected) == set(RUNS)


@pytest.mark.parametrize("owner", ["run-1", "run-2"])
def test_an_event_of_a_run_is_that_runs_alone(owner: str) -> None:
    mpan = RUNS[owner][1]
    for one in (event(run=owner), event(mpan=mpan), event(run=owner, mpan=FOREIGN_MPAN)):
        assert dealt([one], runs(), OWNERS) == {owner: [one]}


def test_what_a_participant_sends_about_another_mpan_may_be_a_near_miss_of_each_of_its_runs() -> None:
    astray = event(mpan=FOREIGN_MPAN, sender=given.PARTICIPANT, interface="IF-031")
    assert dealt([astray], runs(), OWNERS) == {"run-1": [astray], "run-2": [astray]}


def test_what_belongs_to_a_run_that_has_ended_or_to_nobody_here_is_no_news() -> None:
    ended = event(run="run that has ended", mpan=given.MPAN, sender=given.PARTICIPANT)
    stranger = event(mpan=FOREIGN_MPAN, sender="2300000099", interface="IF-031")
    assert dealt([ended, stranger], runs(), OWNERS) == {}


def test_a_message_without_an_mpan_is_news_of_the_run_that_it_was_attributed_to() -> None:
    report = event(interface="IF-047", sender=given.PARTICIPANT, transaction_id="T-1")
    open_runs = runs()
    open_runs["run-2"][1].add("T-1")
    assert dealt([report], open_runs, OWNERS) == {"run-2": [report]}
