"""Single facts: which differences make the standard stricter, which looser."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contracts.model import Block, DataItem, Field
from contracts.reading.effects import Effect, block_details, combined, item_details, listed, type_text

TEXT = DataItem("DI-001-Text", "string")
B002 = Block("B002", ())


@pytest.mark.parametrize(
    ("fact", "before", "after", "effect"),
    [
        ("nullable", {"nullable": True}, {"nullable": False}, Effect.STRICTER),
        ("nullable", {"nullable": False}, {"nullable": True}, Effect.LOOSER),
        ("minimum length", {"min_length": 1}, {"min_length": 2}, Effect.STRICTER),
        ("minimum length", {"min_length": 2}, {"min_length": 1}, Effect.LOOSER),
        ("maximum length", {"max_length": 10}, {"max_length": 9}, Effect.STRICTER),
        ("maximum length", {"max_length": 9}, {"max_length": 10}, Effect.LOOSER),
        ("maximum length", {}, {"max_length": 10}, Effect.STRICTER),
        ("maximum length", {"max_length": 10}, {}, Effect.LOOSER),
        ("minimum", {"minimum": 0}, {"minimum": 1}, Effect.STRICTER),
        ("maximum", {"maximum": 9}, {"maximum": 10}, Effect.LOOSER),
        ("pattern", {}, {"pattern": "^a$"}, Effect.STRICTER),
        ("pattern", {"pattern": "^a$"}, {}, Effect.LOOSER),
        ("pattern", {"pattern": "^a$"}, {"pattern": "^b$"}, Effect.MIXED),
        ("multiple of", {"multiple_of": 15}, {}, Effect.LOOSER),
        ("format", {"format": "email"}, {}, Effect.NONE),
        ("type", {}, {"type": "integer"}, Effect.MIXED),
        ("values", {}, {"enum": ("A",)}, Effect.STRICTER),
        ("values", {"enum": ("A",)}, {}, Effect.LOOSER),
        ("values", {"enum": ("A",)}, {"enum": ("A", "B")}, Effect.LOOSER),
        ("values", {"enum": ("A", "B")}, {"enum": ("A",)}, Effect.STRICTER),
        ("values", {"enum": ("A", "B")}, {"enum": ("A", "C")}, Effect.MIXED),
    ],
)
def test_facts_of_an_item(fact, before, after, effect):
    details = list(item_details(replace(TEXT, **before), replace(TEXT, **after)))
    assert [(d.fact, d.effect) for d in details] == [(fact, effect)]


def test_values_in_another_order_are_no_difference():
    assert list(listed("values", ("A", "B"), ("B", "A"))) == []


@pytest.mark.parametrize(
    ("fact", "before", "after", "effect"),
    [
        ("a required", Field("a", TEXT), Field("a", TEXT, required=False), Effect.LOOSER),
        ("a required", Field("a", TEXT, required=False), Field("a", TEXT), Effect.STRICTER),
        ("a nullable", Field("a", B002, nullable=True), Field("a", B002), Effect.STRICTER),
        ("a is a list", Field("a", TEXT), Field("a", TEXT, many=True), Effect.MIXED),
        ("a type", Field("a", TEXT), Field("a", B002), Effect.MIXED),
        (
            "a most",
            Field("a", TEXT, many=True, max_items=48),
            Field("a", TEXT, many=True, max_items=50),
            Effect.LOOSER,
        ),
        (
            "a fewest",
            Field("a", TEXT, many=True),
            Field("a", TEXT, many=True, min_items=1),
            Effect.STRICTER,
        ),
    ],
)
def test_facts_of_a_field(fact, before, after, effect):
    details = list(block_details(Block("B001", (before,)), Block("B001", (after,))))
    assert [(d.fact, d.effect) for d in details] == [(fact, effect)]


@pytest.mark.parametrize(
    ("before", "after", "effect"),
    [
        (Block("B", ()), Block("B", (Field("a", TEXT),)), Effect.STRICTER),
        (Block("B", ()), Block("B", (Field("a", TEXT, required=False),)), Effect.LOOSER),
        # an open block took any value of that name before, so saying what it holds is stricter
        (
            Block("B", (), open=True),
            Block("B", (Field("a", TEXT, required=False),), open=True),
            Effect.STRICTER,
        ),
        (Block("B", (Field("a", TEXT),)), Block("B", ()), Effect.STRICTER),
        (Block("B", (Field("a", TEXT),), open=True), Block("B", (), open=True), Effect.LOOSER),
        (Block("B", ()), Block("B", (), open=True), Effect.LOOSER),
        (Block("B", (), open=True), Block("B", ()), Effect.STRICTER),
        (Block("B", (), untyped=True), Block("B", ()), Effect.STRICTER),
    ],
)
def test_fields_that_come_and_go(before, after, effect):
    assert [d.effect for d in block_details(before, after)] == [effect]


def test_the_effects_of_several_details_together():
    assert combined([]) is Effect.NONE
    assert combined([Effect.NONE, Effect.STRICTER]) is Effect.STRICTER
    assert combined([Effect.LOOSER, Effect.LOOSER]) is Effect.LOOSER
    assert combined([Effect.LOOSER, Effect.STRICTER]) is Effect.MIXED


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (Field("a", TEXT), "DI-001-Text"),
        (Field("a", B002, required=False), "B002, optional"),
        (Field("a", B002, nullable=True), "B002, or null"),
        (Field("a", B002, many=True, min_items=1, max_items=48), "list of B002, 1..48"),
        (Field("a", B002, many=True, min_items=1), "list of B002, 1..*"),
        (Field("a", B002, many=True), "list of B002"),
    ],
)
def test_a_field_in_words(part, text):
    assert type_text(part) == text
