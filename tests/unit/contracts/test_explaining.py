"""The explaining check on small blocks of our own: every rule, every border, every sentence."""

from __future__ import annotations

import pytest

from contracts.describing import digits_of, expected, near, shown
from contracts.explaining import broken_rule, explain, respelled, spelled, step
from contracts.model import Block, DataItem, Field
from contracts.violations import Severity, Violation, codes_for

TEXT = DataItem("DI-001-Text", "string", min_length=2, max_length=4)
COLOUR = DataItem("DI-002-Colour", "string", enum=("RED", "BLUE"))
COUNT = DataItem("DI-003-Count", "integer", minimum=0, maximum=9)
INNER = Block("B002", (Field("text", TEXT),))


def violations(block, value):
    found: list[Violation] = []
    explain(block, value, "", found)
    return [(violation.pointer, violation.rule) for violation in found]


@pytest.mark.parametrize(
    ("item", "good", "bad"),
    [
        (
            TEXT,
            ["ab", "abcd", "\U0001f642\U0001f642"],
            [("a", "length"), ("abcde", "length"), (5, "type"), (None, "null")],
        ),
        (DataItem("x", "string"), ["", "x" * 9999], [(True, "type"), ([], "type"), ({}, "type")]),
        (DataItem("x", "string", nullable=True), [None, ""], [(0, "type")]),
        (COLOUR, ["RED"], [("red", "enum"), ("", "enum"), (1, "type")]),
        (
            DataItem("x", "string", enum=("RED", "WHITE"), max_length=3),
            ["RED"],
            [("WHITE", "length"), ("R", "enum")],
        ),
        (DataItem("x", "string", enum=("A",), nullable=True), ["A", None], [("B", "enum")]),
        (DataItem("x", "string", pattern=r"^\d{2}$"), ["12", "12\n", "\u0661\u0662"], [("1a", "pattern")]),
        (DataItem("x", "string", pattern="b"), ["abc"], [("ac", "pattern")]),
        (
            COUNT,
            [0, 9, 3.0, -0.0],
            [(-1, "range"), (10, "range"), (3.5, "type"), (True, "type"), ("3", "type")],
        ),
        (DataItem("x", "number"), [1, 1.5, -2], [(False, "type"), ("1", "type"), (None, "null")]),
        (
            DataItem("x", "number", multiple_of=0.001),
            [1.005, 3, 0.007],
            [(0.0001, "multiple"), (1e308 * 10, "multiple")],
        ),
        (DataItem("x", "integer", multiple_of=15), [0, 30, -15], [(10, "multiple")]),
        (DataItem("x", "number", minimum=0.5), [0.5], [(0.49, "range")]),
        (DataItem("x", "integer", enum=(0, 1)), [0, 1, 1.0], [(True, "type"), (2, "enum")]),
        (DataItem("x", "any", enum=(1, "1")), [1, "1"], [(True, "enum"), (None, "null")]),
        (DataItem("x", "boolean"), [True, False], [(0, "type"), ("true", "type")]),
        (DataItem("x", "any"), [None, 1, "", [], {}], []),
    ],
    ids=str,
)
def test_the_first_rule_a_value_breaks(item, good, bad):
    assert [broken_rule(item, value) for value in good] == [None] * len(good)
    assert [broken_rule(item, value) for value, _ in bad] == [rule for _, rule in bad]


def test_required_optional_and_unknown_fields():
    block = Block("B001", (Field("text", TEXT), Field("count", COUNT, required=False)))
    assert violations(block, {"text": "ab"}) == []
    assert violations(block, {"text": "ab", "count": 1}) == []
    assert violations(block, {}) == [("/text", "missing")]
    assert violations(block, {"text": "ab", "zebra": 1}) == [("/zebra", "unknown")]


