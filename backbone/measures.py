"""Figures about a running process, and the text in which Prometheus reads them (exposition format 0.0.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Measure(NamedTuple):
    """One figure. ``name``: with its unit, as ``dipemu_log_bytes``; a counter's ends in ``_total``."""

    name: str
    meaning: str
    kind: Literal["counter", "gauge"]
    value: float
    labels: Mapping[str, str] = MappingProxyType({})


def exposition(measures: Iterable[Measure]) -> str:
    """All of them, those of one name together."""
    by_name: dict[str, list[Measure]] = {}
    for measure in measures:
        by_name.setdefault(measure.name, []).append(measure)
    return "".join(_family(name, family) for name, family in by_name.items())


def _family(name: str, family: list[Measure]) -> str:
    head = f"# HELP {name} {_escaped(family[0].meaning)}\n# TYPE {name} {family[0].kind}\n"
    return head + "".join(f"{name}{_labels(one.labels)} {one.value:.15g}\n" for one in family)


def _labels(labels: Mapping[str, str]) -> str:
    pairs = (f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return "{" + ",".join(pairs) + "}" if labels else ""


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
