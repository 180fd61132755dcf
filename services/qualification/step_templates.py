"""``use``: steps that are written once, as a template with parameters.

A template holds ``parameters`` (names) and ``step``. In the texts of the step ``<name>`` stands for a
parameter; a text that is one parameter takes the value with its type. A step that uses the template gives
their values in ``with``. What it says besides takes the place of the template's, but its ``expect`` and
``hints`` come after them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from services.qualification.format import Step
from services.qualification.problems import Problem
from services.qualification.yaml_lines import Located, child, pointers

NOT_GIVEN = ("step", "use", "with")
_PARAMETER = re.compile(r"<([a-z][A-Za-z]*)>")
_FIELDS = {field.alias for field in Step.model_fields.values()}


def template_problems(located: Located) -> Iterator[Problem]:
    """What is wrong with a template, whoever uses it."""
    yield from located.problems
    if located.data is None and located.problems:
        return
    if not isinstance(located.data, dict) or not isinstance(located.data.get("step"), dict):
        yield located.problem("", "A step template is a mapping with parameters (names) and step.")
        return
    for key in located.data:
        if key not in ("parameters", "step"):
            yield located.problem(child("", key), f"A step template has parameters and step, no {key}.")
    for key in located.data["step"]:
        if key in NOT_GIVEN:
            yield located.problem(
                f"/step/{key}", f"The step that uses a template gives {key}, no template does."
            )
        elif key not in _FIELDS:
            yield located.problem(child("/step", key), f"{key} is not a field of a step.")
    yield from _parameter_problems(located)


def _parameter_problems(located: Located) -> Iterator[Problem]:
    parameters = located.data.get("parameters", [])
    if not isinstance(parameters, list) or not all(isinstance(name, str) for name in parameters):
        yield located.problem("/parameters", f"A list of names is expected here, not {parameters}.")
        return
    used = {}
    for pointer, value in pointers(located.data["step"], "/step"):
        used.update(dict.fromkeys(names_in(value), pointer))
    for name, pointer in used.items():
        if name not in parameters:
            known = ", ".join(parameters) or "none"
            yield located.problem(pointer, f"<{name}> is not among the parameters. There are: {known}.")
    for index, name in enumerate(parameters):
        if name not in used:
            yield located.problem(f"/parameters/{index}", f"The step does not use <{name}>.")


def names_in(value: Any) -> list[str]:
    """The parameters in a text, in their order."""
    return _PARAMETER.findall(value) if isinstance(value, str) else []


def substituted(template: Any, values: dict[str, Any]) -> Any:
    """A copy of a part of a template with the values of its parameters."""
    if isinstance(template, dict):
        return {key: substituted(item, values) for key, item in template.items()}
    if isinstance(template, list):
        return [substituted(item, values) for item in template]
    if not isinstance(template, str):
        return template
    whole = _PARAMETER.fullmatch(template)
    return values[whole[1]] if whole else _PARAMETER.sub(lambda match: str(values[match[1]]), template)
