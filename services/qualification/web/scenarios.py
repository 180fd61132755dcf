"""The test cases: by theme, and one with its table and guidance."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from services.qualification.format import DateRule, Scenario
from services.qualification.runs import RunManager
from services.qualification.scenario import find
from services.qualification.web.pages import page


def theme_of(scenario: Scenario) -> str:
    """The heading that a test case is listed under."""
    return scenario.test_scenario


def themes(scenarios: Iterable[Scenario]) -> dict[str, list[Scenario]]:
    """The test cases by theme, both in alphabetical order."""
    found: dict[str, list[Scenario]] = {}
    for scenario in sorted(scenarios, key=lambda one: (theme_of(one), one.id)):
        found.setdefault(theme_of(scenario), []).append(scenario)
    return found


def router(runs: RunManager) -> APIRouter:
    """``/ui/scenarios``."""
    routes = APIRouter(prefix="/scenarios")

    @routes.get("")
    async def listing() -> Response:
        return page("scenarios.html.j2", themes=themes(runs.scenarios.values()), count=len(runs.scenarios))

    @routes.get("/{scenario_id}")
    async def one(scenario_id: str) -> Response:
        scenario = find(runs.scenarios, scenario_id)
        return page("scenario.html.j2", scenario=scenario, theme=theme_of(scenario), dates=_dates(scenario))

    return routes


def _dates(scenario: Scenario) -> dict[str, Any]:
    rules = scenario.data.items()
    return {name: rule.uk_midnight_days_ahead for name, rule in rules if isinstance(rule, DateRule)}
