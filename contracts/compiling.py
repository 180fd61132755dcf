"""The fast check: one straight-line Python function per variant, generated from the same model.

``compile_variant(v)(payload)`` answers True where the payload is certainly valid. False means "look
again": the explaining check decides. So every shortcut here may be wrong on the strict side only: names
in another case, numbers written 30.0 and extra fields in open blocks are left to the other check.
Lists of flat objects (settlement periods) are checked by column, which is several times faster.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from contracts.explaining import broken_rule
from contracts.model import Block, DataItem, Field, Variant

Check = Callable[[Any], bool]
_DECIMAL: Final = re.compile(r"^\^((?:-\?)?\\d\{1,\d+\}\\\.\\d\{\d+\})\$$")
_DIGITS: Final = re.compile(r"^\^\\d\{(\d+)\}\??\$$")
_COLUMNS_FROM: Final = 4  # entries; below that a loop is as fast


def compile_variant(variant: Variant) -> Check:
    """Generate and compile the check of a variant's payload."""
    writer = _Writer()
    source = writer.function(variant.payload)
    namespace: dict[str, Any] = dict(writer.constants)
    code = compile(source, f"<{variant.interface} {variant.name}>", "exec")
    exec(code, namespace)  # noqa: S102 - the source is made here, from the catalogue, of quoted constants
    check: Check = namespace["check"]
    return check