def test_open_and_untyped_blocks():
    block = (Field("text", TEXT),)
    assert violations(Block("B001", block, open=True), {"text": "ab", "zebra": 1}) == []
    assert violations(Block("B001", block, untyped=True), "anything") == []
    assert violations(Block("B001", block, untyped=True), {}) == [("/text", "missing")]
    assert violations(Block("B001", block), "anything") == [("", "type")]


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        (
            Field("f", TEXT, many=True),
            [[], ["ab"]],
            [(None, "/f", "type"), ("ab", "/f", "type"), (["a"], "/f/0", "length")],
        ),
        (Field("f", TEXT, many=True, min_items=1), [["ab"]], [([], "/f", "items")]),
        (Field("f", TEXT, many=True, max_items=1), [[]], [(["ab", "cd"], "/f", "items")]),
        (Field("f", TEXT, many=True, nullable=True), [None, []], [({}, "/f", "type")]),
        (Field("f", INNER), [{"text": "ab"}], [(None, "/f", "type"), ({}, "/f/text", "missing")]),
        (Field("f", INNER, nullable=True), [None], [([], "/f", "type")]),
        (Field("f", INNER, many=True), [[{"text": "ab"}]], [([{"text": "ab"}, {}], "/f/1/text", "missing")]),
    ],
    ids=lambda value: "",
)
def test_lists_and_blocks_in_blocks(field, good, bad):
    block = Block("B001", (field,))
    for value in good:
        assert violations(block, {"f": value}) == []
    for value, pointer, rule in bad:
        assert violations(block, {"f": value}) == [(pointer, rule)]


def test_names_are_corrected_all_the_way_down_and_the_original_is_kept_where_nothing_changes():
    block = Block("B001", (Field("first", INNER), Field("second", INNER, many=True)))
    found: list[Violation] = []
    right = {"first": {"text": "ab"}, "second": [{"text": "cd"}]}
    assert explain(block, right, "", found) is right
    wrong = {"FIRST": {"Text": "ab"}, "second": [{"tEXT": "cd"}]}
    assert explain(block, wrong, "", found) == right
    half = {"first": {"text": "ab"}, "second": [{"TEXT": "cd"}]}
    corrected = explain(block, half, "", found)
    assert corrected == right
    assert corrected["first"] is half["first"]
    assert found == []


def test_the_exact_spelling_counts_where_a_field_is_given_twice():
    block = Block("B001", (Field("text", TEXT),))
    assert violations(block, {"TEXT": "far too long", "text": "ab"}) == [("/TEXT", "duplicate")]
    assert violations(block, {"TEXT": "ab", "Text": "far too long"}) == [("/Text", "duplicate")]
    names = spelled(block, {"TEXT": "ab", "Text": "ab", "zebra": 1})
    assert [name for name, part in names.items() if part is None] == ["Text", "zebra"]


def test_pointers_escape_what_has_a_meaning_in_them():
    assert step("/a", "b/c~d") == "/a/b~1c~0d"
    assert step("/a", 0) == "/a/0"


def test_a_pointer_in_the_senders_spelling():
    message = {"Payload": {"list": [{"NAME": 1}], "exact": 1, "EXACT": 2}}
    assert respelled("/payload/LIST/0/name", message) == "/Payload/list/0/NAME"
    assert respelled("/payload/exact", message) == "/Payload/exact"
    assert respelled("/payload/missing/0", message) == "/Payload/missing/0"
    assert respelled("/payload/list/7/name", message) == "/Payload/list/7/name"
    assert respelled("", message) == ""


