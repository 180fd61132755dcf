"""The sequence diagram of a run as inline SVG: parties as columns, messages as arrows, in order of time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

COLUMN = 232
ROW = 50
HEAD = 64
MARGIN = 120


@dataclass(frozen=True)
class Column:
    """One party: its key, the line under its name, and whether the participant plays it."""

    key: str
    caption: str
    participant: bool = False


@dataclass(frozen=True)
class Arrow:
    """One message. ``tone``: good, bad, retry, or other (belongs to no step). ``href``: where it leads."""

    source: str
    target: str
    label: str
    note: str
    tone: str
    href: str


def sequence_diagram(columns: Sequence[Column], arrows: Sequence[Arrow]) -> str:
    """The diagram; columns that no arrow touches are left out."""
    touched = {end for arrow in arrows for end in (arrow.source, arrow.target)}
    shown = [column for column in columns if column.key in touched]
    places = {column.key: MARGIN + index * COLUMN for index, column in enumerate(shown)}
    width = max(MARGIN * 2 + (len(shown) - 1) * COLUMN, MARGIN * 2)
    height = HEAD + 30 + len(arrows) * ROW + 20
    parts = [_open(width, height), *_columns(shown, places, height)]
    parts += [_arrow(arrow, places, HEAD + 44 + index * ROW) for index, arrow in enumerate(arrows)]
    return "\n".join([*parts, "</svg>"])


def _open(width: int, height: int) -> str:
    markers = "".join(
        f'<marker id="tip-{tone}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" '
        f'orient="auto-start-reverse"><path class="tip {tone}" d="M0 0 L10 5 L0 10 z"/></marker>'
        for tone in ("good", "bad", "retry", "other")
    )
    return (
        f'<svg class="sequence" role="img" aria-labelledby="sequence-title sequence-text" width="{width}" '
        f'height="{height}" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">'
        '<title id="sequence-title">Sequence diagram</title>'
        '<desc id="sequence-text">Every message of the run, an arrow between two parties, first at the top. '
        "The same messages are listed as text further down.</desc>"
        f"<defs>{markers}</defs>"
    )


def _columns(columns: Iterable[Column], places: dict[str, int], height: int) -> Iterable[str]:
    for column in columns:
        x = places[column.key]
        kind = "participant" if column.participant else "harness"
        yield f'<line class="life" x1="{x}" y1="{HEAD}" x2="{x}" y2="{height - 8}"/>'
        yield f'<rect class="party {kind}" x="{x - 82}" y="8" width="164" height="{HEAD - 12}" rx="8"/>'
        yield f'<text class="party-name {kind}" x="{x}" y="31">{escape(column.key)}</text>'
        yield f'<text class="party-caption {kind}" x="{x}" y="48">{escape(column.caption)}</text>'


def _arrow(arrow: Arrow, places: dict[str, int], y: int) -> str:
    start, end = places[arrow.source], places[arrow.target]
    if start == end:
        path = f"M{start} {y - 8} h46 v16 h-44"
        middle, anchor = start + 54, "start"
    else:
        inset = 4 if end > start else -4
        path = f"M{start + inset} {y} L{end - inset} {y}"
        middle, anchor = (start + end) // 2, "middle"
    return (
        f'<a href="{escape(arrow.href)}"><g class="message {arrow.tone}">'
        f'<path class="wire" d="{path}" marker-end="url(#tip-{arrow.tone})"/>'
        f'<text class="label" x="{middle}" y="{y - 7}" text-anchor="{anchor}">{escape(arrow.label)}</text>'
        f'<text class="note" x="{middle}" y="{y + 14}" text-anchor="{anchor}">{escape(arrow.note)}</text>'
        "</g></a>"
    )
