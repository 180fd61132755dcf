"""The run document: what the command line, the web pages and other programs read about a run.

``briefing`` is the part that is known when the run starts and never changes; ``document`` adds the state
of the moment. Times are ISO 8601 in UTC.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from services.qualification.binding import Binding, BoundParty
from services.qualification.explain import ON_BEHALF
from services.qualification.format import DateRule, Scenario, Step
from services.qualification.results import RunState, StepState, StepStatus
from services.qualification.values import guidance

PARTICIPANT = "QP"
HARNESS = "QTE"


def who(binding: Binding, step: Step) -> str:
    """``QP`` where the participant under test acts, ``QTE`` where the harness does."""
    return PARTICIPANT if binding.owner(step).participant else HARNESS


def briefing(
    scenario: Scenario,
    binding: Binding,
    name: str,
    webhooks: list[dict[str, Any]],
    warnings: list[str],
    label: str | None = None,
    started_by: str | None = None,
) -> dict[str, Any]:
    """What a tester needs to know before the first wait. ``started_by``: name of the access token."""
    values = binding.values
    return {
        "id": binding.run,
        "name": name,
        "label": label,
        "scenario": scenario.id,
        "revision": scenario.revision,
        "title": scenario.title,
        "testScenario": scenario.test_scenario,
        "testCase": scenario.test_case,
        "created": binding.created.isoformat(),
        "timeoutSeconds": binding.timeout,
        "mpan": binding.mpan,
        "siteData": values["siteData"],
        **{key: values[key] for key, rule in scenario.data.items() if isinstance(rule, DateRule)},
        "data": {key: values[key] for key in scenario.data},
        "parties": [_party(party) for party in binding.parties.values()],
        "injected": list(binding.injected),
        "webhooks": webhooks,
        "instructions": instructions(scenario, binding),
        "preflight": warnings,
        **({"startedBy": started_by} if started_by else {}),
    }


def _party(party: BoundParty) -> dict[str, Any]:
    return {
        "key": party.name,
        "title": party.title,
        "role": party.role,
        "dipId": party.dip_id,
        "mpid": party.mpid,
        "organisation": party.organisation,
        "who": PARTICIPANT if party.participant else HARNESS,
    }


def instructions(scenario: Scenario, binding: Binding) -> list[dict[str, Any]]:
    """What the participant is to do, step by step."""
    return [
        {
            "step": step.step,
            "party": step.owner,
            "message": step.message,
            "event": step.event,
            "text": _instruction(step, binding),
        }
        for step in scenario.steps
        if binding.owner(step).participant
    ]


def _instruction(step: Step, binding: Binding) -> str:
    return f"Nothing to do. {ON_BEHALF}" if binding.on_behalf(step) else guidance(step, binding)


def document(
    scenario: Scenario,
    binding: Binding,
    briefing: dict[str, Any],
    state: RunState,
    version: int,
    now: datetime,
) -> dict[str, Any]:
    """The run as it stands at ``now``. ``version`` grows with every change."""
    current = state.current()
    return {
        **briefing,
        "version": version,
        "phase": state.phase.value,
        "finished": state.finished,
        "verdict": state.verdict.value if state.verdict else None,
        "summary": state.summary,
        "asOf": now.isoformat(),
        "ended": now.isoformat() if state.finished else None,
        "businessTime": business_time(state, now),
        "clockAheadSeconds": state.course.ahead_seconds,
        "mode": state.course.mode,
        "notes": [note.model_dump(mode="json", by_alias=True) for note in state.course.notes],
        "currentStep": current.step if current else None,
        "steps": [_step(binding, scenario.step(one.step), one) for one in state.steps],
    }


def business_time(state: RunState, now: datetime) -> str:
    """The time of the run's MPAN: the real one until a clock was advanced."""
    return (now + timedelta(seconds=state.course.ahead_seconds)).isoformat()


def _step(binding: Binding, step: Step, state: StepState) -> dict[str, Any]:
    details = state.model_dump(mode="json", by_alias=True, exclude={"status", "on_behalf"})
    return {
        "step": step.step,
        "description": step.description,
        "source": step.source,
        "recipient": step.recipient,
        "message": step.message,
        "event": step.event,
        "who": who(binding, step),
        "valid": step.valid,
        "status": state.status.label,
        "result": state.status.value,
        "evidence": step.evidence,
        "files": len(state.events) if step.evidence == "Auto" else 0,
        "action": _action(state.status),
        "note": _note(binding, step, state.status),
        "onBehalf": binding.on_behalf(step),
        **details,
    }


def _action(status: StepStatus) -> str:
    """The framework's own button: there while the tester has something to run at the step."""
    return "Run" if status is StepStatus.HELD else ""


def _note(binding: Binding, step: Step, status: StepStatus) -> str:
    """What a reader of the step's row must not miss."""
    if status is StepStatus.ATTESTED:
        return "attested by a person"
    if status is StepStatus.SKIPPED:
        return "left out by a person"
    return "sent by the harness on the participant's behalf" if binding.on_behalf(step) else ""
