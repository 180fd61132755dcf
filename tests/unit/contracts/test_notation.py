"""Our notation: what a review sees, that every text survives, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contracts import notation
from contracts.errors import CatalogueInvalid
from contracts.importer import import_spec, write_catalogue
from contracts.model import Block, Catalogue, DataItem, Endpoint, Field, ResponseCode
from contracts.notation import Reader, read_codes, read_endpoints, read_yaml
from contracts.notation_writer import write_blocks, write_codes, write_endpoints, write_items
from tests.contract import tiny_spec

ITEMS = """\
DI-063-MPAN-Core: {type: string, length: '13..13', pattern: '^\\d{13}?$'}
DI-400-Colour: {type: string, nullable: true, enum: [RED, BLUE]}
DI-401-Size: {type: integer, range: '1..9'}
DI-402-Stamp: {type: string, length: '25..25'}
DI-997-Sender: {type: string, length: '10..10'}
"""
BLOCKS = """\
B001:
  colour: DI-400-Colour
  size?: DI-401-Size
B002:
  stamps: '[DI-402-Stamp]1..3'
M0:
  MPANCore: DI-063-MPAN-Core
S1:
  senderDIPID: DI-997-Sender
"""
INTERFACES = """\
IF-001:
  First:
    S0: {interfaceID: [IF-001], schemaVersion: ['012'], eventCode: ['[First]']}
    common: 'S1 M0'
    custom: B001
  Second:
    S0: {interfaceID: [IF-001], schemaVersion: ['012'], eventCode: ['[Second]']}
    common: 'S1 M0'
    custom: 'B001? B002'
IF-002:
  Only:
    S0: {interfaceID: [IF-002], schemaVersion: ['012'], eventCode: ['[Only]']}
    common: 'S1 M0'
    custom: B002?
