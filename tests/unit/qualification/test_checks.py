"""Schema and signature checks that evidence repeats from the bytes alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest

from backbone.journal.events import JournalEvent, Kind
from contracts import envelope
from participant.authority import CertificateAuthority
from participant.identity import Identity
from participant.signing import sign
from services.qualification.checks import BAD, DOES_NOT_APPLY, GOOD, NOT_MADE, Checks
from tests.unit.qualification.given import BEGIN, MPAN, PARTICIPANT, Story, binding

URL = "http://gateway.test/dip-channel/IF-031"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority.open(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def identity(authority: CertificateAuthority) -> Identity:
    certificate, key = authority.issue(PARTICIPANT)
    return Identity(PARTICIPANT, "SUP", "ABCD", "a key", "http://gateway.test", certificate, key)


@pytest.fixture(scope="module")
def checks(authority: CertificateAuthority) -> Checks:
    return Checks("2.1.0", [authority.certificate_pem])


def appointment() -> dict[str, Any]:
    proposed = {
        "proposedMeteringServiceDIPID": "1200000001",
        "proposedMeteringServiceMPID": "MSSA",
        "proposedMeteringServiceDIPEffectiveFromDate": "2026-03-09T00:00:00+00:00",
        "contractReferenceMeteringService": "CONTRACT-1",
        "appointmentScenario": "COS",
    }
    return envelope.build(
        "IF-031",
        "[MSApp]",
        sender=envelope.Sender(PARTICIPANT, "SUP"),
        now=BEGIN,
        custom={"B013": {"CSSRegistrationID": "registration-1"}, "B070": proposed},
        mpan=envelope.MpanBlock(MPAN, "2500000001", "_A"),
    )


def sent(identity: Identity, message: Any, *, signed: bytes | None = None, **fields: Any) -> JournalEvent:
    """A message as the gateway writes it down; ``signed``: the body of the request, if not this alone."""
    body = orjson.dumps(message)
    at = BEGIN + timedelta(days=1)  # certificates are valid from the machine's now on
    at = fields.pop("at", at)
    headers = sign(identity, "POST", URL, signed or b"[" + body + b"]", at)
    details = {"url": URL, "method": "POST"} | fields.pop("details", {})
    fields = {"kind": Kind.ACCEPTED, "interface": "IF-031", "event_code": "[MSApp]"} | fields
    return JournalEvent(
        at=at, service="dip_gateway", headers=headers, body=body.decode(), details=details, **fields
    )


@pytest.fixture
def now(authority: CertificateAuthority) -> Any:
    from backbone.clock import SystemClock

    return SystemClock().now()


def test_a_good_message_passes_both_checks(checks: Checks, identity: Identity, now: Any) -> None:
    event = sent(identity, appointment(), at=now)
    assert checks.schema(event).result == GOOD
    signature = checks.signature(event)
    assert signature.result == GOOD
    assert signature.text.startswith(f"Verified from these bytes: CN={PARTICIPANT}")


def test_a_violation_is_named_with_its_pointer(checks: Checks, identity: Identity, now: Any) -> None:
    message = appointment()
    message["payload"]["CustomBlock"]["B070"]["appointmentScenario"] = "cos"
    check = checks.schema(sent(identity, message, at=now))
    assert check.result == BAD
    ((pointer, code, _),) = check.findings
    assert (pointer, code) == ("/payload/CustomBlock/B070/appointmentScenario", "MSG1001")


def test_a_changed_body_is_not_verified(checks: Checks, identity: Identity, now: Any) -> None:
    event = sent(identity, appointment(), at=now, kind=Kind.REFUSED)
    spoiled = replace(event, body=(event.body or "").replace("COS", "CSP"))
    assert checks.signature(spoiled).result == BAD


def test_a_wrong_address_is_not_verified(checks: Checks, identity: Identity, now: Any) -> None:
    event = sent(identity, appointment(), at=now, details={"url": "http://elsewhere.test/"})
    check = checks.signature(event)
    assert check.result == BAD


def test_an_unknown_authority_is_not_trusted(identity: Identity, now: Any, tmp_path: Any) -> None:
    stranger = CertificateAuthority.open(tmp_path / "other")
    event = sent(identity, appointment(), at=now)
    assert Checks("2.1.0", [stranger.certificate_pem]).signature(event).result == BAD


def test_one_message_of_a_batch_is_not_accused(checks: Checks, identity: Identity, now: Any) -> None:
    batch = orjson.dumps([appointment(), appointment()])
    delivered = sent(identity, appointment(), signed=batch, at=now, kind=Kind.DELIVERED, interface="PUB-031")
    assert checks.signature(delivered).result == NOT_MADE
    recorded = {"signature": {"subject": "CN=x", "fingerprint": "abc"}}
    accepted = sent(identity, appointment(), signed=batch, at=now, details=recorded)
    assert checks.signature(accepted).text == "Verified by the gateway: CN=x, fingerprint abc."


def test_a_request_without_signature_is_told_so(checks: Checks) -> None:
    refused = JournalEvent(Kind.REFUSED, BEGIN, "dip_gateway", interface="IF-031", body="{}")
    assert checks.signature(refused).result == NOT_MADE


def test_css_messages_are_checked_by_our_definition_and_never_for_a_signature(checks: Checks) -> None:
    story = Story(binding())
    event = story.switch()
    assert checks.signature(event).result == DOES_NOT_APPLY
    check = checks.schema(event)
    assert check.result == BAD
    assert ("/eventId", "", "`eventId` must identify the event, a UUID for example.") in check.findings


@pytest.mark.parametrize(
    ("fields", "result"),
    [
        ({"body": None}, NOT_MADE),
        ({"body": "{oops"}, NOT_MADE),
        ({"body": '[{"transactionID": null}]', "interface": "STATUS"}, DOES_NOT_APPLY),
    ],
)
def test_what_cannot_be_checked_is_not_judged(checks: Checks, fields: dict[str, Any], result: str) -> None:
    event = JournalEvent(Kind.STATUS_SENT, BEGIN, "dip_gateway", **({"interface": "IF-031"} | fields))
    assert checks.schema(event).result == result


def test_without_contracts_at_hand_the_check_is_not_made(identity: Identity, now: Any) -> None:
    check = Checks("0.0.1").schema(sent(identity, appointment(), at=now))
    assert check.result == NOT_MADE
    assert "0.0.1" in check.text


def test_behind_a_proxy_the_address_that_participants_know_is_the_signed_one(
    authority: CertificateAuthority, identity: Identity, now: Any
) -> None:
    inside = {"url": "http://10.0.0.7:8080/dip-channel/IF-031", "signature": {"subject": "CN=x"}}
    event = sent(identity, appointment(), at=now, details=inside)
    known = Checks("2.1.0", [authority.certificate_pem], bases=["http://gateway.test"])
    assert known.signature(event).text.startswith("Verified from these bytes")
    assert not known.signature(event).recorded


def test_the_gateways_word_does_not_save_a_signature_that_is_wrong_for_these_very_bytes(
    checks: Checks, identity: Identity, now: Any
) -> None:
    recorded = {"url": "http://gateway.test/dip-channel/IF-032", "signature": {"subject": "CN=x"}}
    assert checks.signature(sent(identity, appointment(), at=now, details=recorded)).result == BAD
