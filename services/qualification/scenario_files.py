"""Reads one scenario file: resolves what it extends and uses, then checks shape and sense."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import orjson
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from services.qualification.extending import extended
from services.qualification.filling import with_steps_filled
from services.qualification.format import Scenario
from services.qualification.lint import findings
from services.qualification.problems import Problem
from services.qualification.sources import KINDS, Sources
from services.qualification.yaml_lines import Located


def yaml_files(folder: Path) -> list[Path]:
    """Those of the folder itself, and of its theme folders."""
    entries = [entry for entry in folder.iterdir() if entry.name not in KINDS]
    inside = [path for entry in entries for path in (entry.iterdir() if entry.is_dir() else [entry])]
    return sorted(path for path in inside if path.suffix in {".yaml", ".yml"})


def _theme(path: Path) -> str:
    """The folder's name, as a theme is written."""
    return re.sub(r"[^a-z0-9]+", "-", path.resolve().parent.name.lower()).strip("-") or "other"


def read(path: Path, sources: Sources) -> tuple[Scenario | None, list[Problem], Located]:
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
