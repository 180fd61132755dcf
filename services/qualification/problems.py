"""What is wrong with a scenario file, and where."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong. ``line`` counts from 1; ``pointer`` is a JSON pointer into the resolved scenario.

    ``scenario``: the scenario that was read when it was found, where that is another file.
    """

    path: str
    line: int
    pointer: str
    text: str
    scenario: str = ""

    def __str__(self) -> str:
        found = f" (found when reading {self.scenario})" if self.scenario else ""
        return f"{self.path}:{self.line}: {self.pointer or '/'}: {self.text}{found}"
