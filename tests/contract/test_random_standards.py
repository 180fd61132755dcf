"""Standards nobody has seen: made up at random, published, imported, and judged as JSON Schema does.

The importer, the model, both checks and the sample generator meet rules the published versions do not
combine: nullable lists, open blocks in closed ones, numbers with odd steps, enumerations with lengths.
"""

from __future__ import annotations

from random import Random
from typing import Any

import jsonschema
import orjson
import pytest

from contracts import load_catalogue
from contracts.errors import SampleImpossible
from contracts.importer import import_spec, write_catalogue
from contracts.samples import KINDS, sample, spoiled
from contracts.validation import Validator

from . import tiny_spec
from .elexon import with_null_types
from .mutations import mutated

STANDARDS = 25
MESSAGES = 40
_ENUMERATIONS: tuple[tuple[str, list[Any]], ...] = (
    ("string", ["A", "b", "_C", "[D]"]),
    ("integer", [0, 1, 30]),
    ("number", [0.5, 1]),
)
_PATTERNS = (r"^[A-Z]{2,4}$", r"^-?\d{1,3}\.\d{2}$", r"^\d{4}$", r"^(A|BC)+-[0-9a-f]{2}$", r"[0-9]")


def an_item(random: Random) -> dict[str, Any]:
    """A schema of one value; never one that no value satisfies."""
    schema = random.choice((_text, _enumeration, _number, _pattern, _flag))(random)
    if random.random() < 0.3:
        schema["nullable"] = True
        if "enum" in schema and random.random() < 0.5:
            schema["enum"].append(None)
    return schema


def _text(random: Random) -> dict[str, Any]:
    low = random.randint(0, 5)
    schema: dict[str, Any] = {"type": "string", "description": "prose"}
    if random.random() < 0.7:
        schema["minLength"] = low
    if random.random() < 0.7:
        schema["maxLength"] = low + random.randint(0, 6)
    return schema


def _enumeration(random: Random) -> dict[str, Any]:
    kind, values = random.choice(_ENUMERATIONS)
    schema: dict[str, Any] = {"type": kind, "enum": list(values)}
    if kind == "string" and random.random() < 0.3:
        schema["maxLength"] = 2  # some of the values are too long
    return schema


def _number(random: Random) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": random.choice(("integer", "number"))}
    low = random.randint(-3, 3)
    if random.random() < 0.5:
        schema["minimum"] = low
    if random.random() < 0.5:
        schema["maximum"] = low + 20
    if random.random() < 0.3:
        schema["multipleOf"] = random.choice((5, 3))
    return schema


def _pattern(random: Random) -> dict[str, Any]:
    return {"type": "string", "pattern": random.choice(_PATTERNS)}


def _flag(random: Random) -> dict[str, Any]:
    return {"type": "boolean"}


def a_block(random: Random, depth: int) -> dict[str, Any]:
    """A schema of an object, perhaps open, perhaps with its type forgotten."""
    names = [f"field{n}" for n in range(random.randint(1, 4))]
    schema: dict[str, Any] = {"properties": {name: _part(random, depth) for name in names}}
    if random.random() < 0.9:
        schema["type"] = "object"
    if random.random() < 0.8:
        schema["additionalProperties"] = False
    if random.random() < 0.8:
        schema["required"] = [name for name in names if random.random() < 0.7]
    return schema


def _part(random: Random, depth: int) -> dict[str, Any]:
    choice = random.random()
    if depth and choice < 0.25:
        return a_block(random, depth - 1)
    inner = a_block(random, depth - 1) if depth and choice < 0.45 else an_item(random)
    if choice < 0.6:
        schema: dict[str, Any] = {"type": "array", "items": inner}
        if random.random() < 0.5:
            schema["minItems"] = random.randint(0, 2)
        if random.random() < 0.5:
            schema["maxItems"] = random.randint(2, 6)
        if random.random() < 0.2:
            schema["nullable"] = True
        return schema
    return inner


def a_standard(random: Random) -> dict[str, Any]:
    """The small standard with blocks made up afresh."""
    documents = tiny_spec.documents()
    blocks = documents["RealCommonBlocks-unresolved.yaml"]["components"]["schemas"]
    for name in ("B001", "B002"):
        blocks[name] = a_block(random, 2)
    return documents


def judge(documents: dict[str, Any], interface: str, name: str) -> Any:
    """A JSON Schema validator of one payload."""
    whole = with_null_types(tiny_spec.bundled(documents))
    schema = {"$ref": f"#/components/schemas/{interface}-{name}", "components": whole["components"]}
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("seed", range(STANDARDS))
def test_the_verdict_on_a_standard_made_up_at_random_is_that_of_json_schema(seed, tmp_path):
    random = Random(seed)
    documents = a_standard(random)
    report = import_spec(tiny_spec.write(documents, tmp_path))
    assert report.problems == ()
    validator = Validator(report.catalogue, semantics=None)
    verdicts = set()
    for interface, event, name in (("IF-001", "First", "First"), ("IF-002", "Only", "Payload")):
        schema = judge(documents, interface, name)
        for number in range(MESSAGES):
            message = a_message(validator, interface, event, number, random)
            checked = validator.check(message)
            wanted = schema.is_valid(checked.message.get("payload"))
            assert checked.valid == wanted, orjson.dumps([message, checked.violations]).decode()
            verdicts.add(wanted)
    assert verdicts == {True, False}


def a_message(
    validator: Validator, interface: str, event: str, number: int, random: Random
) -> dict[str, Any]:
    """In turns a good one, one with a known fault and one with unknown changes, with a whole header."""
    good = sample(validator.catalogue, interface, event, seed=number, wild=True)
    if number % 3 == 0:
        return good
    if number % 3 == 1:
        try:
            return spoiled(validator.catalogue, interface, event, random.choice(KINDS), seed=number).message
        except SampleImpossible:
            return good
    changed = mutated({"payload": good["payload"]["CustomBlock"]}, random)["payload"]
    return {"payload": {**good["payload"], "CustomBlock": changed}}


@pytest.mark.parametrize("seed", range(STANDARDS))
def test_a_standard_made_up_at_random_survives_our_notation(seed, tmp_path):
    catalogue = import_spec(tiny_spec.write(a_standard(Random(seed)), tmp_path / "spec")).catalogue
    write_catalogue(catalogue, tmp_path)
    again = load_catalogue(catalogue.version, directories=[tmp_path])
    for part in ("items", "blocks", "interfaces", "codes", "endpoints"):
        assert getattr(again, part) == getattr(catalogue, part), part
