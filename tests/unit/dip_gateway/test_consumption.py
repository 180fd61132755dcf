"""IF-015 is answered with IF-016 messages that are valid themselves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from contracts import envelope, load_catalogue
from contracts.samples import sample
from contracts.validation import Validator
from services.dip_gateway.consumption import Asked, answers

CATALOGUE = load_catalogue("2.1.0")
VALIDATOR = Validator(CATALOGUE, semantics=None)
NOW = datetime(2026, 3, 21, 12, 0, tzinfo=UTC)
BLOCK = envelope.MpanBlock("2000056535971", "2500000001", "_H")


def asked() -> Asked:
    sender = envelope.Sender("1500000001", "ADS")
    message = envelope.build("IF-015", "[ConsumptionReplay]", sender=sender, now=NOW, mpan=BLOCK)
    return Asked(envelope.header(message), message, "T-1", "CI-20260321-1", NOW, "1000000000", "UIT")


def past(interface: str, event: str) -> dict[str, Any]:
    """A publication as it stands among the deliveries."""
    message = sample(CATALOGUE, interface, event, seed=1)
    return envelope.publication(
        message,
        transaction_id=f"T-{interface}-{event.strip('[]')}",
        at=NOW,
        correlation_id=None,
        primary=(),
        secondary=(),
        always=(),
    )


@pytest.mark.parametrize(
    ("interface", "event"),
    [
        ("IF-021", "[ActivePower]"),
        ("IF-021", "[ReactivePower]"),
        ("IF-014", "[ActivePowerRejected]"),
        ("IF-013", "[ActivePowerDefaulted]"),
    ],
)
def test_past_consumption_comes_back_whole(interface: str, event: str) -> None:
    original = past(interface, event)
    [answer] = answers(asked(), [original])
    assert VALIDATOR.check(answer.publication).violations == ()
    common = answer.publication["payload"]["CommonBlock"]
    assert common["S0"]["interfaceID"] == "IF-016"
    assert common["S2"] == original["payload"]["CommonBlock"]["S1"]
    assert common["A0"]["primaryRecipients"] == ["1500000001"]
    assert common["D0"]["replayIndicator"] is True
    assert answer.publication["payload"]["CustomBlock"] == original["payload"]["CustomBlock"]


def test_without_history_the_request_is_rejected() -> None:
    [answer] = answers(asked(), [])
    assert VALIDATOR.check(answer.publication).violations == ()
    assert answer.event == "[ConsumptionRequestRejected]"
    assert answer.publication["payload"]["CommonBlock"]["R1"]["responseCode"] == "R"


def test_warnings_about_a_de_energised_mpan_are_no_consumption() -> None:
    [answer] = answers(asked(), [past("IF-014", "[ConsumptionOnDeEnergisedMPAN]")])
    assert answer.event == "[ConsumptionRequestRejected]"


def test_made_again_it_is_the_same_message() -> None:
    history = [past("IF-021", "[ActivePower]"), past("IF-021", "[ReactivePower]")]
    first, second = answers(asked(), history), answers(asked(), history)
    assert first == second
    assert len({answer.transaction_id for answer in first}) == 2