# --- plain English


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (TEXT, "text of 2 to 4 characters"),
        (DataItem("x", "string", min_length=3, max_length=3), "text of exactly 3 characters"),
        (DataItem("x", "string", max_length=9), "text of at most 9 characters"),
        (DataItem("x", "string", min_length=1), "text of at least 1 characters"),
        (DataItem("x", "string"), "text of any number of characters"),
        (DataItem("x", "string", nullable=True, max_length=9), "text of at most 9 characters, or null"),
        (COLOUR, "one of RED, BLUE"),
        (DataItem("x", "string", enum=("011",)), "the value 011"),
        (DataItem("x", "string", min_length=25, max_length=25), "a date and time of exactly 25 characters"),
        (DataItem("x", "string", pattern=r"^\d{13}?$"), "13 digits, such as 2000056535971"),
        (DataItem("x", "string", pattern=r"^\d{1,2}$"), "1 to 2 digits"),
        (
            DataItem("x", "string", pattern=r"^-?\d{1,9}\.\d{3}$"),
            "exactly 3 after it, a minus sign allowed, such as 12.345",
        ),
        (DataItem("x", "string", pattern=r"^\d{1,2}\.\d{2}$"), "exactly 2 after it, such as 12.34"),
        (DataItem("x", "string", pattern="^[x]$"), "text that matches ^[x]$"),
        (COUNT, "a whole number (0 to 9)"),
        (DataItem("x", "integer", minimum=30, maximum=30, multiple_of=15), "(exactly 30), a multiple of 15"),
        (DataItem("x", "integer", maximum=9), "a whole number (at most 9)"),
        (DataItem("x", "integer", minimum=0), "a whole number (at least 0)"),
        (DataItem("x", "integer", minimum=5), "a whole number (at least 5)"),
        (DataItem("x", "number"), "a number"),
        (DataItem("x", "boolean"), "true or false, without quotes"),
        (DataItem("x", "any"), "any value"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_an_item_takes_in_words(item, words):
    assert words in expected(item)


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("CSSRegistrationRequestID", ["CSSRegistrationID", "other"], "CSSRegistrationID"),
        ("environment", ["environmentTag", "subText"], "environmentTag"),
        ("sender_dip_id", ["senderDIPID", "senderRoleID"], "senderDIPID"),
        ("MPAN", ["MPANCore", "GSPGroupID"], "MPANCore"),
        ("zebra", ["MPANCore"], None),
        ("id", ["MPANCore"], None),
        ("B900List", ["B900", "B901"], "B900"),
        ("B035List", ["B905List", "B036"], None),
        ("x" * 500, ["x" * 499], None),
        ("anything", [], None),
    ],
)
def test_names_that_were_nearly_right(name, known, meant):
    assert near(name, known) == meant


def test_a_value_is_shown_as_json_and_cut():
    assert shown("a") == '"a"'
    assert shown(None) == "null"
    assert shown("x" * 500).endswith("…")
    assert len(shown("x" * 500)) == 60
    assert shown("\ud800") == "a value that cannot be shown"


def test_patterns_of_digits_only():
    assert digits_of(r"^\d{4,4}$") == (4, 4)
    assert digits_of(r"^\d{1,2}$") == (1, 2)
    assert digits_of(r"^\d{13}?$") == (13, 13)
    assert digits_of(r"^[A-Z]{4}$") is None


# --- codes


@pytest.mark.parametrize(
    ("name", "rule", "codes"),
    [
        ("anything", "missing", ("MSG1001", "RCP1021")),
        ("anything", "enum", ("MSG1001", "RCP1022")),
        ("anything", "pattern", ("MSG1001", "RCP1022")),
        ("anything", "length", ("MSG1001", "RCP1001")),
        ("interfaceID", "enum", ("MSG1002", "RCP1002")),
        ("interfaceID", "missing", ("MSG1002", "RCP1021")),
        ("senderTimestamp", "missing", ("MSG1007", "RCP1007")),
        ("publicationID", "length", ("MSG1001", "RCP1042")),
        ("replayIndicator", "type", ("MSG1001", "RCP1047")),
    ],
)
def test_the_code_of_a_violation(name, rule, codes):
    assert codes_for(name, rule) == codes


def test_a_violation_is_an_error_unless_it_says_otherwise():
    assert Violation("", "type", "text").severity is Severity.ERROR
