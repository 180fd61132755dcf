"""What the gateway must not let in: refused with status and code, nothing published, the reason kept."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from contracts import envelope
from participant.authority import CertificateAuthority
from participant.identity import Identity
from tests.e2e.emulator import Emulator


def a_message(identity: Identity) -> dict[str, Any]:
    custom = {
        "B070": {
            "proposedMeteringServiceDIPID": "1200000001",
            "proposedMeteringServiceMPID": "MSSA",
            "proposedMeteringServiceDIPEffectiveFromDate": "2030-01-15T00:00:00+00:00",
            "contractReferenceMeteringService": None,
            "appointmentScenario": "COS",
        }
    }
    return envelope.build(
        "IF-031",
        "[MSApp]",
        sender=envelope.Sender(identity.dip_id, identity.role),
        now=datetime.now(UTC),
        custom=custom,
        mpan=envelope.MpanBlock("2000056535971", "2500000001", "_H"),
    )


def request(identity: Identity, url: str, messages: list[Any]) -> tuple[dict[str, str], bytes]:
    """A rightly signed request, built here from the rule and not with the code under test."""
    body = json.dumps(messages).encode()
    date = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    signed = f"POST;{url.lower()};{date};{digest}".encode()
    signature = identity.private_key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    return {
        "Content-Type": "application/json",
        "X-API-Key": identity.api_key,
        "X-DIP-Content-Hash": digest,
        "X-DIP-Signature-Date": date,
        "X-DIP-Signature-Certificate": base64.b64encode(identity.certificate_pem.encode()).decode(),
        "X-DIP-Signature": base64.b64encode(signature).decode(),
    }, body


@pytest.fixture
def identity(emulator: Emulator, tmp_path: Path) -> Identity:
    emulator.add_participant(tmp_path / "me")
    return Identity.load(tmp_path / "me")


def unsigned(headers: dict[str, str], body: bytes, place: Path) -> bytes:
    for name in [name for name in headers if name.startswith("X-DIP")]:
        del headers[name]
    return body


def wrongly_signed(headers: dict[str, str], body: bytes, place: Path) -> bytes:
    wrong = bytearray(base64.b64decode(headers["X-DIP-Signature"]))
    wrong[0] ^= 1
    headers["X-DIP-Signature"] = base64.b64encode(bytes(wrong)).decode()
    return body


def changed_after_signing(headers: dict[str, str], body: bytes, place: Path) -> bytes:
    return body.replace(b"2000056535971", b"2000056535980")


def unknown_certificate(headers: dict[str, str], body: bytes, place: Path) -> bytes:
    stranger, _ = CertificateAuthority.open(place / "stranger").issue("2399999999")
    headers["X-DIP-Signature-Certificate"] = base64.b64encode(stranger.encode()).decode()
    return body


def wrong_api_key(headers: dict[str, str], body: bytes, place: Path) -> bytes:
    headers["X-API-Key"] = "no-such-key"
    return body


Defect = Callable[[dict[str, str], bytes, Path], bytes]


@pytest.mark.parametrize(
    ("defect", "status"),
    [
        (unsigned, {401}),
        (wrongly_signed, {401}),
        (changed_after_signing, {401}),
        (unknown_certificate, {401, 403}),
        (wrong_api_key, {401}),
    ],
)
def test_a_defective_request_is_refused_and_journalled(
    emulator: Emulator, identity: Identity, tmp_path: Path, defect: Defect, status: set[int]
) -> None:
    url, began = f"{emulator.url}/dip-channel/IF-031", datetime.now(UTC)
    message = a_message(identity)
    headers, body = request(identity, url, [message])
    body = defect(headers, body, tmp_path)
    answer = httpx.post(url, headers=headers, content=body)
    assert answer.status_code in status
    entry = answer.json()["messageArray"][0]
    assert entry["message"].startswith("MSG1")
    assert entry["help"]
    events = emulator.journal(envelope.header(message).reference or "", began)
    assert [event["kind"] for event in events] == ["refused"], "nothing accepted, nothing published"
    assert events[0]["details"]["reason"]
    assert identity.api_key not in json.dumps(events)


def test_another_party_as_sender_is_refused(emulator: Emulator, identity: Identity) -> None:
    url, began = f"{emulator.url}/dip-channel/IF-031", datetime.now(UTC)
    message = deepcopy(a_message(identity))
    message["payload"]["CommonBlock"]["S1"]["senderDIPID"] = "2300000001"
    headers, body = request(identity, url, [message])
    answer = httpx.post(url, headers=headers, content=body)
    assert answer.status_code == 400
    assert answer.json()["messageArray"][0]["message"].startswith("MSG1009")
    events = emulator.journal(envelope.header(message).reference or "", began)
    assert [event["kind"] for event in events] == ["refused"]


def test_a_good_request_is_accepted(emulator: Emulator, identity: Identity) -> None:
    url = f"{emulator.url}/dip-channel/IF-031"
    headers, body = request(identity, url, [a_message(identity)])
    answer = httpx.post(url, headers=headers, content=body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["messageArray"][0]["message"] == "MSG0000 - Success"


def test_a_megabyte_is_accepted_and_six_are_not(emulator: Emulator, identity: Identity) -> None:
    url = f"{emulator.url}/dip-channel/IF-031"
    one = a_message(identity)
    count = 1_000_000 // len(json.dumps(one)) + 1
    headers, body = request(identity, url, [a_message(identity) for _ in range(count)])
    assert len(body) >= 1_000_000
    accepted = httpx.post(url, headers=headers, content=body, timeout=60)
    assert accepted.status_code == 201, accepted.text[:500]
    assert len(accepted.json()["messageArray"]) == count
    headers, body = request(identity, url, [one | {"padding": "x" * 6_000_000}])
    refused = httpx.post(url, headers=headers, content=body, timeout=60)
    assert refused.status_code == 413
    assert "5000000" in refused.json()["messageArray"][0]["help"].replace(",", "").replace("_", "")