class _Writer:
    """Writes the source, numbering its local names and collecting its constants."""

    def __init__(self) -> None:
        self.constants: dict[str, Any] = {"ABSENT": object()}
        self._lines: list[str] = []
        self._count = 0

    def function(self, payload: Block) -> str:
        self._block(payload, "payload", 2)
        body = "\n".join(self._lines)
        return (
            "def check(payload):\n"
            "    try:\n"
            f"{body}\n"
            "    except (KeyError, TypeError, AttributeError):\n"
            "        return False\n"
            "    return True\n"
        )

    # --- blocks

    def _block(self, block: Block, name: str, depth: int) -> None:
        required = [part for part in block.fields if part.required]
        optional = [part for part in block.fields if not part.required]
        if not required:
            self._refuse(f"type({name}) is not dict", depth)
        for part in required:
            value = self._name()
            self._line(f"{value} = {name}[{part.name!r}]", depth)
            self._part(part, value, depth)
        if not optional:
            self._refuse(f"len({name}) != {len(required)}", depth)
            return
        count = self._name()
        self._line(f"{count} = {len(required)}", depth)
        for part in optional:
            value = self._name()
            self._line(f"{value} = {name}.get({part.name!r}, ABSENT)", depth)
            self._line(f"if {value} is not ABSENT:", depth)
            self._line(f"{count} += 1", depth + 1)
            self._part(part, value, depth + 1)
        self._refuse(f"len({name}) != {count}", depth)

    def _part(self, part: Field, value: str, depth: int) -> None:
        if part.nullable:
            self._line(f"if {value} is not None:", depth)
            depth += 1
        if part.many:
            self._list(part, value, depth)
        elif isinstance(part.type, Block):
            self._block(part.type, value, depth)
        else:
            self._item(part.type, value, depth)

    # --- lists

    def _list(self, part: Field, value: str, depth: int) -> None:
        bounds = _bounds(f"len({value})", part.min_items, part.max_items)
        self._refuse(" or ".join([f"type({value}) is not list", *bounds]), depth)
        kind = part.type
        if isinstance(kind, Block) and _flat(kind):
            self._line(f"if len({value}) > {_COLUMNS_FROM}:", depth)
            self._columns(kind, value, depth + 1)
            self._line("else:", depth)
            depth += 1
        one = self._name()
        self._line(f"for {one} in {value}:", depth)
        if isinstance(kind, Block):
            self._block(kind, one, depth + 1)
        else:
            self._item(kind, one, depth + 1)

    def _columns(self, block: Block, value: str, depth: int) -> None:
        self._refuse(f"set(map(len, {value})) != {{{len(block.fields)}}}", depth)
        for part in block.fields:
            column = self._name()
            self._line(f"{column} = [entry[{part.name!r}] for entry in {value}]", depth)
            if isinstance(part.type, DataItem):
                self._column(part.type, column, depth)

    def _column(self, item: DataItem, column: str, depth: int) -> None:
        decimal = _DECIMAL.match(item.pattern or "")
        if item.enum is not None and _texts_only(item):
            self._refuse(f"not {self._allowed(item)}.issuperset({column})", depth)
        elif item.nullable or item.type != "string" or item.enum is not None:
            self._each(item, column, depth)
        elif decimal and item.min_length is None and item.max_length is None:
            lines = self._constant(re.compile(f"{decimal[1]}(?:\n{decimal[1]})*").fullmatch)
            joined = self._name()
            self._line(f"{joined} = '\\n'.join({column})", depth)
            self._refuse(f"{lines}({joined}) is None or {joined}.count('\\n') != len({column}) - 1", depth)
        elif item.pattern is None and item.min_length == item.max_length and item.min_length is not None:
            self._line(f"''.join({column})", depth)  # raises TypeError unless all are text
            self._refuse(f"set(map(len, {column})) != {{{item.min_length}}}", depth)
        else:
            self._each(item, column, depth)

    def _each(self, item: DataItem, column: str, depth: int) -> None:
        one = self._name()
        self._line(f"for {one} in {column}:", depth)
        self._item(item, one, depth + 1)

    # --- items

    def _item(self, item: DataItem, value: str, depth: int) -> None:
        conditions = list(self._conditions(item, value))
        if not conditions:
            self._line("pass", depth)
            return
        refused = " or ".join(conditions)
        in_enum = item.enum is not None and _texts_only(item)
        if item.nullable and not in_enum:
            refused = f"{value} is not None and ({refused})"
        self._refuse(refused, depth)

    def _conditions(self, item: DataItem, value: str) -> Iterator[str]:
        """Expressions that are true of a value to look at again."""
        if item.enum is not None:
            yield f"{value} not in {self._allowed(item)}" if _texts_only(item) else "True"
        elif item.type == "string":
            yield from self._text(item, value)
        elif item.type == "any":
            yield from ["True"] if item != DataItem(item.key, "any", nullable=item.nullable) else []
        else:
            yield from _numeric(item, value)

    def _text(self, item: DataItem, value: str) -> Iterator[str]:
        digits = _DIGITS.match(item.pattern or "")
        low, high = item.min_length, item.max_length
        if digits and low == high == int(digits[1]):
            yield f"len({value}) != {low} or not {value}.isdecimal()"
            return
        yield f"type({value}) is not str"
        yield from _bounds(f"len({value})", low, high)
        if item.pattern is not None:
            yield f"{self._constant(re.compile(item.pattern).search)}({value}) is None"

    def _allowed(self, item: DataItem) -> str:
        """The enumerated values that keep the item's other rules too, with null where it may be null."""
        texts = {value for value in item.enum or () if broken_rule(item, value) is None}
        return self._constant(frozenset(texts | ({None} if item.nullable else set())))

    def _constant(self, value: object) -> str:
        name = f"C{len(self.constants)}"
        self.constants[name] = value
        return name

    def _name(self) -> str:
        self._count += 1
        return f"v{self._count}"

    def _line(self, text: str, depth: int) -> None:
        self._lines.append("    " * depth + text)

    def _refuse(self, condition: str, depth: int) -> None:
        self._line(f"if {condition}: return False", depth)


def _numeric(item: DataItem, value: str) -> Iterator[str]:
    if item.type == "boolean":
        yield f"type({value}) is not bool"
        return
    types = f"type({value}) is not int"
    yield f"{types} and type({value}) is not float" if item.type == "number" else types
    yield from _bounds(value, item.minimum, item.maximum)
    if isinstance(item.multiple_of, float):
        yield "True"
    elif item.multiple_of is not None:
        yield f"{value} % {item.multiple_of!r} != 0"


def _bounds(value: str, low: float | None, high: float | None) -> list[str]:
    if low is not None and low == high:
        return [f"{value} != {low!r}"]
    below = [f"{value} < {low!r}"] if low is not None else []
    return below + ([f"{value} > {high!r}"] if high is not None else [])


def _texts_only(item: DataItem) -> bool:
    return all(isinstance(value, str) for value in item.enum or ())


def _flat(block: Block) -> bool:
    """Only required items: such objects can be checked by column."""
    return bool(block.fields) and all(
        part.required and not part.many and not part.nullable and isinstance(part.type, DataItem)
        for part in block.fields
    )
