"""Secrets that a system sends in the wrong place do not reach evidence."""

from __future__ import annotations

import base64
import time
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from backbone.journal.events import JournalEvent, Kind
from services.qualification.checks import NOT_MADE, Checks
from services.qualification.redaction import WITHHELD, cleaned, redacted
from tests.unit.qualification.given import BEGIN

_RSA, _EC = rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP256R1())
KEYS = {
    "PKCS#8": _RSA.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    "RSA": _RSA.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode(),
    "EC": _EC.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode(),
    "encrypted": _EC.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"password")
    ).decode(),
    "encrypted, old form": _RSA.private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, BestAvailableEncryption(b"password")
    ).decode(),
}


def event(**fields: Any) -> JournalEvent:
    return JournalEvent(Kind.REFUSED, BEGIN, "dip_gateway", interface="IF-031", **fields)


def secret_lines(pem: str) -> list[str]:
    return [line for line in pem.splitlines() if len(line) > 30 and not line.startswith("-")]


@pytest.mark.parametrize("form", KEYS)
def test_a_private_key_in_a_message_is_withheld_and_the_rest_is_kept(form: str) -> None:
    body = orjson.dumps({"note": f"before {KEYS[form]} after", "mpan": "1"}).decode()
    clean = redacted(event(body=body))
    assert not [line for line in secret_lines(KEYS[form]) if line in (clean.body or "")]
    assert orjson.loads(clean.body or "")["mpan"] == "1"
    assert clean.details["withheld"] is True


def test_a_private_key_sent_in_place_of_a_certificate_is_withheld() -> None:
    header = base64.b64encode(KEYS["PKCS#8"].encode()).decode()
    clean = redacted(event(headers={"x-dip-signature-certificate": header}))
    assert clean.headers == {"x-dip-signature-certificate": WITHHELD}


@pytest.mark.parametrize("name", ["X-API-Key", "apikey", "Authorization", "cookie", "my-password"])
def test_headers_that_carry_secrets_are_withheld_under_any_name(name: str) -> None:
    clean = redacted(event(headers={name: "hunter2", "x-dip-signature": "kept"}))
    assert clean.headers == {name: WITHHELD, "x-dip-signature": "kept"}


def test_a_password_in_an_address_is_withheld_wherever_it_stands() -> None:
    document = {"webhooks": [{"text": "https://user:hunter2@host/hook"}], "step": ["see ftp://me:hunter2@x"]}
    assert b"hunter2" not in orjson.dumps(cleaned(document))
    assert cleaned("https://host/path@x and mail@example.org") == "https://host/path@x and mail@example.org"


def test_what_holds_no_secret_is_the_very_same_event() -> None:
    certificate = base64.b64encode(b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n" * 3)
    plain = event(body='{"a": "b"}', headers={"x-dip-signature-certificate": certificate.decode()})
    assert redacted(plain) is plain


def test_a_message_with_something_withheld_is_not_accused_of_a_bad_signature() -> None:
    clean = redacted(event(body=KEYS["EC"], headers={"X-DIP-Signature": "x"}))
    assert Checks("2.1.0").signature(clean).result == NOT_MADE


def test_a_large_hostile_text_is_looked_through_quickly() -> None:
    hostile = "-----BEGIN PRIVATE KEY-----" * 100_000 + "://" * 300_000 + "A" * 1_000_000
    began = time.process_time()
    assert "BEGIN PRIVATE" not in cleaned(hostile)
    assert time.process_time() - began < 5
