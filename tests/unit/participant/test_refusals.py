"""Every refusal: one cause, one sentence, one piece of advice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from participant import refusals
from participant.errors import ParticipantError, Reason, SignatureRefused
from tests.unit.participant.keys import NOW

ALL = [
    refusals.header_missing("X-DIP-Signature"),
    refusals.content_hash_mismatch("a", "b"),
    refusals.date_malformed("yesterday"),
    refusals.date_outside(Reason.DATE_TOO_OLD, "2026-03-21T11:00:00Z", NOW, timedelta(minutes=5)),
    refusals.date_outside(Reason.DATE_IN_FUTURE, "2026-03-21T13:00:00Z", NOW, timedelta(minutes=5)),
    refusals.certificate_unreadable(),
    refusals.private_key_sent(),
    refusals.key_unsuitable("the key is too short"),
    refusals.not_trusted("CN=A", "CN=B"),
    refusals.not_yet_valid("CN=A", NOW),
    refusals.expired("CN=A", NOW),
    refusals.not_base64("X-DIP-Signature", Reason.SIGNATURE_UNREADABLE),
    refusals.signature_mismatch("POST;http://dip;…"),
    refusals.certificate_unknown("CN=A", "2300000001"),
    refusals.certificate_of_other_party("CN=A", "2300000001", "2300000002"),
    refusals.revoked("CN=A", NOW),
    refusals.not_the_dip("CN=A"),
]


def test_there_is_one_for_every_reason() -> None:
    assert {refusal.reason for refusal in ALL} == set(Reason)
    assert len(ALL) == len(Reason)


@pytest.mark.parametrize("refusal", ALL, ids=lambda refusal: refusal.reason.name)
def test_it_says_what_is_wrong_and_what_to_do(refusal: SignatureRefused) -> None:
    assert isinstance(refusal, ParticipantError)
    assert str(refusal) == refusal.message
    assert 10 < len(refusal.message) < 250
    assert not refusal.message.endswith(".")  # it is put into sentences
    assert refusal.help[0].isupper()
    assert len(refusal.help) < 250


def test_values_of_strangers_are_cut() -> None:
    assert len(refusals.content_hash_mismatch("x" * 9000, "b").message) < 200
    assert len(refusals.date_malformed("x" * 9000).message) < 200


def test_what_the_values_are() -> None:
    expired, other = refusals.expired("CN=A", NOW), ALL[14]
    assert "2026-03-21T12:00:00+00:00" in expired.message
    assert "2300000001" in other.message
    assert "2300000002" in other.message
    assert "300 s older" in ALL[3].message
    assert "300 s later" in ALL[4].message
