"""Fills the steps of a scenario that use a template; see ``services.qualification.step_templates``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from services.qualification.problems import Problem
from services.qualification.sources import Sources
from services.qualification.step_templates import names_in, substituted
from services.qualification.yaml_lines import Located, Place, child, pointers

_ADDED = ("expect", "hints")


def with_steps_filled(located: Located, path: Path, sources: Sources) -> Located:
    """The document with its steps as they run; without data where a step cannot be filled."""
    steps = located.data.get("steps") if isinstance(located.data, dict) else None
    if not isinstance(steps, list) or not any(map(_uses, steps)):
        return located
    filler = _Filler(located, path, sources)
    filled = [filler.step(step, f"/steps/{index}") for index, step in enumerate(steps)]
    if filler.problems:
        return located.without_data(list(dict.fromkeys(filler.problems)))
    return Located({**located.data, "steps": filled}, filler.places, located.problems)


def _uses(step: Any) -> bool:
    return isinstance(step, dict) and ("use" in step or "with" in step)


class _Filler:
    """Fills the steps of one scenario and keeps track of which file gave what."""

    def __init__(self, located: Located, path: Path, sources: Sources) -> None:
        self._located, self._path, self._sources = located, path, sources
        self.places: dict[str, Place] = dict(located.places)
        self.problems: list[Problem] = []

    def step(self, step: Any, where: str) -> Any:
        template = self._template(step, where) if _uses(step) else None
        if template is None:
            return step
        values = step.get("with", {})
        problems = list(_value_problems(self._located, template, step, where))
        self.problems += problems
        return step if problems else self._filled(step, template, values, where)

    def _template(self, step: dict[str, Any], where: str) -> Located | None:
        if "use" not in step:
            text = "These are values for a step template: name it with use."
            self.problems.append(self._located.problem(f"{where}/with", text))
            return None
        name = step["use"]
        found = self._sources.find("steps", name, self._path) if isinstance(name, str) else None
        if found is None:
            text = self._sources.unknown("steps", name, self._path)
            self.problems.append(self._located.problem(f"{where}/use", text))
            return None
        template, problems = self._sources.template(found)
        self.problems += problems
        return None if problems else template

    def _filled(
        self, step: dict[str, Any], template: Located, values: dict[str, Any], where: str
    ) -> dict[str, Any]:
        given: dict[str, Any] = template.data["step"]
        own = {key: value for key, value in step.items() if key not in ("use", "with")}
        result: dict[str, Any] = {"step": own["step"]} if "step" in own else {}
        for key, value in given.items():
            if key not in own or _adds(key, value, own[key]):
                self._from_template(template, values, key, where)
                result[key] = substituted(value, values)
        for key, value in own.items():
            if _adds(key, given.get(key), value):
                self._after(len(given[key]), value, f"{where}/{key}")
                result[key] = [*result[key], *value]
            else:
                result[key] = value
        return self._without_nulls(result, own, given, where)

    def _without_nulls(
        self, result: dict[str, Any], own: dict[str, Any], given: dict[str, Any], where: str
    ) -> dict[str, Any]:
        for key in (key for key, value in own.items() if value is None and key not in given):
            text = f"Null removes what a template gives, and this one gives no {key}."
            self.problems.append(self._located.problem(f"{where}/{key}", text))
        return {key: value for key, value in result.items() if key not in own or own[key] is not None}

    def _from_template(self, template: Located, values: dict[str, Any], key: str, where: str) -> None:
        """A value with a parameter stands where the parameter is given: there it is to be corrected."""
        for below, value in pointers(template.data["step"][key], f"/{key}"):
            names = names_in(value)
            given = self._located.place(f"{where}/with/{names[0]}") if names else None
            self.places[where + below] = given or template.places[f"/step{below}"]

    def _after(self, count: int, added: list[Any], where: str) -> None:
        for index, item in enumerate(added):
            for below, _ in pointers(item):
                self.places[f"{where}/{count + index}{below}"] = self._located.places[
                    f"{where}/{index}{below}"
                ]


def _adds(key: str, given: Any, own: Any) -> bool:
    return key in _ADDED and isinstance(given, list) and isinstance(own, list)


def _value_problems(
    located: Located, template: Located, step: dict[str, Any], where: str
) -> Iterator[Problem]:
    name, values, parameters = step["use"], step.get("with", {}), template.data.get("parameters", [])
    known = ", ".join(parameters) or "none"
    if not isinstance(values, dict):
        yield located.problem(f"{where}/with", f"A mapping of the parameters of {name} is expected: {known}.")
        return
    for key, value in values.items():
        if key not in parameters:
            text = f"{name} has no parameter {key}. Its parameters: {known}."
            yield located.problem(child(f"{where}/with", key), text)
        elif value is None or isinstance(value, (dict, list)):
            text = f"A text, a number, true or false is expected here, not {value}."
            yield located.problem(child(f"{where}/with", key), text)
    missing = [parameter for parameter in parameters if parameter not in values]
    if missing:
        yield located.problem(f"{where}/with", f"{name} needs these parameters, too: {', '.join(missing)}.")
