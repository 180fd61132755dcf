"""Recomputes a verdict from an evidence pack and compares it with the one written there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from backbone.journal.events import JournalEvent
from services.qualification.binding import Binding
from services.qualification.chain import event_of
from services.qualification.document import document
from services.qualification.errors import EvidenceInvalid
from services.qualification.format import Scenario
from services.qualification.manifest import JOURNAL, VERDICT
from services.qualification.packs import read_pack
from services.qualification.results import RunState, Verdict
from services.qualification.verdict import COULD_NOT_JUDGE, evaluate


@dataclass(frozen=True)
class Recomputation:
    """The verdict as it follows from the journal, and every way in which the written one differs."""

    state: RunState
    differences: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        return not self.differences


@dataclass(frozen=True)
class Judged:
    """What a verdict was given on, read from a pack. ``written``: all of ``verdict.json``."""

    scenario: Scenario
    binding: Binding
    events: Sequence[JournalEvent]
    now: datetime
    written: dict[str, Any]


def recompute(directory: Path) -> Recomputation:
    """Recompute the verdict of an evidence folder. Raises EvidenceInvalid, EvidenceRefused."""
    return again(read_judged(read_pack(directory)))


def read_judged(files: Mapping[str, bytes]) -> Judged:
    """What the verdict of a pack was given on. Raises EvidenceInvalid."""
    try:
        written = orjson.loads(files[VERDICT])
        return Judged(
            scenario=Scenario.model_validate_json(orjson.dumps(written["scenario"])),
            binding=Binding.model_validate_json(orjson.dumps(written["binding"])),
            events=[event_of(line) for line in files[JOURNAL].splitlines()],
            now=datetime.fromisoformat(written["evaluatedAt"]),
            written=written,
        )
    except KeyError as missing:
        raise EvidenceInvalid(f"The evidence lacks {missing}.") from missing
    except (ValueError, TypeError, ValidationError) as fault:
        raise EvidenceInvalid(f"The evidence cannot be read: {fault}") from fault


def given_up(judged: Judged) -> bool:
    """Whether the harness could not judge the run, by its own fault: its verdict follows from no journal."""
    steps = judged.written.get("steps", ())
    broken = any(str(step.get("explanation")).startswith(COULD_NOT_JUDGE) for step in steps)
    return broken and judged.written.get("verdict") == Verdict.ERROR


def again(judged: Judged) -> Recomputation:
    """Judge once more, and compare."""
    state = evaluate(judged.scenario, judged.binding, judged.events, judged.now)
    return Recomputation(state, tuple(_differences(judged, state)))


def _differences(judged: Judged, state: RunState) -> Iterator[str]:
    written = judged.written
    verdict = state.verdict.value if state.verdict else None
    if verdict != written.get("verdict"):
        yield f"The verdict is {verdict}; written is {written.get('verdict')}."
    if state.summary != written.get("summary"):
        yield f"The summary is: {state.summary} Written is: {written.get('summary')}"
    shown = document(judged.scenario, judged.binding, {}, state, 0, judged.now)["steps"]
    steps = {step["step"]: step for step in written.get("steps", ())}
    for step in orjson.loads(orjson.dumps(shown)):
        yield from _step_differences(step, steps.pop(step["step"], {}))
    for number in steps:
        yield f"Step {number} is written; the scenario has no such step."


def _step_differences(step: dict[str, Any], written: dict[str, Any]) -> Iterator[str]:
    number = step["step"]
    if written.get("result") != step["result"]:
        yield f"Step {number} is {step['result']}; written is {written.get('result')}."
    elif written.get("explanation") != step["explanation"]:
        yield f"Step {number} is explained differently: {step['explanation']}"
    else:
        others = sorted(name for name in step.keys() & written.keys() if step[name] != written[name])
        if others:
            yield f"Step {number} is written with other {', '.join(others)}."
