"""Incoming things on the log: written and read back."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbone.log import Record
from participant.handlers import Incoming
from participant.wire import command_record, harness_topic, inbox_record, inbox_topic, read_record, state_key

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
messages = st.dictionaries(texts, st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts)


@given(
    st.builds(
        Incoming,
        kind=st.sampled_from(["dip", "css"]),
        to=texts,
        mpan=texts,
        name=texts,
        event=st.none() | texts,
        message=messages,
        id=texts,
        run=st.none() | texts,
        sender=st.none() | texts,
    )
)
def test_what_is_written_is_what_is_read(incoming: Incoming) -> None:
    record = inbox_record("registration", incoming)
    assert record.topic == "inbox.registration"
    assert read_record(record) == incoming


@given(name=texts, to=texts, mpan=texts, run=st.none() | texts, number=texts, arguments=messages)
def test_a_command_is_read_as_it_was_given(name, to, mpan, run, number, arguments) -> None:
    record = command_record("registration", name, to=to, mpan=mpan, run=run, id=number, arguments=arguments)
    assert record.topic == "harness.registration"
    assert read_record(record) == Incoming("command", to, mpan, name, None, arguments, number, run)


def test_a_command_needs_neither_mpan_nor_arguments() -> None:
    value = orjson.dumps({"name": "load", "to": "2200000001", "id": "1"})
    read = read_record(Record(harness_topic("registration"), "k", value))
    assert (read.mpan, read.message, read.run) == ("", {}, None)
    assert state_key(read) == "2200000001"


def test_the_key_is_the_mpan_or_else_the_party() -> None:
    incoming = Incoming("dip", "2200000001", "1200000000018", "PUB-031", None, {}, "1")
    assert inbox_record("r", incoming).key == "1200000000018"
    assert inbox_record("r", Incoming("dip", "2200000001", "", "PUB-047", None, {}, "1")).key == "2200000001"


@pytest.mark.parametrize("topic", [inbox_topic("r"), harness_topic("r")])
@given(value=st.binary(max_size=40) | st.recursive(st.none() | texts, st.lists).map(orjson.dumps))
def test_rubbish_raises_only_value_error(topic: str, value: bytes) -> None:
    with pytest.raises(ValueError, match="not an incoming thing"):
        read_record(Record(topic, "k", value))


@pytest.mark.parametrize("field", ["to", "mpan", "name", "id", "run", "message"])
def test_a_field_of_the_wrong_kind(field: str) -> None:
    fields: dict[str, object] = {"kind": "dip", "to": "2", "mpan": "1", "name": "N", "id": "1"}
    fields |= {"event": None, "message": {}}
    value = orjson.dumps(fields | {field: 7})
    with pytest.raises(ValueError, match="wrong kind"):
        read_record(Record(inbox_topic("r"), "k", value))