"""
CODES = """\
MSG0000: Success
REG0001: 'Something is wrong'
"""
ENDPOINTS = """\
IF-001/First: First
IF-002/Only: Only
"""


def test_what_a_review_sees(tmp_path):
    report = import_spec(tiny_spec.write(tiny_spec.documents(), tmp_path / "spec"))
    folder = write_catalogue(report.catalogue, tmp_path)
    written = {path.name: path.read_text() for path in folder.iterdir()}
    assert written == {
        "items.yaml": ITEMS,
        "blocks.yaml": BLOCKS,
        "interfaces.yaml": INTERFACES,
        "codes.yaml": CODES,
        "endpoints.yaml": ENDPOINTS,
    }


def test_a_change_of_one_fact_is_a_change_of_one_line(tmp_path):
    before = import_spec(tiny_spec.write(tiny_spec.documents(), tmp_path / "a")).catalogue
    documents = tiny_spec.documents()
    sizes = documents["DataCatalogue-unresolved.yaml"]["components"]["schemas"]["DI-401-Size"]
    sizes["maximum"] = 10
    after = import_spec(tiny_spec.write(documents, tmp_path / "b")).catalogue
    old, new = write_items(before).splitlines(), write_items(after).splitlines()
    assert [(a, b) for a, b in zip(old, new, strict=True) if a != b] == [
        ("DI-401-Size: {type: integer, range: '1..9'}", "DI-401-Size: {type: integer, range: '1..10'}")
    ]
    assert write_blocks(before) == write_blocks(after)


def read_items(text):
    return Reader(read_yaml(text, "items") or {}, {}).items


def only(*items, blocks=()):
    return Catalogue("x", {i.key: i for i in items}, {b.key: b for b in blocks}, {}, {})


@example("A\n", [""])  # a line end after what needs no quotes
@given(st.text(max_size=20), st.lists(st.text(max_size=10), min_size=1, max_size=4, unique=True))
def test_every_text_survives(key, values):
    item = DataItem(key, "string", pattern=key, enum=tuple(values))
    assert read_items(write_items(only(item))) == {key: item}


numbers = st.integers(-(10**12), 10**12) | st.floats(allow_nan=False, allow_infinity=False, width=32)


@given(
    st.sampled_from(["string", "integer", "number", "boolean", "any"]),
    st.booleans(),
    st.none() | st.integers(0, 99),
    st.none() | st.integers(0, 99),
    st.none() | numbers,
    st.none() | numbers,
    st.none() | st.sampled_from([1, 15, 0.001, 0.5]),
    st.none() | st.sampled_from(["byte", "email"]),
    st.none() | st.lists(st.integers() | st.booleans(), min_size=1, max_size=3).map(tuple),
)
def test_every_item_survives(kind, nullable, shortest, longest, low, high, unit, form, enum):
    item = DataItem("DI-001-X", kind, nullable, shortest, longest, None, enum, low, high, unit, form)
    assert read_items(write_items(only(item))) == {"DI-001-X": item}


fields = st.builds(
    Field,
    name=st.sampled_from(["a", "B001", "x1"]),
    type=st.just(DataItem("DI-001-X", "string")),
    required=st.booleans(),
    many=st.just(True),
    min_items=st.none() | st.integers(0, 200),
    max_items=st.none() | st.integers(0, 200),
    nullable=st.booleans(),
)


@given(st.lists(fields, max_size=3, unique_by=lambda f: f.name).map(tuple), st.booleans(), st.booleans())
def test_every_block_survives(parts, is_open, untyped):
    block = Block("B900", parts, open=is_open, untyped=untyped)
    inner = Block("B901", (Field("deeper", block, nullable=True), Field("list", block, many=True)))
    text = write_blocks(only(blocks=(inner, block)))
    read = Reader({"DI-001-X": {"type": "string"}}, read_yaml(text, "blocks")).blocks
    assert read == {"B900": block, "B901": inner}


@given(st.dictionaries(st.from_regex(r"[A-Z]{3}\d{4}", fullmatch=True), st.text(max_size=30), max_size=5))
def test_every_code_survives(texts):
    codes = {code: ResponseCode(code, text) for code, text in texts.items()}
    catalogue = Catalogue("x", {}, {}, {}, codes)
    assert read_codes(read_yaml(write_codes(catalogue), "codes") or {}) == codes


def test_endpoints_survive():
    endpoints = (Endpoint("IF-041", "ReadingCOS", "IF-041"), Endpoint("IF-024", "SN-Vacant", "SN-Vacant"))
    catalogue = Catalogue("x", {}, {}, {}, {}, endpoints)
    assert read_endpoints(read_yaml(write_endpoints(catalogue), "endpoints")) == endpoints


def test_numbers_that_look_like_text_stay_text():
    header = "{interfaceID: [IF-001], schemaVersion: ['012'], eventCode: ['[F]']}"
    entries = read_yaml(f"IF-001: {{First: {{S0: {header}}}}}", "")
    variant = Reader({}, {}).interface("IF-001", entries["IF-001"]).variants[0]
    assert variant.schema_versions == ("012",)


@pytest.mark.parametrize(
    ("blocks", "complaint"),
    [
        ({"B001": {"a": "DI-404"}}, "DI-404 is neither an item nor a block"),
        ({"B001": {"a": "[DI-001]x"}}, "is not a field"),
        ({"B001": {"a": ""}}, "is not a field"),
        ({"B001": {"a b": "DI-001"}}, "`a b` is not a name"),
        ({"B001 (wide": {}}, "is not a name"),
    ],
)
def test_what_is_not_our_notation_is_told(blocks, complaint):
    with pytest.raises(CatalogueInvalid) as told:
        Reader({"DI-001": {"type": "string"}}, blocks)
    assert complaint in str(told.value)


def test_broken_yaml_is_told_with_its_file():
    with pytest.raises(CatalogueInvalid, match=r"items\.yaml"):
        read_yaml("a: [", "items.yaml")


def test_the_notation_is_described_where_it_is_read():
    for file in ("items", "blocks", "interfaces", "codes", "endpoints"):
        assert f"``{file}.yaml``" in notation.__doc__
