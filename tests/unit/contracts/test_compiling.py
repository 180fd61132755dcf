"""The compiled check: true only for what the explaining check has nothing against, on every construct."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest

from contracts import load_catalogue
from contracts.compiling import compile_variant
from contracts.explaining import explain
from contracts.model import Block, DataItem, Field, Variant
from contracts.samples import sample
from contracts.violations import Violation

CATALOGUE = load_catalogue("2.1.0")
VALUES: tuple[object, ...] = (
    None,
    True,
    False,
    0,
    1,
    15,
    30,
    30.0,
    0.5,
    -1,
    10**15,
    "",
    "A",
    "B",
    "ab",
    "12",
    "1.500",
    "1.500\n",
    "-1.500",
    "\u0661\u0662",
    "x" * 25,
    "\U0001f642" * 25,
    [],
    {},
    [1],
    {"a": 1},
)
ITEMS = (
    DataItem("a", "string"),
    DataItem("b", "string", nullable=True),
    DataItem("c", "string", min_length=25, max_length=25),
    DataItem("d", "string", min_length=0, max_length=2, nullable=True),
    DataItem("e", "string", enum=("A", "B")),
    DataItem("f", "string", enum=("A", "ab"), nullable=True, max_length=1),
    DataItem("g", "string", pattern=r"^-?\d{1,9}\.\d{3}$"),
    DataItem("h", "string", pattern=r"^-?\d{1,9}\.\d{3}$", nullable=True),
    DataItem("i", "string", pattern=r"^\d{2}$", min_length=2, max_length=2),
    DataItem("j", "string", pattern=r"^[A-Z]$"),
    DataItem("k", "integer", minimum=0, maximum=30, multiple_of=15),
    DataItem("l", "integer", minimum=0),
    DataItem("m", "number", nullable=True, maximum=1),
    DataItem("n", "number", multiple_of=0.5),
    DataItem("o", "boolean"),
    DataItem("p", "any"),
    DataItem("q", "integer", enum=(0, 1)),
    DataItem("r", "any", min_length=1),
    DataItem("s", "string", min_length=3, max_length=3, pattern=r"^\d{2}$"),
)


def variant(*fields, **flags):
    return Variant("IF-999", "Test", ("[Test]",), ("1",), Block("payload", fields, **flags))


def thorough(made, payload):
    found: list[Violation] = []
    explain(made.payload, payload, "", found)
    return not found


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.key)
@pytest.mark.parametrize("many", [False, True])
def test_every_kind_of_item_against_every_kind_of_value(item, many):
    made = variant(Field("f", item, many=many))
    check = compile_variant(made)
    for value in VALUES:
        payload = {"f": [value, value] if many else value}
        assert thorough(made, payload) or not check(payload), (item, value)


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.key)
def test_every_kind_of_item_checked_by_column(item):
    made = variant(Field("f", Block("B", (Field("x", item), Field("y", ITEMS[0]))), many=True))
    check = compile_variant(made)
    for value, count in product(VALUES, (1, 4, 5, 48)):
        payload = {"f": [{"x": value, "y": ""} for _ in range(count)]}
        assert thorough(made, payload) or not check(payload), (item, value, count)


def test_valid_values_take_the_fast_path_except_where_it_says_so():
    """What the compiled check leaves to the other one though it is valid: 30.0, odd steps, …"""
    left = set()
    for item in ITEMS:
        made = variant(Field("f", item))
        check = compile_variant(made)
        left |= {(item.key, repr(v)) for v in VALUES if thorough(made, {"f": v}) and not check({"f": v})}
    assert left == {
        ("k", "30.0"),
        ("l", "30.0"),
        *(("n", text) for text in ("0", "1", "15", "30", "30.0", "0.5", "-1", "1000000000000000")),
        *(("q", text) for text in ("0", "1")),
        *(("r", repr(v)) for v in VALUES if v != "" and v is not None),
        ("r", "None"),
    } - {("n", "None")}


COLUMNS = Block(
    "B",
    (
        Field("sp", DataItem("sp", "string", min_length=2, max_length=2)),
        Field("v", DataItem("v", "string", pattern=r"^-?\d{1,9}\.\d{3}$")),
        Field("q", DataItem("q", "string", enum=("A", "E"))),
        Field("e", DataItem("e", "string", enum=("1",), nullable=True)),
        Field("n", DataItem("n", "integer")),
    ),
)
GOOD = {"sp": "01", "v": "1.000", "q": "A", "e": None, "n": 1}


@pytest.mark.parametrize("count", [1, 4, 5, 48])
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"sp": "012"},
        {"sp": ["0", "1"]},
        {"sp": 12},
        {"v": "1.00"},
        {"v": "1.000\n2.000"},
        {"v": "1.000\n"},
        {"v": None},
        {"q": "X"},
        {"q": ["A"]},
        {"q": None},
        {"e": "1"},
        {"e": "2"},
        {"n": True},
        {"n": 1.5},
        {"extra": 1},
        {"N": 1},
    ],
    ids=str,
)
def test_one_bad_entry_among_many_is_noticed_wherever_it_stands(count, change):
    made = variant(Field("f", COLUMNS, many=True, max_items=48))
    check = compile_variant(made)
    for place in {0, count // 2, count - 1}:
        entries = [dict(GOOD) for _ in range(count)]
        entries[place] |= change
        payload = {"f": entries}
        assert thorough(made, payload) or not check(payload)
        if change in ({}, {"e": "1"}):
            assert check(payload)


@pytest.mark.parametrize("drop", list(GOOD))
def test_a_column_with_a_gap_is_noticed(drop):
    check = compile_variant(variant(Field("f", COLUMNS, many=True)))
    entries = [dict(GOOD) for _ in range(10)]
    del entries[7][drop]
    assert not check({"f": entries})
    entries[7]["else"] = 1  # as many fields as it should have
    assert not check({"f": entries})


@pytest.mark.parametrize("entry", [None, 1, "sp", "abcde", [1, 2, 3, 4, 5], {"a": 1}])
def test_what_is_no_object_in_a_list_is_noticed(entry):
    check = compile_variant(variant(Field("f", COLUMNS, many=True)))
    for count in (1, 10):
        assert not check({"f": [dict(GOOD) for _ in range(count)] + [entry]})


def test_blocks_optional_fields_nulls_and_bounds():
    text = DataItem("t", "string")
    inner = Block("I", (Field("t", text),))
    made = variant(
        Field("must", inner),
        Field("may", inner, required=False),
        Field("null", inner, nullable=True, required=False),
        Field("list", text, many=True, min_items=1, max_items=2, nullable=True, required=False),
        Field("blocks", inner, many=True, required=False),
    )
    check = compile_variant(made)
    one = {"t": "x"}
    options: dict[str, list[object]] = {
        "must": [one, {}, None, {"t": 1}, {"t": "x", "u": 1}],
        "may": [one, None],
        "null": [one, None, 1],
        "list": [None, [], ["a"], ["a", "b"], ["a", "b", "c"], "ab", [1]],
        "blocks": [[], [one], [one, {}], {}, [None]],
    }
    choices = [values if name == "must" else [None, *values] for name, values in options.items()]
    for chosen in product(*choices):
        payload = {name: value for name, value in zip(options, chosen, strict=True) if value is not None}
        assert check(payload) == thorough(made, payload), payload


@pytest.mark.parametrize("value", [[], "", 0, None])
def test_a_block_without_required_fields_must_still_be_an_object(value):
    made = variant(Field("f", Block("B", (Field("x", ITEMS[0], required=False),))))
    check = compile_variant(made)
    assert check({"f": {}})
    assert not check({"f": value})


def test_open_and_untyped_blocks_are_left_to_the_other_check_when_odd():
    made = variant(Field("f", Block("B", (Field("x", ITEMS[0]),), open=True, untyped=True)))
    check = compile_variant(made)
    assert check({"f": {"x": "a"}})
    assert not check({"f": {"x": "a", "y": 1}})
    assert not check({"f": "anything"})
    assert thorough(made, {"f": {"x": "a", "y": 1}})
    assert thorough(made, {"f": "anything"})


@pytest.mark.parametrize("payload", [None, [], "", 0, {}, {"CommonBlock": None}, {"CommonBlock": []}])
def test_nothing_makes_it_raise(payload):
    for made in list(CATALOGUE.variants())[::10]:
        assert not compile_variant(made)(payload)


def test_every_published_variant_compiles_and_takes_its_own_samples():
    random = Random(1)
    for interface in CATALOGUE.interfaces.values():
        for event in interface.events:
            check = compile_variant(CATALOGUE.variant(interface.name, event))
            for wild in (False, True):
                message = sample(CATALOGUE, interface.name, event, seed=random.randrange(100), wild=wild)
                assert check(message["payload"])
