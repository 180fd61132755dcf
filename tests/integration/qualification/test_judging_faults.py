"""A run that cannot be judged: the harness's own fault, which ends that run and no other."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from backbone.journal.events import Kind
from services.qualification import active
from services.qualification.verdict import evaluate
from tests.integration.qualification.beginnings import begun
from tests.integration.qualification.bench import HOST, Bench

OpenBench = Callable[[], AbstractAsyncContextManager[Bench]]


async def test_given_a_run_that_cannot_be_judged_then_it_ends_in_error_and_the_others_go_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, _ = await begun(bench)
    good, story = await begun(bench)
    _break(monkeypatch, bad["id"])
    await bench.http.post(f"{HOST}/api/runs/{bad['id']}/cancel")
    ended = await bench.finished(bad)
    assert ended["verdict"] == "error"
    assert "The harness could not judge the run: KeyError: 'DIP'" in ended["summary"]
    assert ended["steps"][0]["result"] == "error"
    (fault,) = await bench.journal(Kind.SERVICE_FAULT, run=bad["id"])
    assert fault["details"]["fault"] == "KeyError: 'DIP'"
    before = len(story.events)
    story.whole()
    await bench.tell(story, before)
    assert (await bench.finished(good))["verdict"] == "passed"


async def test_given_a_run_that_cannot_be_judged_after_a_restart_then_the_others_go_on(
    opened: OpenBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened() as bench:
        bad, _ = await begun(bench)
        good, story = await begun(bench)
    _break(monkeypatch, bad["id"])
    async with opened() as bench:
        assert (await bench.finished(await bench.run(bad["id"])))["verdict"] == "error"
        before = len(story.events)
        story.whole()
        await bench.tell(story, before)
        assert (await bench.finished(good))["verdict"] == "passed"


def _break(monkeypatch: pytest.MonkeyPatch, run_id: str) -> None:
    """From now on the judging of this run is at fault."""

    def evaluating(scenario: Any, binding: Any, events: Any, now: Any) -> Any:
        if binding.run == run_id:
            raise KeyError("DIP")
        return evaluate(scenario, binding, events, now)

    monkeypatch.setattr(active, "evaluate", evaluating)
