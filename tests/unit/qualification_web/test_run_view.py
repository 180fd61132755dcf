"""A run as its page shows it: each message at its step, the time left, and no secrets."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest

from backbone.journal.events import JournalEvent
from services.qualification.document import briefing, document
from services.qualification.store import StoredRun
from services.qualification.web.run_view import KeptChecks, RunView, run_view
from tests.unit.qualification.given import Story, binding, headline, judge


class CountedChecks(KeptChecks):
    """Counts the checks that are really made."""

    def __init__(self) -> None:
        super().__init__("2.1.0", (), (), ())
        self.made = 0

    def _keep(self, key: Any, check: Any) -> Any:
        self.made += 1
        return super()._keep(key, check)


@pytest.fixture(scope="module")
def checks() -> CountedChecks:
    return CountedChecks()


def begun() -> Story:
    """A run that waits for REGS at step 3."""
    story = Story(binding())
    story.prepared()
    story.switch()
    story.pending()
    return story


def view(story: Story, checks: KeptChecks, **changes: Any) -> RunView:
    bound, now = story.binding, story.now
    known = briefing(headline(), bound, "name", [], [], "label")
    shown = document(headline(), bound, known, judge(story), 1, now) | changes
    return run_view(StoredRun("run-1", headline(), bound, known, shown), story.events, shown, checks, now)


def names(views: Any) -> list[str]:
    return [one.title for one in views]


def test_each_message_is_at_its_step_and_in_the_diagram(checks: KeptChecks) -> None:
    seen = view(begun(), checks)
    assert {step: names(views) for step, views in seen.by_step.items()} == {1: ["CSS01700"], 2: ["CSS02800"]}
    assert seen.done == 2
    assert seen.current is not None
    assert seen.current["step"] == 3
    assert seen.diagram.count('href="#message-') == 2


def test_a_message_of_no_step_is_shown_apart(checks: KeptChecks) -> None:
    story = begun()
    story.accepted("IF-036", "[DSAppActive]", story.supplier)
    assert names(view(story, checks).other) == ["IF-036 [DSAppActive]"]


def test_the_time_left_is_that_of_the_step_and_never_negative(checks: KeptChecks) -> None:
    story = begun()
    steps = orjson.loads(orjson.dumps(view(story, checks).run["steps"]))
    for seconds, left in ((12.5, 12.5), (-3.0, 0.0)):
        steps[2]["deadline"] = (story.now + timedelta(seconds=seconds)).isoformat()
        assert view(story, checks, steps=steps).seconds_left == left
    steps[2]["deadline"] = None
    assert view(story, checks, steps=steps).seconds_left is None


def test_only_the_participants_steps_say_what_to_do(checks: KeptChecks) -> None:
    story = Story(binding())
    story.prepared()
    assert "Send CSS01700" in view(story, checks).guidance
    assert view(begun(), checks).guidance == ""


def test_business_time_is_ahead_by_what_the_clock_was_moved(checks: KeptChecks) -> None:
    story = begun()
    assert view(story, checks, clockAheadSeconds=3600).business_time == story.now + timedelta(hours=1)


def test_a_message_is_checked_once_however_often_it_is_shown() -> None:
    counted, story = CountedChecks(), begun()
    view(story, counted)
    made = counted.made
    view(story, counted)
    assert (made, counted.made) == (4, 4)  # two messages, schema and signature


def test_checks_are_forgotten_before_they_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.qualification.web.run_view.MOST_KEPT", 2)
    counted, story = CountedChecks(), begun()
    view(story, counted)
    view(story, counted)
    assert counted.made == 8


def test_a_secret_in_a_message_or_an_address_is_not_shown(checks: KeptChecks) -> None:
    story = begun()
    event: JournalEvent = story.change(story.events[-1], headers={"X-Api-Key": "open sesame"})
    seen = view(story, checks, summary="gave up on http://ann:secret@127.0.0.1/")
    assert seen.by_event[event.id].letter.event.headers == {"X-Api-Key": "(withheld)"}
    assert seen.run["summary"] == "gave up on http://(withheld)@127.0.0.1/"
