"""Raw texts of a batch, nesting, and fitting answers."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dip_gateway.texts import fitting, nested_deeper, split_raw

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(values, min_size=1, max_size=5), st.sampled_from([None, 1, 4]))
def test_the_parts_are_the_messages(messages: list[Any], indent: int | None) -> None:
    body = json.dumps(messages, indent=indent).encode()
    parts = split_raw(body, messages)
    assert [json.loads(part) for part in parts] == messages


def test_each_part_is_the_text_as_it_was_sent() -> None:
    body = b' [ {"a" : 1.0e2 , "b":"\\u00e9"} ,\n\t{"b":  2} ] \n'
    assert split_raw(body, orjson.loads(body)) == ['{"a" : 1.0e2 , "b":"\\u00e9"}', '{"b":  2}']


def test_one_message_is_everything_between_the_brackets() -> None:
    body = b'[\r\n{"a":1}\r\n]'
    assert split_raw(body, orjson.loads(body)) == ['{"a":1}']


def test_a_compact_batch_is_taken_apart_without_reading_it_again() -> None:
    messages = [{"a": "é"}, {"b": [1, 2]}]
    assert split_raw(orjson.dumps(messages), messages) == ['{"a":"é"}', '{"b":[1,2]}']


@pytest.mark.parametrize(("depth", "deeper"), [(1, False), (5, False), (6, True), (500, True)])
def test_nesting_is_counted_in_levels(depth: int, deeper: bool) -> None:
    value: Any = 1
    for _ in range(depth):
        value = {"in": [value]} if _ % 2 else [value]
    levels = sum(1 if _ % 2 == 0 else 2 for _ in range(depth))
    assert nested_deeper(value, 7) is (levels > 7)
    assert deeper is (levels > 7)


def test_an_answer_never_breaks_its_own_schema() -> None:
    assert fitting("x" * 60, 60) == "x" * 60
    assert fitting("x" * 61, 60) is None
    assert fitting("", 60) is None
    assert fitting(None, 60) is None
