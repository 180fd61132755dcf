"""The checks of every message, made again: what counts against the evidence, and what is for information."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from backbone.journal.events import JournalEvent, Kind
from contracts import catalogue_digest
from participant.authority import CertificateAuthority
from participant.identity import Identity
from participant.signing import sign
from services.qualification.rechecks import Rechecked, recheck
from services.qualification.recompute import Judged
from tests.unit.qualification.given import MPAN, PARTICIPANT, binding, headline

NOW = datetime.now(UTC)
URL = "https://participant.test/webhook"
SAME = {"contracts": [{"version": "2.1.0", "sha256": catalogue_digest("2.1.0")}]}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority.open(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def dip(authority: CertificateAuthority) -> Identity:
    certificate, key = authority.issue("1000000000")
    return Identity("1000000000", "DIP", "DIPX", "", "http://gateway.test", certificate, key)


def delivered(dip: Identity, url: str = URL, **fields: Any) -> JournalEvent:
    """A publication delivered to the participant; with another ``url`` than ours its signature is bad."""
    body = orjson.dumps([{"payload": {}}])
    given = {
        "kind": Kind.DELIVERED,
        "interface": "PUB-002",
        "transaction_id": "T-1",
        "recipient": PARTICIPANT,
    }
    headers = sign(dip, "POST", url, body, NOW)
    return JournalEvent(
        at=NOW,
        service="dip_gateway",
        mpan=MPAN,
        headers=headers,
        body=body.decode(),
        details={"url": URL},
        **(given | fields),
    )


def injected(fault: str, **fields: Any) -> JournalEvent:
    given = {"transaction_id": "T-1", "recipient": PARTICIPANT, "details": {"fault": fault, "rule": "r"}}
    return JournalEvent(Kind.FAULT_INJECTED, NOW, "dip_gateway", mpan=MPAN, **(given | fields))


def made(authority: CertificateAuthority, *events: JournalEvent, manifest: Any = SAME) -> Rechecked:
    judged = Judged(headline(), binding(), events, NOW, {})
    return recheck(judged, authority.certificate_pem.encode(), manifest, [])


def test_a_bad_signature_on_what_was_delivered_counts(authority: CertificateAuthority, dip: Identity) -> None:
    assert made(authority, delivered(dip)).faults == ()
    (fault,) = made(authority, delivered(dip, "https://elsewhere.test/")).faults
    assert fault.startswith("Line 1, PUB-002 delivered: ")


@pytest.mark.parametrize("fault", ["bad signature", "expired certificate"])
def test_a_signature_that_the_harness_was_told_to_spoil_is_no_fault_of_the_evidence(
    fault: str, authority: CertificateAuthority, dip: Identity
) -> None:
    found = made(authority, injected(fault), delivered(dip, "https://elsewhere.test/"))
    assert found.faults == ()
    assert "1 bad" in found.text, "it is still told"


@pytest.mark.parametrize(
    "other",
    [injected("duplicate"), injected("bad signature", transaction_id="T-2")],
    ids=["fault", "message"],
)
def test_another_fault_or_that_of_another_message_excuses_nothing(
    other: JournalEvent, authority: CertificateAuthority, dip: Identity
) -> None:
    assert made(authority, other, delivered(dip, "https://elsewhere.test/")).faults


def test_a_refused_request_may_be_as_bad_as_it_likes(authority: CertificateAuthority, dip: Identity) -> None:
    refused = delivered(dip, "https://elsewhere.test/", kind=Kind.REFUSED, interface="IF-031")
    found = made(authority, refused)
    assert (found.faults, found.messages[0].word) == ((), "bad")


def test_an_accepted_message_that_breaks_the_standard_counts_under_the_very_same_contracts_only(
    authority: CertificateAuthority, dip: Identity
) -> None:
    accepted = delivered(dip, kind=Kind.ACCEPTED, interface="IF-031")
    (fault,) = made(authority, accepted).faults
    assert "violation" in fault
    for manifest in (None, {"contracts": [{"version": "2.1.0", "sha256": "0" * 64}]}):
        other = made(authority, accepted, manifest=manifest)
        assert other.faults == ()
        assert "schema for information" in other.text


def test_without_authorities_the_gateways_word_is_told_from_a_check(dip: Identity, tmp_path: Path) -> None:
    event = delivered(dip)
    recorded = JournalEvent.from_bytes(
        event.to_bytes().replace(b'"url"', b'"signature":{"subject":"CN=x"},"url"')
    )
    found = recheck(Judged(headline(), binding(), [recorded], NOW, {}), b"no authority", None, [tmp_path])
    assert found.messages[0].word == "on the gateway's word"
    assert "1 on the gateway's word" in found.text
