"""The test cases: by theme, and one with its table and guidance."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from services.qualification.format import DateRule, Scenario, Step
from services.qualification.runs import RunManager
from services.qualification.scenario import by_theme, find
from services.qualification.web.pages import page, placeholders


def router(runs: RunManager) -> APIRouter:
    """``/ui/scenarios``."""
    routes = APIRouter(prefix="/scenarios")

    @routes.get("")
    async def listing() -> Response:
        return page("scenarios.html.j2", themes=by_theme(runs.scenarios.values()), count=len(runs.scenarios))

    @routes.get("/{scenario_id}")
    async def one(scenario_id: str) -> Response:
        scenario = find(runs.scenarios, scenario_id)
        return page("scenario.html.j2", scenario=scenario, dates=_dates(scenario), rules_of=rules_of)

    return routes


def _dates(scenario: Scenario) -> dict[str, str]:
    """The dates that a run works out, each in words."""
    return {name: date_words(rule) for name, rule in scenario.data.items() if isinstance(rule, DateRule)}


def rules_of(step: Step) -> list[str]:
    """What holds for a step besides the fields of its message, in words."""
    moved = step.advance_to
    to = date_words(moved) if isinstance(moved, DateRule) else placeholders(moved or "")
    rules = {
        f"The run's clock is moved to {to} before this step.": moved is not None,
        f"This message must not come within {step.must_not_come_within or 0:g} s.": step.must_not_come_within,
        f"The DIP has to refuse this message with {' or '.join(step.refused)}.": step.refused,
        _refusal(step): step.refusal,
        f"The status message has to bring {' or '.join(step.codes)}.": step.codes,
    }
    return [text for text, holds in rules.items() if holds]


def _refusal(step: Step) -> str:
    statuses = step.refusal.statuses if step.refusal else ()
    return f"The recipient has to refuse the publication with {' or '.join(map(str, statuses))}."


def date_words(rule: DateRule) -> str:
    """``UK-local midnight, 7 days ahead``."""
    kinds = {
        "UK-local midnight": rule.uk_midnight_days_ahead,
        "midnight UTC": rule.utc_midnight_days_ahead,
        "UK date": rule.uk_date_days_ahead,
    }
    kind, days = next((kind, days) for kind, days in kinds.items() if days is not None)
    if days == 0:
        return f"{kind}, the day of the run"
    unit = "day" if abs(days) == 1 else "days"
    return f"{kind}, {abs(days)} {unit} {'ahead' if days > 0 else 'back'}"
