"""Finds, reads and checks scenario files; what comes out is the resolved scenario, as it runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from services.qualification.contract_lint import contract_findings
from services.qualification.errors import ScenarioInvalid, ScenarioUnknown
from services.qualification.extending import base, extended
from services.qualification.format import Scenario
from services.qualification.lint import findings
from services.qualification.problems import Problem
from services.qualification.sources import KINDS, Sources, shipped_sources, shown
from services.qualification.step_templates import template_problems, with_steps_filled
from services.qualification.yaml_lines import Located


def lint(path: Path) -> list[Problem]:
    """Every problem of one file, in the order of lines, or of all in a folder; empty when all is fine.

    Of a folder's bases and step templates, those that nothing uses are problems, too.
    """
    with shipped_sources() as (_, sources):
        if not path.is_dir():
            return _lint(path, sources)
        found = [problem for file in _yaml_files(path) for problem in _lint(file, sources)]
        return list(dict.fromkeys([*found, *_unused(path, sources)]))


def _lint(path: Path, sources: Sources) -> list[Problem]:
    """Besides the format, checks against the message contracts, which loading does not wait for."""
    kind = path.absolute().parent.name
    if kind in KINDS:
        part = sources.read(path)
        return list(template_problems(part) if kind == "steps" else base(path, sources).problems)
    scenario, problems, located = _read(path, sources)
    if scenario is None or problems:
        return problems
    found = dict.fromkeys(contract_findings(scenario))
    return [located.problem(where, text) for where, text in found]


def _unused(folder: Path, sources: Sources) -> Iterator[Problem]:
    words = {"bases": "extends this base", "steps": "uses this step template"}
    for kind, path in sources.unused(folder):
        yield Problem(shown(path), 1, "", f"Nothing {words[kind]}: use it or delete it.")


def load_scenario(path: Path) -> Scenario:
    """Read one file. Raises ScenarioInvalid with every problem found."""
    with shipped_sources() as (_, sources):
        return _load(path, sources)


def _load(path: Path, sources: Sources) -> Scenario:
    scenario, problems, _ = _read(path, sources)
    if scenario is None or problems:
        raise ScenarioInvalid(problems)
    return scenario


def load_scenarios(directories: Sequence[Path] = ()) -> dict[str, Scenario]:
    """The scenarios that come with the product and those of ``directories``, by ID.

    Raises ScenarioInvalid when a file has problems or two files give one ID.
    """
    with shipped_sources() as (shipped, sources):
        scenarios: dict[str, Scenario] = {}
        for path in (path for folder in (shipped, *directories) for path in _yaml_files(folder)):
            scenario = _load(path, sources)
            if scenario.id in scenarios:
                text = f"The ID {scenario.id} is already taken by another file."
                raise ScenarioInvalid([Problem(shown(path), 1, "/id", text)])
            scenarios[scenario.id] = scenario
    return scenarios


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


def by_theme(scenarios: Iterable[Scenario]) -> dict[str, list[Scenario]]:
    """The scenarios under their themes, both in alphabetical order."""
    themes: dict[str, list[Scenario]] = {}
    for scenario in sorted(scenarios, key=lambda one: (one.theme, one.id)):
        themes.setdefault(scenario.theme, []).append(scenario)
    return themes


def _yaml_files(folder: Path) -> list[Path]:
    """Those of the folder itself, and of its theme folders."""
    entries = [entry for entry in folder.iterdir() if entry.name not in KINDS]
    inside = [path for entry in entries for path in (entry.iterdir() if entry.is_dir() else [entry])]
    return sorted(path for path in inside if path.suffix in {".yaml", ".yml"})


def _theme(path: Path) -> str:
    """The folder's name, as a theme is written."""
    return re.sub(r"[^a-z0-9]+", "-", path.resolve().parent.name.lower()).strip("-") or "other"


def _read(path: Path, sources: Sources) -> tuple[Scenario | None, list[Problem], Located]:
    """The scenario, unless its shape is wrong; what is wrong with it; and where all of it stands."""
    located = with_steps_filled(extended(path, sources), path, sources)
    if located.data is None and located.problems:
        return None, located.problems, located
    scenario, problems = _checked(path, located)
    return scenario, sorted(problems, key=lambda problem: problem.line), located


def _checked(path: Path, located: Located) -> tuple[Scenario | None, list[Problem]]:
    try:
        data = {"theme": _theme(path), **located.data} if isinstance(located.data, dict) else located.data
        scenario = Scenario.model_validate_json(orjson.dumps(data))
    except ValidationError as error:
        return None, [*located.problems, *_shape_problems(located, error)]
    found = [located.problem(where, text) for where, text in findings(scenario)]
    return scenario, [*located.problems, *found]


_SENTENCES = {
    "missing": "This field is missing.",
    "extra_forbidden": "This field is not part of the format.",
    "string_type": "A text is expected here; put quotes around it if it looks like a number.",
    "int_type": "A whole number is expected here.",
    "bool_type": "true or false is expected here.",
    "dict_type": "A mapping of names to values is expected here.",
    "tuple_type": "A list is expected here.",
}


def _shape_problems(located: Located, error: ValidationError) -> Iterator[Problem]:
    for item in error.errors(include_url=False):
        pointer = _pointer(item["loc"])
        if {*item["loc"][-1:]} & _TEXTS and isinstance(item["input"], dict):
            continue  # a date rule that is wrong is told of as such, not as a text that it is not
        text = _SENTENCES.get(item["type"], f"{item['msg'].removeprefix('Value error, ')}.")
        yield located.problem(pointer, text + _seen(item))


def _seen(item: ErrorDetails) -> str:
    """The value that is wrong, where it is one and not a whole part of the file."""
    value = item["input"]
    told = item["type"] != "extra_forbidden" and isinstance(value, (str, int, float))
    return f" Seen: {orjson.dumps(value).decode()}." if told else ""


_TEXTS = {"str", "constrained-str"}


def _pointer(location: tuple[int | str, ...]) -> str:
    """A pydantic location as a JSON pointer; names of union members and key checks are left out."""
    parts = [str(part) for part in location if part not in {"[key]", *_TEXTS} and "DateRule" not in str(part)]
    return "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in parts)
