"""Recomputes a verdict from an evidence folder and compares it with the one written there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from backbone.journal.events import JournalEvent
from services.qualification.binding import Binding
from services.qualification.errors import EvidenceInvalid
from services.qualification.format import Scenario
from services.qualification.results import RunState
from services.qualification.verdict import evaluate


@dataclass(frozen=True)
class Recomputation:
    """The verdict as it follows from the journal, and every way in which the written one differs."""

    state: RunState
    differences: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        return not self.differences


def recompute(directory: Path) -> Recomputation:
    """Recompute the verdict of an evidence folder. Raises EvidenceInvalid."""
    try:
        written = orjson.loads((directory / "verdict.json").read_bytes())
        lines = (directory / "journal.ndjson").read_bytes().splitlines()
        events = [JournalEvent.from_bytes(line) for line in lines]
        scenario = Scenario.model_validate_json(orjson.dumps(written["scenario"]))
        binding = Binding.model_validate_json(orjson.dumps(written["binding"]))
        now = datetime.fromisoformat(written["evaluatedAt"])
    except (OSError, ValueError, KeyError, TypeError, ValidationError) as fault:
        raise EvidenceInvalid(f"{directory} holds no readable evidence: {fault}") from fault
    state = evaluate(scenario, binding, events, now)
    return Recomputation(state, tuple(_differences(state, written)))


def _differences(state: RunState, written: dict[str, Any]) -> Iterator[str]:
    verdict = state.verdict.value if state.verdict else None
    if verdict != written["verdict"]:
        yield f"The verdict is {verdict}; written is {written['verdict']}."
    steps = {step["step"]: step for step in written["steps"]}
    for step in state.steps:
        found = steps.get(step.step, {})
        if found.get("result") != step.status.value:
            yield f"Step {step.step} is {step.status.value}; written is {found.get('result')}."
        elif found.get("explanation") != step.explanation:
            yield f"Step {step.step} is explained differently: {step.explanation}"
