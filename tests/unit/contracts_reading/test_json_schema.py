"""JSON Schema per event variant: the same verdict as our validator, on good messages and on bad ones."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest
from jsonschema import Draft202012Validator

from contracts import load_catalogue
from contracts.errors import SampleImpossible
from contracts.model import Block, Catalogue, DataItem, Field, Variant
from contracts.reading.json_schema import Definitions, block_schema, item_schema, schema, write_schemas
from contracts.samples import KINDS, sample
from contracts.validation import Validator

VERSIONS = ("2.0.1", "2.1.0")
CATALOGUE = load_catalogue("2.1.0")


def messages(catalogue: Catalogue, variant: Variant):
    """Plausible, extreme and spoiled messages of one variant, each with what it is."""
    for event in variant.events:
        if catalogue.variant(variant.interface, event) is variant:
            yield "plain", sample(catalogue, variant.interface, event)
    event = variant.events[0]
    for seed in range(2):
        yield "wild", sample(catalogue, variant.interface, event, seed=seed, wild=True)
    for kind in KINDS:
        try:
            yield kind, sample(catalogue, variant.interface, event, invalid=kind, wild=True)
        except SampleImpossible:
            continue  # not every variant has a place for every kind of fault


@pytest.mark.parametrize("version", VERSIONS)
def test_the_verdict_is_our_validators_for_every_variant(version):
    catalogue = load_catalogue(version)
    ours = Validator(catalogue, semantics=None)
    compared = {True: 0, False: 0}
    differences = []
    for variant in catalogue.variants():
        theirs = Draft202012Validator(schema(catalogue, variant))
        for kind, message in messages(catalogue, variant):
            verdict = ours.check_as(message, variant.interface, variant.events[0]).valid
            compared[verdict] += 1
            if theirs.is_valid(message) is not verdict:
                differences.append((variant.interface, variant.name, kind))
    assert differences == []
    assert compared[True] > 300
    assert compared[False] > 1000


def test_every_schema_is_a_sound_schema():
    for variant in CATALOGUE.variants():
        Draft202012Validator.check_schema(schema(CATALOGUE, variant))


def test_a_field_in_another_case_is_the_known_difference():
    variant = CATALOGUE.variant("IF-031", "MSApp")
    message = sample(CATALOGUE, "IF-031", "MSApp")
    block = message["payload"]["CommonBlock"]
    block["m0"] = block.pop("M0")

    assert Validator(CATALOGUE, semantics=None).check(message).valid
    assert not Draft202012Validator(schema(CATALOGUE, variant)).is_valid(message)


def test_a_schema_is_self_contained_and_says_what_it_is_for():
    found = schema(CATALOGUE, CATALOGUE.variant("IF-031", "MSApp"))

    assert found["title"] == "IF-031 [MSApp]"
    assert found["$id"] == "urn:dipemu:contract:2.1.0:IF-031:MSApp"
    assert found["$defs"]["DI-063-MPAN-Core"] == {
        "title": "DI-063-MPAN-Core",
        "type": "string",
        "minLength": 13,
        "maxLength": 13,
        "pattern": "^\\d{13}?$",
    }
    references = set(_references(found))
    assert references == {f"#/$defs/{name}" for name in found["$defs"]}


def test_null_counts_as_a_value_of_a_nullable_enumeration():
    item = DataItem("code", "string", nullable=True, enum=("A", "B"))

    assert item_schema(item) == {"title": "code", "type": ["string", "null"], "enum": ["A", "B", None]}


def test_an_item_without_a_type_takes_anything_but_null():
    check = Draft202012Validator(item_schema(DataItem("anything", "any")))

    assert check.is_valid({"a": 1})
    assert not check.is_valid(None)
    assert Draft202012Validator(item_schema(DataItem("anything", "any", nullable=True))).is_valid(None)


@pytest.mark.parametrize(
    ("part", "value", "valid"),
    [
        (Field("list", DataItem("x", "integer"), many=True, min_items=1, max_items=2), [1], True),
        (Field("list", DataItem("x", "integer"), many=True, min_items=1, max_items=2), [], False),
        (Field("list", DataItem("x", "integer"), many=True, min_items=1, max_items=2), [1, 2, 3], False),
        (Field("list", DataItem("x", "integer"), many=True), None, False),
        (Field("list", DataItem("x", "integer"), many=True, nullable=True), None, True),
        (Field("block", Block("B", ()), nullable=True), None, True),
        (Field("block", Block("B", ())), {"more": 1}, False),
        (Field("block", Block("B", (), open=True)), {"more": 1}, True),
        (Field("block", Block("B", (), untyped=True)), "not an object", True),
        (Field("block", Block("B", ())), "not an object", False),
    ],
)
def test_lists_and_blocks_keep_their_bounds(part, value, valid):
    definitions = Definitions(CATALOGUE)
    found = block_schema(Block("outer", (part,)), definitions.of)

    assert Draft202012Validator(found).is_valid({part.name: value}) is valid
    assert definitions.schemas == {}  # none of these is a shared part


def test_two_items_of_one_name_do_not_take_each_others_place():
    item = CATALOGUE.items["DI-063-MPAN-Core"]
    other = replace(item, pattern=None)
    definitions = Definitions(CATALOGUE)

    assert definitions.of(item) == {"$ref": "#/$defs/DI-063-MPAN-Core"}
    assert "$ref" not in definitions.of(other)


def test_a_file_for_each_variant_and_an_index_from_events(tmp_path):
    count = write_schemas(CATALOGUE, tmp_path / "schemas")

    index = orjson.loads((tmp_path / "schemas" / "index.json").read_bytes())
    assert count == len(list((tmp_path / "schemas").glob("*.schema.json"))) == 126
    assert index["version"] == "2.1.0"
    assert index["events"]["IF-031"] == {
        "[MSApp]": "IF-031-MSApp.schema.json",
        "[DSApp]": "IF-031-DSApp.schema.json",
    }
    assert index["events"]["IF-020"]["[RelatedAdd]"] == "IF-020-RelatedAdd.schema.json"
    assert sum(map(len, index["events"].values())) == 146


def _references(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)
