"""Finds, reads and checks scenario files; what comes out is the resolved scenario, as it runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from services.qualification.contract_lint import contract_findings
from services.qualification.errors import ScenarioInvalid, ScenarioUnknown
from services.qualification.extending import base
from services.qualification.format import Scenario
from services.qualification.problems import Problem
from services.qualification.scenario_files import read, yaml_files
from services.qualification.sources import KINDS, WORDS, Sources, shipped_sources, shown


def lint(path: Path) -> list[Problem]:
    """Every problem of one file, in the order of lines, or of all in a folder; empty when all is fine.

    Of a folder's bases and step templates, those that nothing uses are problems, too.
    """
    with shipped_sources() as (_, sources):
        if not path.is_dir():
            return _lint(path, sources)
        found = [problem for file in yaml_files(path) for problem in _lint(file, sources)]
        return _gathered([*found, *_unused(path, sources)])


def _lint(path: Path, sources: Sources) -> list[Problem]:
    """Besides the format, checks against the message contracts, which loading does not wait for."""
    kind = path.absolute().parent.name
    if kind in KINDS:
        return sources.template(path)[1] if kind == "steps" else base(path, sources).problems
    scenario, problems, located = read(path, sources)
    if scenario is None or problems:
        return problems
    found = dict.fromkeys(contract_findings(scenario))
    return [located.problem(where, text) for where, text in found]


def _gathered(problems: Iterable[Problem]) -> list[Problem]:
    """One problem of a base, and not one for each scenario that extends it."""
    found: dict[Problem, list[str]] = {}
    for problem in problems:
        found.setdefault(replace(problem, scenario=""), []).append(problem.scenario)
    return [replace(problem, scenario=_first(scenarios)) for problem, scenarios in found.items()]


def _first(scenarios: Sequence[str]) -> str:
    others = f" and {len(scenarios) - 1} more" if len(scenarios) > 1 else ""
    return scenarios[0] and scenarios[0] + others


def _unused(folder: Path, sources: Sources) -> Iterator[Problem]:
    for kind, path in sources.unused(folder):
        yield Problem(shown(path), 1, "", f"Nothing uses this {WORDS[kind]}: use it or delete it.")


def load_scenario(path: Path) -> Scenario:
    """Read one file. Raises ScenarioInvalid with every problem found."""
    with shipped_sources() as (_, sources):
        return _load(path, sources)


def _load(path: Path, sources: Sources) -> Scenario:
    scenario, problems, _ = read(path, sources)
    if scenario is None or problems:
        raise ScenarioInvalid(problems)
    return scenario


def load_scenarios(directories: Sequence[Path] = ()) -> dict[str, Scenario]:
    """The scenarios that come with the product and those of ``directories``, by ID.

    Raises ScenarioInvalid when a file has problems or two files give one ID.
    """
    scenarios = dict(_shipped())
    with shipped_sources() as (_, sources):
        for path in (path for folder in directories for path in yaml_files(folder)):
            _add(scenarios, path, sources)
    return scenarios


@cache
def _shipped() -> Mapping[str, Scenario]:
    """They do not change while a process runs, and are frozen: read once."""
    scenarios: dict[str, Scenario] = {}
    with shipped_sources() as (folder, sources):
        for path in yaml_files(folder):
            _add(scenarios, path, sources)
    return scenarios


def _add(scenarios: dict[str, Scenario], path: Path, sources: Sources) -> None:
    scenario = _load(path, sources)
    if scenario.id in scenarios:
        text = f"The ID {scenario.id} is already taken by another file."
        raise ScenarioInvalid([Problem(shown(path), 1, "/id", text)])
    scenarios[scenario.id] = scenario


def find(scenarios: Mapping[str, Scenario], scenario_id: str) -> Scenario:
    """The scenario with this ID. Raises ScenarioUnknown, which names those that exist."""
    if scenario_id not in scenarios:
        known = ", ".join(sorted(scenarios)) or "none"
        raise ScenarioUnknown(f"There is no scenario {scenario_id}. Known: {known}.")
    return scenarios[scenario_id]


def summary(scenario: Scenario) -> dict[str, Any]:
    """How a scenario is listed, for programs."""
    return {
        "id": scenario.id,
        "theme": scenario.theme,
        "testScenario": scenario.test_scenario,
        "testCase": scenario.test_case,
        "title": scenario.title,
        "steps": len(scenario.steps),
        "inject": sorted({step.message for step in scenario.steps if step.inject}),
        "roles": [
            {
                "key": name,
                "role": role.role,
                "title": role.title,
                "participant": role.participant,
                "steps": sum(step.owner == name for step in scenario.steps),
            }
            for name, role in scenario.roles.items()
        ],
    }


def as_yaml(scenario: Scenario) -> str:
    """The resolved scenario: all that it takes from bases and step templates is in it."""
    content = scenario.model_dump(mode="json", by_alias=True, exclude_unset=True)
    text: str = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)
    return text


def by_theme(scenarios: Iterable[Scenario]) -> dict[str, list[Scenario]]:
    """The scenarios under their themes, both in alphabetical order."""
    themes: dict[str, list[Scenario]] = {}
    for scenario in sorted(scenarios, key=lambda one: (one.theme, one.id)):
        themes.setdefault(scenario.theme, []).append(scenario)
    return themes
