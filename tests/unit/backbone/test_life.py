"""A message's life told from its events, in whatever order and number they come."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from backbone.journal import JournalEvent, Kind
from backbone.journal.life import life, messages, newest

NOW = datetime(2026, 3, 21, 12, 0, tzinfo=UTC)


def event(kind: Kind, **more: Any) -> JournalEvent:
    values: dict[str, Any] = {"transaction_id": "T-1", "interface": "PUB-031", "recipient": "2200000001"}
    return JournalEvent(kind, NOW, "dip_gateway", **(values | more))


def numbered(*events: JournalEvent) -> list[tuple[int, JournalEvent]]:
    return list(enumerate(events, 1))


ACCEPTED = event(Kind.ACCEPTED, interface="IF-031", recipient=None, sender="2300000001", reference="S-1")
ROUTED = event(Kind.ROUTED, details={"routing": "secondary"})


def test_each_recipient_has_its_own_progress() -> None:
    [told] = messages(
        numbered(
            ACCEPTED,
            ROUTED,
            event(Kind.ROUTED, recipient="1700000001", details={"routing": "always"}),
            event(Kind.DELIVERY_ATTEMPTED, details={"attempt": 1}),
            event(Kind.DELIVERED, details={"attempt": 2}),
            event(Kind.HELD, recipient="1700000001"),
        )
    )
    assert told["status"] == "accepted"
    assert told["recipients"] == {
        "2200000001": {"routing": "secondary", "status": "delivered", "attempts": 2},
        "1700000001": {"routing": "always", "status": "held", "attempts": 0},
    }


def test_a_refusal_is_a_message_of_its_own() -> None:
    refused = event(Kind.REFUSED, transaction_id=None, codes=("MSG1001",), details={"reason": "no schema"})
    told = messages(numbered(refused, ACCEPTED, refused))
    assert [one["status"] for one in told] == ["refused", "accepted"]
    assert told[0]["reason"] == "no schema"


def test_a_routing_failure_names_its_codes() -> None:
    [told] = messages(numbered(ACCEPTED, event(Kind.ROUTING_FAILED, recipient=None, codes=("MSG1038",))))
    assert (told["status"], told["codes"]) == ("routing failed", ["MSG1038"])


def test_status_messages_about_it_are_no_recipients_of_it() -> None:
    [told] = messages(numbered(ACCEPTED, event(Kind.DELIVERED, interface="STATUS", recipient="2300000001")))
    assert told["recipients"] == {}


def test_events_of_messages_that_are_not_in_view_are_passed_over() -> None:
    assert messages(numbered(ROUTED, event(Kind.CLOCK_ADVANCED, transaction_id=None))) == []


def test_the_life_keeps_every_event_in_order() -> None:
    told = life(numbered(ACCEPTED, ROUTED))
    assert [(one["sequence"], one["kind"]) for one in told] == [(1, "accepted"), (2, "routed")]
    assert told[1]["details"] == {"routing": "secondary"}


def test_the_newest_first() -> None:
    summaries = [{"sequence": number} for number in range(5)]
    assert [one["sequence"] for one in newest(summaries, 2)] == [4, 3]
    assert newest(summaries, 0) == []
    assert len(newest(summaries, 99)) == 5
