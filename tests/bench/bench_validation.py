"""How fast messages are checked: ``python -m tests.bench.bench_validation``.

Messages per second of the schema check alone and with the semantic rules, and their ratio to bare
``orjson.loads`` of the same messages, measured in turns in the same run. Target for the schema check: at
most three times the parsing.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from contracts import load_catalogue
from contracts.samples import sample
from contracts.validation import Validator

TARGET = 3.0
ROUNDS = 15
DISTINCT = 50  # different messages per kind, so that nothing is remembered from the last one
REPEATS = 20  # times all of them in one round
KINDS = {
    "IF-031 [MSApp]": ("IF-031", "MSApp"),
    "IF-001 [ChangeOfSupplier]": ("IF-001", "ChangeOfSupplier"),
    "IF-021 [ActivePower], 48 periods": ("IF-021", "ActivePower"),
}


@dataclass(frozen=True)
class Figures:
    """Seconds per message of each step, medians over the rounds; ``size`` in bytes."""

    name: str
    size: float
    parsing: float
    schema: float
    everything: float

    @property
    def ratio(self) -> float:
        return self.schema / self.parsing

    def __str__(self) -> str:
        return (
            f"{self.name:34} {self.size:6.0f} B  parse {1 / self.parsing:9,.0f}/s  "
            f"schema {1 / self.schema:9,.0f}/s = {self.ratio:4.2f} x parsing  "
            f"with semantics {1 / self.everything:8,.0f}/s = {self.everything / self.parsing:4.2f} x"
        )


def measure(name: str, interface: str, event: str, rounds: int = ROUNDS) -> Figures:
    """Measure one kind of message; the three steps take turns, so a busy machine slows them all."""
    catalogue = load_catalogue("2.1.0")
    texts = [orjson.dumps(sample(catalogue, interface, event, seed=n)) for n in range(DISTINCT)]
    messages = [orjson.loads(text) for text in texts]
    schema, everything = Validator(catalogue, semantics=None), Validator(catalogue)
    assert all(schema._passes(message) for message in messages)
    steps: list[tuple[Callable[[Any], object], list[Any]]] = [
        (orjson.loads, texts),
        (schema.check, messages),
        (everything.check, messages),
    ]
    taken: list[list[float]] = [[], [], []]
    for _ in range(rounds):
        for step, (work, inputs) in enumerate(steps):
            taken[step].append(_seconds_each(work, inputs))
    parsing, checking, all_rules = map(statistics.median, taken)
    return Figures(name, statistics.mean(map(len, texts)), parsing, checking, all_rules)


def _seconds_each(work: Callable[[Any], object], inputs: list[Any]) -> float:
    begun = time.perf_counter()
    for _ in range(REPEATS):
        for one in inputs:
            work(one)
    return (time.perf_counter() - begun) / (REPEATS * len(inputs))


def main() -> int:
    missed = 0
    for name, (interface, event) in KINDS.items():
        figures = measure(name, interface, event)
        missed += figures.ratio > TARGET
        print(figures)
    print(f"target: schema check at most {TARGET:g} x parsing: {'missed' if missed else 'met'}")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
