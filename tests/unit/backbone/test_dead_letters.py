from __future__ import annotations

from backbone.log import ConsumedRecord, Position, Record
from backbone.log.dead_letters import dead_letter, topic_of


def test_a_dead_letter_carries_the_record_and_the_reason() -> None:
    consumed = ConsumedRecord(
        Record("dip.if.IF-031", "k", b"v", {"sender": "A"}), Position("dip.if.IF-031", 3, 17)
    )
    dead = dead_letter("router", consumed, "cannot be read")
    assert dead == Record(
        "dead-letter.router",
        "k",
        b"v",
        {
            "sender": "A",
            "dead-letter-topic": "dip.if.IF-031",
            "dead-letter-position": "3:17",
            "dead-letter-reason": "cannot be read",
        },
    )
    assert topic_of("router") == dead.topic
