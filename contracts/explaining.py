"""The explaining check: walks a message against its variant and says everything that is wrong.

It is the authority. The compiled fast path (``compiling``) may only say "valid" where this finds nothing.
It follows JSON Schema as OpenAPI 3.0 uses it: lengths in code points, ``pattern`` searched for, 30.0 a
whole number, true not a number. Field names are matched without regard to case, values exactly.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from math import isfinite
from typing import Any, Final

from contracts.describing import MOMENT_LENGTH, digits_of, expected, is_moment, near, shown
from contracts.model import Block, DataItem, Field
from contracts.violations import Violation, codes_for

_GUESSES: Final = 10  # unknown names of one block for which we look for what was meant
_JSON_TYPES: Final = {
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "an object",
    type(None): "null",
}
_pattern = lru_cache(maxsize=None)(re.compile)


def explain(block: Block, value: object, pointer: str, found: list[Violation]) -> Any:
    """Check a block's value, adding to ``found``. Returns it with names in the published spelling."""
    return _block(block, value, pointer, block.key.rsplit(".", 1)[-1], found)


def missing(part: Field, pointer: str, given: Iterable[str] = ()) -> Violation:
    """The violation for a required field that is not there; ``given``: names that might stand for it."""
    label = _label(part)
    text = f"{label} is missing."
    meant = next((name for name in given if near(name, [part.name]) == part.name), None)
    if meant:
        text += f" `{meant}` is there: was `{part.name}` meant?"
    if isinstance(part.type, DataItem) and part.type.nullable and not part.many:
        text += " It may be null but has to be present."
    return _violation(pointer, part.name, "missing", text, None, _wanted(part), _number(part))


def unknown(
    name: str, value: object, pointer: str, absent: Iterable[str], known: Iterable[str], place: str
) -> Violation:
    """The violation for a field the block does not have; it may stand for one that is ``absent``."""
    meant = near(name, absent)
    hint = f" Did you mean `{meant}`?" if meant else ""
    fields = ", ".join(known) or "none"
    text = f"{place} has no field `{name}`.{hint}"
    return _violation(pointer, name, "unknown", text, value, f"only these fields: {fields}", None)


def step(pointer: str, name: str | int) -> str:
    """A JSON pointer one step further down."""
    return f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}"


def respelled(pointer: str, message: object) -> str:
    """A pointer in published spelling as the sender of this message spelt it."""
    steps = pointer.split("/")[1:]
    for index, name in enumerate(steps):
        if isinstance(message, dict):
            folded = name.casefold()
            steps[index] = next((n for n in message if n == name), None) or next(
                (n for n in message if n.casefold() == folded), name
            )
            message = message.get(steps[index])
        elif isinstance(message, list) and name.isdigit() and int(name) < len(message):
            message = message[int(name)]
    return "".join(f"/{name}" for name in steps)


def spelled(block: Block, value: Mapping[str, Any]) -> dict[str, Field | None]:
    """For every name given, the field it stands for, or None.

    Where a field is given twice in different case, the exact spelling counts, else the first.
    """
    by_fold = {part.name.casefold(): part for part in block.fields}
    taken = {part.name for part in block.fields} & value.keys()
    found: dict[str, Field | None] = {}
    for name in value:
        part = by_fold.get(name.casefold())
        if part is not None and part.name != name:
            if part.name in taken:
                part = None
            else:
                taken.add(part.name)
        found[name] = part
    return found


def _block(block: Block, value: object, pointer: str, place: str, found: list[Violation]) -> Any:
    if not isinstance(value, dict):
        if not block.untyped:
            found.append(_wrong_type(value, pointer, place, "an object"))
        return value
    names = spelled(block, value)
    given = {part.name for part in names.values() if part}
    strangers = [name for name, part in names.items() if part is None]
    found.extend(
        missing(part, step(pointer, part.name), strangers[:_GUESSES])
        for part in block.fields
        if part.required and part.name not in given
    )
    if not block.open:
        absent = [part.name for part in block.fields if part.name not in given]
        found.extend(
            _stranger(n, value[n], step(pointer, n), given, absent if i < _GUESSES else [], block, place)
            for i, n in enumerate(strangers)
        )
    corrected = {}
    for name, known in names.items():
        old = value[name]
        new = _field(known, old, step(pointer, name), found) if known else old
        corrected[known.name if known else name] = new
    same = corrected.keys() == value.keys() and all(corrected[n] is value[n] for n in value)
    return value if same else corrected


