"""The journal is watched for messages without an MPAN; what fails on the way is done again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from backbone.errors import LogUnavailable
from backbone.journal import Journal, JournalEvent, JournalIndex, Kind
from services.qualification.active import ActiveRun
from services.qualification.attributing import Attributor, events_of
from services.qualification.binding import Binding
from services.qualification.store import StoredRun
from tests.unit.qualification.given import at
from tests.unit.qualification.nameless import OTHER, RUN, SHAPER, bound, delivered, submitted, totals

SUPPLIER, STRANGER = "2300000001", "2300000099"


@dataclass
class Written:
    """A journal that can be away, and the index of it."""

    rows: list[tuple[int, JournalEvent]] = field(default_factory=list)
    away: bool = False

    async def write(self, *events: JournalEvent) -> None:
        if self.away:
            raise LogUnavailable("away")
        known = {event.id for _, event in self.rows}
        self.rows += [(len(self.rows) + 1, event) for event in events if event.id not in known]

    async def events(self, **asked: Any) -> list[tuple[int, JournalEvent]]:
        since = asked.pop("since", None)
        names = {"transaction": "transaction_id", "party": "sender"}
        return [
            (number, event)
            for number, event in self.rows
            if (since is None or event.at >= since)
            and all(getattr(event, names.get(name, name)) == value for name, value in asked.items())
        ]

    def notes(self) -> list[str | None]:
        return [event.run for _, event in self.rows if event.kind is Kind.ATTRIBUTED]


def stored(binding: Binding) -> StoredRun:
    return StoredRun(binding.run, totals(), binding, {}, {"version": 0})


@dataclass
class Watch:
    journal: Written = field(default_factory=Written)
    active: dict[str, ActiveRun] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.attributor = self.restarted()

    def restarted(self) -> Attributor:
        journal, index = cast(Journal, self.journal), cast(JournalIndex, self.journal)
        return Attributor(journal, index, self.active, lambda name: name == OTHER, lambda: at(9))

    def begin(self, *bindings: Binding, known: Sequence[tuple[int, JournalEvent]] = ()) -> None:
        for one in bindings:
            self.active[one.run] = ActiveRun(stored(one), known, at(0))

    async def news(self, *events: JournalEvent) -> None:
        before = len(self.journal.rows)
        self.journal.rows += [(before + n, event) for n, event in enumerate(events, start=1)]
        await self.attributor.look(self.journal.rows[before:], before)


@pytest.fixture
def watch() -> Watch:
    return Watch()


async def test_a_message_is_noted_once_whatever_becomes_of_it(watch: Watch) -> None:
    watch.begin(bound())
    event = submitted()
    await watch.news(event, delivered(event, SUPPLIER))
    await watch.news(delivered(event, "1400000001"))
    assert watch.journal.notes() == [RUN]
    assert watch.active[RUN].claimed == {"T-a1b2"}


async def test_two_messages_that_come_at_once_go_to_the_two_runs_that_wait(watch: Watch) -> None:
    watch.begin(bound(), bound("aaaaaaaaaaaa", at(1)))
    await watch.news(submitted(), submitted(last="c3d4"), submitted(last="e5f6"))
    assert watch.journal.notes() == [RUN, "aaaaaaaaaaaa"]


async def test_where_the_log_is_away_the_same_is_written_when_it_is_back(watch: Watch) -> None:
    watch.begin(bound())
    watch.journal.away = True
    rows = [(1, submitted())]
    with pytest.raises(LogUnavailable):
        await watch.attributor.look(rows, 0)
    watch.journal.away = False
    await watch.attributor.look(rows, 0)
    await watch.attributor.look(rows, 0)
    assert watch.journal.notes() == [RUN]


async def test_what_came_before_of_the_same_message_is_given_to_the_run(watch: Watch) -> None:
    """A status message has another record key than what it is about, and may overtake it."""
    watch.begin(bound())
    status = JournalEvent(
        Kind.STATUS_SENT, at(1), "dip_gateway",
        interface="STATUS", recipient=SHAPER, transaction_id="T-a1b2", id="status",
    )  # fmt: skip
    await watch.news(status)
    assert watch.active[RUN].events == []
    await watch.news(submitted())
    assert watch.active[RUN].events == [status]


async def test_after_a_restart_what_came_meanwhile_is_attributed_and_the_rest_left(watch: Watch) -> None:
    watch.begin(bound())
    await watch.news(submitted())
    watch.journal.rows += [(3, delivered(submitted(), SUPPLIER)), (4, delivered(submitted(), STRANGER))]
    known = await events_of(cast(JournalIndex, watch.journal), stored(bound()), {}, 4)
    assert [event.kind for _, event in known] == [Kind.ACCEPTED, Kind.ATTRIBUTED, Kind.DELIVERED]
    watch.begin(bound("aaaaaaaaaaaa", at(1)))
    watch.begin(bound(), known=known)
    watch.journal.rows.append((5, submitted(last="c3d4")))
    await watch.restarted().resume(5)
    assert watch.journal.notes() == [RUN, "aaaaaaaaaaaa"]
    assert [event.id for event in watch.active["aaaaaaaaaaaa"].events] == ["accepted-c3d4"]


async def test_what_comes_of_a_message_after_its_run_has_ended_goes_to_no_other(watch: Watch) -> None:
    watch.begin(bound())
    await watch.news(submitted())
    del watch.active[RUN]
    watch.begin(bound("aaaaaaaaaaaa", at(1)))
    await watch.news(delivered(submitted(), SUPPLIER), submitted(last=f"{OTHER}1"))
    assert watch.journal.notes() == [RUN]


async def test_a_refused_message_is_found_again_by_its_reference(watch: Watch) -> None:
    refused = submitted(kind=Kind.REFUSED, transaction_id=None)
    watch.begin(bound())
    await watch.news(refused)
    known = await events_of(cast(JournalIndex, watch.journal), stored(bound()), {}, 2)
    assert [event.kind for _, event in known] == [Kind.REFUSED, Kind.ATTRIBUTED]
    upto = await events_of(cast(JournalIndex, watch.journal), stored(bound()), {}, 1)
    assert upto == []


async def test_the_clock_decides_nothing_while_the_note_of_a_message_is_on_its_way(watch: Watch) -> None:
    """The note has the key of the run's MPAN, and comes behind the mark up to which that was read."""
    watch.begin(bound())
    run = watch.active[RUN]
    marks = {mark.id for mark in run.look(at(100))}
    await watch.news(submitted())
    assert run.read(marks) is False
    ((_, note),) = [row for row in watch.journal.rows if row[1].kind is Kind.ATTRIBUTED]
    run.take([submitted(), note])
    assert run.check_in(at(100)) == 0
    assert run.read({mark.id for mark in run.look(at(100))}) is True
    judgement = run.judge(at(100))
    assert judgement is not None
    assert judgement.state.steps[0].status.value == "passed"
