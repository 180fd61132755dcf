"""How parts of the message standard, and differences between versions, look on a console."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dipemu.cli.console import out

_SHOWN: Final = 6  # names in a list before the rest is only counted
_PIPED: Final = 160  # columns where no terminal says otherwise
_SYMBOLS: Final = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}
_EFFECTS: Final = {
    "stricter": "stricter: messages that were valid may be refused",
    "looser": "looser: messages that were refused may be valid",
    "mixed": "stricter for some messages, looser for others",
    "none": "",
}


def print_description(found: Mapping[str, Any], version: str) -> None:
    """Print what ``contracts.reading.descriptions`` says about a part."""
    _VIEWS[found["kind"]](found, version)


def print_difference(difference: Mapping[str, Any]) -> None:
    """Print the changes by kind, each with its facts before and after and where it is met."""
    _line(f"{difference['from']} → {difference['to']}", style="bold")
    if not difference["changes"]:
        _line("no differences")
    for kind, counts in difference["counts"].items():
        words = ", ".join(f"{number} {change}" for change, number in counts.items() if number)
        _line(f"\n{kind}s: {words}", style="bold")
        for change in difference["changes"]:
            if change["kind"] == kind:
                _print_change(change)


def _print_change(change: Mapping[str, Any]) -> None:
    symbol, colour = _SYMBOLS[change["change"]]
    _line(f"{symbol} {change['name']}", style=colour)
    for detail in change["details"]:
        _line(f"    {detail['fact']}: {_before_and_after(detail)}")
    if _EFFECTS[change["effect"]]:
        _line(f"    {_EFFECTS[change['effect']]}", style="dim")
    if change["affects"]:
        places = "every message" if change["affectsAll"] else _some(change["affects"])
        _line(f"    in {places}", style="dim")


def _before_and_after(detail: Mapping[str, Any]) -> str:
    before, after = detail["before"], detail["after"]
    if isinstance(before, list) and isinstance(after, list):
        gone = [f"-{value}" for value in before if value not in after]
        return ", ".join([*gone, *(f"+{value}" for value in after if value not in before)])
    return f"{_value(before)} → {_value(after)}"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "none" if value is None else str(value)


def _print_interface(found: Mapping[str, Any], version: str) -> None:
    _heading(f"{found['name']} → {found['publication']}", version, found["schemaVersions"])
    _print_route(found["routing"])
    table = Table("Event", "Custom block", "Senders", "Receivers", box=None, pad_edge=False)
    for entry in found["events"]:
        blocks = "  ".join(_counted(part) for part in entry["blocks"])
        route = entry["routing"] or {}
        table.add_row(
            Text(entry["event"]), Text(blocks), _roles(route.get("senders", ())), _roles(_receivers(route))
        )
    out.print()
    _print_table(table)
    _line(f"\none event in full: dipemu contracts show {found['name']} {_bare(found['events'][0]['event'])}")


def _print_event(found: Mapping[str, Any], version: str) -> None:
    _heading(f"{found['interface']} {' '.join(found['events'])}", version, found["schemaVersions"])
    _print_route(found["routing"])
    out.print()
    _print_table(_structure(found["fields"]))


def _print_block(found: Mapping[str, Any], version: str) -> None:
    _heading(f"block {found['name']}", version)
    if found["open"]:
        _line("further fields are allowed")
    if found["untyped"]:
        _line("published without a type: anything that is not an object passes too")
    _print_table(_structure(found["fields"]))
    _print_uses(found)


def _print_item(found: Mapping[str, Any], version: str) -> None:
    _heading(found["name"], version)
    _line(f"takes      {found['takes']}")
    for label, name in (("field", "fieldNames"), ("type", "type"), ("length", "length"), ("range", "limits")):
        if found[name]:
            _line(f"{label:<10} {_value(found[name])}")
    if found["pattern"]:
        _line(f"pattern    {found['pattern']}")
    _line(f"null       {'allowed' if found['nullable'] else 'not allowed'}")
    _print_uses(found)


def _print_code(found: Mapping[str, Any], version: str) -> None:
    _heading(f"{found['name']} - {found['text']}", version)
    _line(f"family     {found['family']}: {found['familyName']}")
    _line(f"meaning    {found['meaning']}")
    senders = ["any recipient" if role == "*" else role for role in found["senders"]]
    _line(f"sent by    {', '.join(senders) or 'not known'}")
    _line(f"found in   {found['carriedIn'] or 'not known'}")


_VIEWS: Final[Mapping[str, Callable[[Mapping[str, Any], str], None]]] = {
    "interface": _print_interface,
    "event": _print_event,
    "block": _print_block,
    "item": _print_item,
    "code": _print_code,
}


def _heading(text: str, version: str, schema_versions: Sequence[str] = ()) -> None:
    schema = f", schema version {', '.join(schema_versions)}" if schema_versions else ""
    out.print(Text(text, "bold") + Text(f"   standard {version}{schema}", "dim not bold"), soft_wrap=True)


def _print_route(route: Mapping[str, Any] | None) -> None:
    if route is None:
        _line("who sends and who receives is not known")
        return
    _line(f"from       {', '.join(route['senders'])}")
    for name in ("primary", "secondary", "always"):
        if route[name]:
            _line(f"to         {', '.join(route[name])}  ({name})")


def _structure(fields: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("Field", "Item", "Count"):
        table.add_column(title, no_wrap=True, overflow="fold")
    for title in ("Type", "Allowed"):
        table.add_column(title, overflow="fold")
    for row in fields:
        style = "bold" if row["type"] == "object" else ""
        name = Text("  " * row["depth"] + row["name"], style)
        table.add_row(name, _key(row), row["count"], _type(row), Text(_allowed(row)))
    return table


def _print_table(table: Table) -> None:
    """Names must stay whole: what goes to a file or a pipe gets the room it needs."""
    console = out if out.is_terminal else Console(file=out.file, width=max(out.width, _PIPED))
    console.print(table)


def _key(row: Mapping[str, Any]) -> str:
    if row["type"] == "object":
        return "" if "." in row["of"] else str(row["of"])
    return str(row["number"] or "")


def _type(row: Mapping[str, Any]) -> str:
    words = row["type"] if row["type"] != "object" else ""
    size = row["length"] or row["limits"]
    return f"{words} {size}".strip() + (" or null" if row["nullable"] else "")


def _allowed(row: Mapping[str, Any]) -> str:
    if row["allowed"]:
        return " ".join(map(str, row["allowed"]))
    return str(row["pattern"])


def _counted(part: Mapping[str, Any]) -> str:
    """``B070``, ``B013?``, ``B035List[0..*]``."""
    marks = {"1": "", "0..1": "?"}
    return f"{part['field']}{marks.get(part['count'], '[' + part['count'] + ']')}"


def _print_uses(found: Mapping[str, Any]) -> None:
    blocks = [f"{_bare_owner(place['owner'])}.{place['field']}" for place in found["usedIn"]]
    _line(f"\nused in    {_some(blocks)}" if blocks else "\nused in no message")
    if found["messages"]:
        _line(f"messages   {_some(found['messages'])}")


def _receivers(route: Mapping[str, Any]) -> list[str]:
    return sorted({role for name in ("primary", "secondary", "always") for role in route.get(name, ())})


def _roles(roles: Sequence[str]) -> str:
    return " ".join(roles)


def _some(names: Sequence[str]) -> str:
    rest = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _bare(event: str) -> str:
    return event.strip("[]")


def _bare_owner(owner: str) -> str:
    return owner.removesuffix(".CustomBlock")


def _line(text: str, style: str = "") -> None:
    out.print(text, style=style, soft_wrap=True, markup=False)