def _stranger(
    name: str, value: object, pointer: str, given: set[str], absent: list[str], block: Block, place: str
) -> Violation:
    if name.casefold() in {one.casefold() for one in given}:
        text = f"`{name}` is given twice in {place}, in different spellings."
        return _violation(pointer, name, "duplicate", text, value, "each field once", None)
    violation = unknown(name, value, pointer, absent, [part.name for part in block.fields], place)
    inside = _where_used(name.removesuffix("List"), block)
    return replace(violation, message=f"{violation.message} {inside}") if inside else violation


def _where_used(key: str, block: Block) -> str:
    """Where a block that is out of place here is used further down, if it is."""
    for part in block.fields:
        inner = part.type.fields if isinstance(part.type, Block) else ()
        for below in inner:
            if isinstance(below.type, Block) and below.type.key == key and below.name != key:
                return f"What {key} holds goes into `{below.name}` of `{part.name}`."
    return ""


def _field(part: Field, value: object, pointer: str, found: list[Violation]) -> Any:
    if value is None and part.nullable:
        return value
    if not part.many:
        return _value(part, part.type, value, pointer, found)
    if not isinstance(value, list):
        found.append(_not_a_list(part, value, pointer))
        return value
    found.extend(_counted(part, value, pointer))
    corrected = [_value(part, part.type, v, step(pointer, i), found) for i, v in enumerate(value)]
    changed = any(new is not old for new, old in zip(corrected, value, strict=True))
    return corrected if changed else value


def _value(part: Field, kind: DataItem | Block, value: object, pointer: str, found: list[Violation]) -> Any:
    if isinstance(kind, Block):
        return _block(kind, value, pointer, part.name, found)
    violation = _item(part, kind, value, pointer)
    if violation is not None:
        found.append(violation)
    return value


def _not_a_list(part: Field, value: object, pointer: str) -> Violation:
    violation = _wrong_type(value, pointer, f"`{part.name}`", "a list")
    if value is None:
        return violation
    thing = _JSON_TYPES.get(type(value), "value").removeprefix("an ").removeprefix("a ")
    text = f"`{part.name}` must be a list, even of one: put the {thing} in square brackets."
    return _violation(pointer, part.name, "type", text, value, "a list", None)


def _counted(part: Field, value: list[Any], pointer: str) -> Iterator[Violation]:
    low, high = part.min_items, part.max_items
    if (low is not None and len(value) < low) or (high is not None and len(value) > high):
        bounds = f"at least {low}" if high is None else f"{low or 0} to {high}"
        text = f"`{part.name}` has {len(value)} entries; it takes {bounds}."
        yield _violation(pointer, part.name, "items", text, len(value), f"{bounds} entries", None)


def _item(part: Field, item: DataItem, value: object, pointer: str) -> Violation | None:
    broken = broken_rule(item, value)
    if broken is None:
        return None
    text = f"{_label(part)} {_complaint(item, value, broken)}"
    return _violation(pointer, part.name, broken, text, value, expected(item), item.number)


