"""Changes to messages whose outcome nobody knows beforehand: the two judges must agree all the same."""

from __future__ import annotations

from copy import deepcopy
from random import Random
from typing import Any

_JUNK: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    1.0,
    15,
    30,
    30.0,
    45,
    -1,
    1.5,
    0.001,
    10**15,
    "",
    "x",
    "X",
    "A",
    "_A",
    "[MSApp]",
    "IF-031",
    "011",
    "1.000",
    "-1.000",
    "1.000\n",
    "1.0000",
    "ABCD",
    "ABCD\n",
    "2000056535971",
    "\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669\u0660\u0661\u0662\u0663",
    "2026-03-21T00:00:00+00:00",
    "2026-02-31T99:99:99 junk!",
    "\U0001f642" * 25,
    "\U0001f642" * 10,
    "e\u0301" * 20,
    "A" * 300,
    [],
    {},
    [None],
    ["x"],
    [{}],
    {"a": 1},
)


def mutated(message: dict[str, Any], random: Random) -> dict[str, Any]:
    """A copy with one to three random changes anywhere in the payload."""
    copy = deepcopy(message)
    for _ in range(random.randint(1, 3)):
        places = list(_places(copy["payload"]))
        if not places:
            break
        holder, key = random.choice(places)
        random.choice(_CHANGES)(holder, key, random)
    return copy


def recased(message: dict[str, Any], random: Random) -> dict[str, Any]:
    """A copy with some field names in another case; the DIP does not mind."""

    def renamed(value: Any) -> Any:
        if isinstance(value, list):
            return [renamed(entry) for entry in value]
        if not isinstance(value, dict):
            return value
        return {_recased(name, random): renamed(inner) for name, inner in value.items()}

    return {"payload": renamed(message["payload"])}


def _recased(name: str, random: Random) -> str:
    return random.choice((name, name.lower(), name.upper(), name.swapcase()))


def _places(value: Any) -> Any:
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, inner in entries:
        yield value, key
        yield from _places(inner)


def _replace(holder: Any, key: Any, random: Random) -> None:
    holder[key] = deepcopy(random.choice(_JUNK))


def _remove(holder: Any, key: Any, random: Random) -> None:
    del holder[key]


def _add(holder: Any, key: Any, random: Random) -> None:
    if isinstance(holder, dict):
        holder[random.choice(("extra", "B999", "s0", "subtext", ""))] = deepcopy(random.choice(_JUNK))
    else:
        holder.append(deepcopy(random.choice(_JUNK)))


def _repeat(holder: Any, key: Any, random: Random) -> None:
    if isinstance(holder, list):
        holder.extend(deepcopy(holder[key]) for _ in range(random.choice((1, 48, 200))))
    else:
        holder[key] = [deepcopy(holder[key])]


def _trim(holder: Any, key: Any, random: Random) -> None:
    value = holder[key]
    if isinstance(value, str):
        holder[key] = random.choice((value[:-1], value + "0", value.swapcase(), value + "\n", " " + value))
    elif isinstance(value, list):
        holder[key] = value[: random.randint(0, 1)]


_CHANGES = (_replace, _replace, _remove, _add, _repeat, _trim, _trim)
