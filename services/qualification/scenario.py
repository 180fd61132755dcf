"""Finds, reads and checks scenario files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import orjson
import yaml
from pydantic import ValidationError

from services.qualification.contract_lint import contract_findings
from services.qualification.errors import ScenarioInvalid, ScenarioUnknown
from services.qualification.format import Scenario
from services.qualification.lint import findings
from services.qualification.yaml_lines import Located, read_yaml


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a scenario file. ``line`` counts from 1; ``pointer`` is a JSON pointer."""

    path: str
    line: int
    pointer: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.pointer or '/'}: {self.text}"


def lint(path: Path) -> list[Problem]:
    """Every problem of one file (or of all in a folder), in the order of lines; empty when all is fine."""
    files_ = _yaml_files(path) if path.is_dir() else [path]
    return [problem for file in files_ for problem in _lint(file)]


def _lint(path: Path) -> list[Problem]:
    """Besides the format, checks against the message contracts, which loading does not wait for."""
    scenario, problems, located = _read(path)
    if scenario is None or problems:
        return problems
    found = list(dict.fromkeys(contract_findings(scenario)))
    return [Problem(str(path), located.line(where), where, text) for where, text in found]


def load_scenario(path: Path) -> Scenario:
    """Read one file. Raises ScenarioInvalid with every problem found."""
    scenario, problems, _ = _read(path)
    if scenario is None or problems:
        raise ScenarioInvalid(problems)
    return scenario


def load_scenarios(directories: Sequence[Path] = ()) -> dict[str, Scenario]:
    """The scenarios that come with the product and those of ``directories``, by ID.

    Raises ScenarioInvalid when a file has problems or two files give one ID.
    """
    with as_file(files("scenarios")) as packaged:
        paths = [*_yaml_files(packaged), *(path for folder in directories for path in _yaml_files(folder))]
        scenarios: dict[str, Scenario] = {}
        for path in paths:
            scenario = load_scenario(path)
            if scenario.id in scenarios:
                text = f"The ID {scenario.id} is already taken by another file."
                raise ScenarioInvalid([Problem(str(path), 1, "/id", text)])
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
    inside = [path for entry in folder.iterdir() for path in (entry.iterdir() if entry.is_dir() else [entry])]
    return sorted(path for path in inside if path.suffix in {".yaml", ".yml"})


def _theme(path: Path) -> str:
    """The folder's name, as a theme is written."""
    return re.sub(r"[^a-z0-9]+", "-", path.resolve().parent.name.lower()).strip("-") or "other"


def _read(path: Path) -> tuple[Scenario | None, list[Problem], Located]:
    """The scenario, unless its shape is wrong; what is wrong with it; and where all of it stands."""
    try:
        located = read_yaml(path.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        return None, [_unreadable(path, error)], Located({}, {})
    scenario, problems = _checked(path, located)
    return scenario, sorted(problems, key=lambda problem: problem.line), located


def _checked(path: Path, located: Located) -> tuple[Scenario | None, list[Problem]]:
    problems = [Problem(str(path), line, pointer, text) for pointer, line, text in located.problems]
    try:
        data = {"theme": _theme(path), **located.data} if isinstance(located.data, dict) else located.data
        scenario = Scenario.model_validate_json(orjson.dumps(data))
    except ValidationError as error:
        shape = _shape_problems(path, located, error)
        return None, [*problems, *shape]
    problems += [Problem(str(path), located.line(where), where, text) for where, text in findings(scenario)]
    return scenario, problems


def _unreadable(path: Path, error: Exception) -> Problem:
    mark = getattr(error, "problem_mark", None)
    text = getattr(error, "problem", None) or getattr(error, "strerror", None) or str(error)
    return Problem(str(path), mark.line + 1 if mark else 1, "", f"The file cannot be read: {text}.")


_SENTENCES = {
    "missing": "This field is missing.",
    "extra_forbidden": "This field is not part of the format.",
    "string_type": "A text is expected here; put quotes around it if it looks like a number.",
    "int_type": "A whole number is expected here.",
    "bool_type": "true or false is expected here.",
    "dict_type": "A mapping of names to values is expected here.",
    "tuple_type": "A list is expected here.",
}


def _shape_problems(path: Path, located: Located, error: ValidationError) -> Iterator[Problem]:
    for item in error.errors(include_url=False):
        pointer = _pointer(item["loc"])
        if {*item["loc"][-1:]} & _TEXTS and isinstance(item["input"], dict):
            continue  # a date rule that is wrong is told of as such, not as a text that it is not
        text = _SENTENCES.get(item["type"], f"{item['msg'].removeprefix('Value error, ')}.")
        yield Problem(str(path), located.line(pointer), pointer, text)


_TEXTS = {"str", "constrained-str"}


def _pointer(location: tuple[int | str, ...]) -> str:
    """A pydantic location as a JSON pointer; names of union members and key checks are left out."""
    parts = [str(part) for part in location if part not in {"[key]", *_TEXTS} and "DateRule" not in str(part)]
    return "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in parts)