def broken_rule(item: DataItem, value: object) -> str | None:
    """The first rule of the item this value breaks: null, type, enum, length, pattern, range, multiple."""
    if value is None:
        free = item.nullable or (item.type == "any" and item.enum is None)
        return None if free else "null"
    if not _of_type(item.type, value):
        return "type"
    if item.enum is not None and not _among(value, item.enum):
        return "enum"
    if isinstance(value, str):
        return _broken_text(item, value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _broken_number(item, value)
    return None


def _broken_text(item: DataItem, value: str) -> str | None:
    low, high = item.min_length, item.max_length
    if (low is not None and len(value) < low) or (high is not None and len(value) > high):
        return "length"
    if item.pattern is not None and not _pattern(item.pattern).search(value):
        return "pattern"
    return None


def _broken_number(item: DataItem, value: float) -> str | None:
    low, high = item.minimum, item.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        return "range"
    if item.multiple_of is not None and not _is_multiple(value, item.multiple_of):
        return "multiple"
    return None


def _is_multiple(value: float, of: float) -> bool:
    """In decimals, as written: 1.005 is a multiple of 0.001, whatever the binary fractions say."""
    if not isfinite(value):
        return False
    return (Fraction(str(value)) / Fraction(str(of))).denominator == 1


def _of_type(kind: str, value: object) -> bool:
    if kind == "any":
        return True
    if kind == "string":
        return isinstance(value, str)
    if kind == "boolean":
        return isinstance(value, bool)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return kind == "number" or isinstance(value, int) or value.is_integer()


def _among(value: object, allowed: Iterable[object]) -> bool:
    """JSON equality: 1 is 1.0, but true is not 1."""
    return any(value == one and isinstance(value, bool) == isinstance(one, bool) for one in allowed)


def _complaint(item: DataItem, value: object, rule: str) -> str:
    wanted = expected(item)
    if rule == "null":
        return f"must not be null: it takes {wanted}."
    if rule == "type":
        return f"must be {wanted}; it is {_JSON_TYPES[type(value)]}: {shown(value)}."
    if isinstance(value, str) and is_moment(item):
        return f"must be {wanted}; {shown(value)} has {len(value)}.{_moment_hint(value)}"
    if rule == "length":
        return f"must be {wanted}; {shown(value)} has {len(str(value))}.{_digits_hint(item, str(value))}"
    if rule == "enum" and isinstance(value, str):
        return f"must be {wanted}; it is {shown(value)}.{value_hint(item.enum or (), value)}"
    return f"must be {wanted}; it is {shown(value)}."


def _moment_hint(value: str) -> str:
    if value.endswith(("Z", "z")):
        return " Write the offset as +00:00 instead of Z, and no fractions of a second."
    if "." in value:
        return " Leave out the fractions of a second."
    if len(value) == MOMENT_LENGTH - 6:
        return " The offset is missing: +00:00, or +01:00 in UK summer time."
    return ""


def _digits_hint(item: DataItem, value: str) -> str:
    digits = digits_of(item.pattern or "")
    if digits and value.isdecimal() and len(value) < digits[0]:
        return f" Were leading zeros lost: {value.zfill(digits[0])}?"
    return ""


def value_hint(allowed: Iterable[object], value: str) -> str:
    """The enumerated value that was probably meant, as a sentence with a space before it; or nothing."""
    texts = [str(one) for one in allowed]
    for text in texts:
        if text.casefold() == value.casefold():
            return f" Values are case-sensitive: write {text}."
        if text.strip("[]").casefold() == value.strip("[]").casefold():
            return f" The square brackets belong to it: {text}."
    meant = near(value, texts) if len(value) > 3 else None
    return f" Did you mean {meant}?" if meant else ""


def _wrong_type(value: object, pointer: str, place: str, wanted: str) -> Violation:
    text = f"{place} must be {wanted}; it is {_JSON_TYPES.get(type(value), 'something else')}."
    return _violation(pointer, place.strip("`"), "type", text, value, wanted, None)


def _violation(
    pointer: str, name: str, rule: str, message: str, value: object, wanted: str, item: str | None
) -> Violation:
    code, recipient = codes_for(name, rule)
    return Violation(pointer, rule, message, code, recipient, value, wanted, item)


def _label(part: Field) -> str:
    number = _number(part)
    return f"`{part.name}` ({number})" if number else f"`{part.name}`"


def _number(part: Field) -> str | None:
    return part.type.number if isinstance(part.type, DataItem) else None


def _wanted(part: Field) -> str:
    if isinstance(part.type, DataItem):
        return f"a list of: {expected(part.type)}" if part.many else expected(part.type)
    return f"a list of {part.type.key} objects" if part.many else f"an object ({part.type.key})"
