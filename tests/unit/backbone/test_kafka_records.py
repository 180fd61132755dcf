"""How records look on Kafka, without a broker."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbone.log import Position, Record
from backbone.log.kafka import TopicSettings
from backbone.log.kafka.records import consumed, salvaged, sent_form

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)


def on_kafka(**fields: object) -> SimpleNamespace:
    """A record as the Kafka client hands it out."""
    message = {"topic": "t", "key": b"k", "value": b"v", "headers": (), "partition": 3, "offset": 17}
    return SimpleNamespace(**(message | fields))


@given(key=TEXT, value=st.binary(), headers=st.dictionaries(TEXT, TEXT, max_size=3))
def test_a_record_survives_kafka(key: str, value: bytes, headers: dict[str, str]) -> None:
    record = Record("t", key, value, headers)
    came = consumed(on_kafka(**sent_form(record)))
    assert came.record == record
    assert came.position == Position("t", 3, 17)


def test_missing_parts_are_empty() -> None:
    came = consumed(on_kafka(key=None, value=None, headers=(("h", None),)))
    assert came.record == Record("t", "", b"", {"h": ""})


@pytest.mark.parametrize("fields", [{"key": b"\xff"}, {"headers": (("h", b"\xff"),)}])
def test_what_is_not_utf8_is_refused_and_can_be_salvaged(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="utf-8"):
        consumed(on_kafka(**fields))
    rescued = salvaged(on_kafka(**fields))
    assert rescued.record.value == b"v"
    assert "\ufffd" in rescued.record.key + "".join(rescued.record.headers.values())


def test_topics_are_made_with_room_for_the_largest_record() -> None:
    topic = TopicSettings(partitions=3, replication=2, retention_hours=1, max_record_bytes=1000).new("t")
    assert (topic.name, topic.num_partitions, topic.replication_factor) == ("t", 3, 2)
    assert topic.topic_configs["retention.ms"] == "3600000"
    assert int(topic.topic_configs["max.message.bytes"]) > 1000


def test_records_may_be_kept_for_ever() -> None:
    assert TopicSettings(retention_hours=-1).new("t").topic_configs["retention.ms"] == "-1"
