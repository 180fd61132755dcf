"""The history checker finds each breach that it is there for, and nothing in a history without one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from backbone.journal import JournalEvent, Kind
from tests.chaos.history import History, Outcome, Received, Rule, Sent, check, missing

MPAN, OTHER = "2000056535971", "2000000000015"
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def sent(number: int, outcome: Outcome = Outcome.ACCEPTED, mpan: str = MPAN) -> Sent:
    return Sent(f"S-{mpan[-2:]}-{number}", "IF-031", mpan, number, outcome, ("R",), f"T-{mpan[-2:]}-{number}")


def got(number: int, mpan: str = MPAN, recipient: str = "R") -> Received:
    return Received(recipient, "IF-031", mpan, f"S-{mpan[-2:]}-{number}", f"T-{mpan[-2:]}-{number}")


def journalled(kind: Kind, number: int, recipient: str | None = None) -> JournalEvent:
    return JournalEvent(kind, NOW, "dip_gateway", recipient=recipient, reference=f"S-71-{number}")


def rules(*messages: Sent, to: list[Received], journal: tuple[JournalEvent, ...] = ()) -> list[Rule]:
    return [finding.rule for finding in check(History(messages, to, journal, frozenset({"R"})))]


def test_a_history_without_a_breach() -> None:
    messages = [sent(1), sent(2), sent(3), sent(1, mpan=OTHER)]
    assert rules(*messages, to=[got(1, OTHER), got(1), got(2), got(3)]) == []


def test_accepted_and_lost() -> None:
    assert rules(sent(1), sent(2), to=[got(2)]) == [Rule.LOST]
    assert missing(History([sent(1), sent(2)], [got(2)])) == [("R", "S-71-1")]


def test_lost_for_one_of_two_recipients() -> None:
    message = replace(sent(1), recipients=("R", "Q"))
    [finding] = check(History([message], [got(1)]))
    assert str(finding) == "accepted and lost: S-71-1 to Q"


def test_what_the_client_knows_nothing_of_may_arrive_or_not() -> None:
    assert rules(sent(1, Outcome.UNKNOWN), to=[]) == []
    assert rules(sent(1, Outcome.UNKNOWN), sent(2), to=[got(1), got(2)]) == []


def test_out_of_order() -> None:
    assert rules(sent(1), sent(2), to=[got(2), got(1)]) == [Rule.OUT_OF_ORDER]


def test_what_the_client_knows_nothing_of_keeps_its_place_too() -> None:
    assert rules(sent(1, Outcome.UNKNOWN), sent(2), to=[got(2), got(1)]) == [Rule.OUT_OF_ORDER]


def test_order_counts_per_mpan_recipient_channel_and_sender() -> None:
    assert rules(sent(1), sent(2, mpan=OTHER), to=[got(2, OTHER), got(1)]) == []
    both = [replace(sent(n), recipients=("R", "Q")) for n in (1, 2)]
    assert rules(*both, to=[got(1), got(1, recipient="Q"), got(2, recipient="Q"), got(2)]) == []
    other_channel = replace(sent(2), channel="IF-021")
    assert rules(sent(1), other_channel, to=[got(2), got(1)]) == []
    assert rules(sent(1), replace(sent(2), sender="another"), to=[got(2), got(1)]) == []


def test_a_repeat_carries_the_same_transaction_id_and_breaks_no_order() -> None:
    history = History([sent(1), sent(2)], [got(1), got(2), got(1), got(2)])
    assert check(history) == []
    assert history.repeats() == 2


def test_delivered_twice_under_different_transaction_ids() -> None:
    message = replace(sent(1), transaction_id=None)
    again = replace(got(1), transaction_id="T-another")
    assert rules(message, to=[got(1), again]) == [Rule.TWICE]


def test_a_replay_may_come_at_any_time() -> None:
    again = replace(got(1), replay=True)
    history = History([sent(1), sent(2)], [got(1), got(2), again, again])
    assert check(history) == []
    assert history.repeats() == 0


def test_delivered_and_nobody_sent_it() -> None:
    assert rules(sent(1), to=[got(1), got(7)]) == [Rule.UNSENT]


def test_another_party_sent_it() -> None:
    journal = (journalled(Kind.ACCEPTED, 1), journalled(Kind.ACCEPTED, 7))
    assert rules(sent(1), to=[got(1), got(7)], journal=journal) == []


def test_refused_and_delivered() -> None:
    assert rules(sent(1, Outcome.REFUSED), to=[got(1)]) == [Rule.REFUSED]


def test_accepted_under_one_transaction_id_delivered_under_another() -> None:
    assert rules(sent(1), to=[replace(got(1), transaction_id="T-another")]) == [Rule.MISNUMBERED]


def test_accepted_and_not_in_the_journal() -> None:
    assert rules(sent(1), sent(2), to=[got(1), got(2)], journal=(journalled(Kind.ACCEPTED, 1),)) == [
        Rule.UNRECORDED
    ]


@pytest.mark.parametrize(("kind", "rule"), [(Kind.DELIVERED, Rule.PHANTOM), (Kind.ROUTED, Rule.LOST)])
def test_the_journal_says_more_than_the_webhook(kind: Kind, rule: Rule) -> None:
    journal = (journalled(Kind.ACCEPTED, 7), journalled(kind, 7, "R"), journalled(kind, 7, "elsewhere"))
    assert rules(to=[], journal=journal) == [rule]


def test_the_figures() -> None:
    history = History([sent(1), sent(2, Outcome.UNKNOWN)], [got(1), got(1)])
    assert history.summary() == "1 accepted, 0 refused, 1 unknown; 2 deliveries, 1 of them repeats"
