"""``extends``: what a scenario (or a base) takes from a base.

Mappings are merged, entry by entry and all the way down, and what the scenario says wins; an entry that it
sets to null is removed. A list takes the place of the base's, but orders of ``prepare`` come after them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from services.qualification.problems import Problem
from services.qualification.sources import Sources
from services.qualification.yaml_lines import Located, Place, child, pointers

GIVEN_BY_BASES = ("timeouts", "roles", "data", "mpan", "prepare")


def extended(path: Path, sources: Sources, chain: tuple[Path, ...] = ()) -> Located:
    """The document of a file with all that it takes from bases; without data where a base is wrong."""
    own = sources.read(path)
    if not isinstance(own.data, dict) or "extends" not in own.data:
        return own
    name = own.data["extends"]
    found = sources.find("bases", name, path) if isinstance(name, str) else None
    chain = (*chain, path.absolute())
    if found is None:
        return own.without_data([own.problem("/extends", sources.unknown("bases", name, path))])
    if found in chain:
        names = " → ".join(link.stem for link in (*chain[chain.index(found) :], found))
        text = f"This leads in a circle: {names}. A base must not extend itself."
        return own.without_data([own.problem("/extends", text)])
    return _taken(own, base(found, sources, chain))


def base(path: Path, sources: Sources, chain: tuple[Path, ...] = ()) -> Located:
    """A base with all that it takes from others; without data where something is wrong with it."""
    whole = extended(path, sources, chain)
    problems = list(_shape(sources.read(path)))
    return whole.without_data(problems) if problems else whole


def _shape(located: Located) -> Iterator[Problem]:
    if located.data is not None and not isinstance(located.data, dict):
        yield located.problem("", f"A base is a mapping of {', '.join(GIVEN_BY_BASES)}.")
    for key in located.data if isinstance(located.data, dict) else ():
        if key not in ("extends", *GIVEN_BY_BASES):
            text = f"A base does not give {key}. It may give {', '.join(GIVEN_BY_BASES)}."
            yield located.problem(child("", key), text)


def _taken(own: Located, taken: Located) -> Located:
    if taken.data is None:
        return own.without_data(taken.problems)
    rest = {key: value for key, value in own.data.items() if key != "extends"}
    merger = _Merger(own, taken)
    data = merger.mapping(taken.data, rest, "")
    problems = [*taken.problems, *own.problems, *merger.problems]
    return Located(None if merger.problems else data, merger.places, problems)


class _Merger:
    """Merges two documents and keeps track of which of the two gave what."""

    def __init__(self, own: Located, taken: Located) -> None:
        self._own, self._taken = own, taken
        self.places: dict[str, Place] = dict(own.places)
        self.problems: list[Problem] = []

    def mapping(self, taken: dict[str, Any], own: dict[str, Any], where: str) -> dict[str, Any]:
        merged = {key: self._entry(taken, own, key, child(where, key)) for key in {**taken, **own}}
        return {key: value for key, value in merged.items() if key not in own or own[key] is not None}

    def _entry(self, taken: dict[str, Any], own: dict[str, Any], key: str, where: str) -> Any:
        if key not in own:
            return self._from_base(taken[key], where)
        if key not in taken:
            if own[key] is None:
                text = f"Null removes what a base gives, and none gives {key}."
                self.problems.append(self._own.problem(where, text))
            return own[key]
        if isinstance(taken[key], dict) and isinstance(own[key], dict):
            return self.mapping(taken[key], own[key], where)
        if where == "/prepare" and isinstance(taken[key], list) and isinstance(own[key], list):
            return self._orders(taken[key], own[key])
        return own[key]

    def _from_base(self, value: Any, where: str) -> Any:
        for pointer, _ in pointers(value, where):
            self.places[pointer] = self._taken.places[pointer]
        return value

    def _orders(self, taken: list[Any], own: list[Any]) -> list[Any]:
        for index, order in enumerate(own):
            for below, _ in pointers(order):
                place = self._own.places[f"/prepare/{index}{below}"]
                self.places[f"/prepare/{len(taken) + index}{below}"] = place
        for index, order in enumerate(taken):
            self._from_base(order, f"/prepare/{index}")
        return [*taken, *own]
