"""The signature of the DIP: known answers, properties, and each way to be refused."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from participant import signing
from participant.errors import Reason, SignatureRefused
from participant.identity import Identity
from tests.unit.participant.keys import NOW, authority, identity

URL = "https://Test-Supplier.energydataintegrationplatform.example/dip-channel/IF-031"
BODY = b'[{"payload":{}}]'
WINDOW = timedelta(minutes=5)


def verifier(window: timedelta | None = WINDOW) -> signing.Verifier:
    return signing.Verifier([authority().certificate_pem], window)


def signed(**changed: str) -> dict[str, str]:
    return signing.sign(identity(), "POST", URL, BODY, NOW) | changed


def refused(
    headers: dict[str, str],
    *,
    body: bytes = BODY,
    url: str = URL,
    method: str = "POST",
    now: datetime = NOW,
    by: signing.Verifier | None = None,
) -> SignatureRefused:
    with pytest.raises(SignatureRefused) as caught:
        (by or verifier()).verify(method, url, headers, body, now)
    return caught.value


class TestKnownAnswers:
    def test_the_string_to_sign_is_method_url_date_hash(self) -> None:
        text = signing.string_to_sign(
            "post",
            "https://API.example/DIP-Channel/IF-033",
            "2025-06-27T14:29:09.061Z",
            "RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=",
        )
        assert text == (
            "POST;https://api.example/dip-channel/if-033;2025-06-27T14:29:09.061Z;"
            "RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o="
        )

    def test_an_empty_body_is_hashed_as_an_empty_object(self) -> None:
        assert signing.content_hash(b"") == "RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o="
        assert signing.content_hash(b"{}") == signing.content_hash(b"")

    def test_the_hash_is_base64_of_sha_256(self) -> None:
        # printf abc | openssl dgst -sha256 -binary | base64
        assert signing.content_hash(b"abc") == "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="

    @pytest.mark.parametrize(
        ("moment", "text"),
        [
            (datetime(2025, 6, 27, 14, 29, 9, 61_000, UTC), "2025-06-27T14:29:09.061Z"),
            (datetime(2025, 6, 27, 14, 29, 9, 61_999, UTC), "2025-06-27T14:29:09.061Z"),
            (datetime(2025, 6, 27, 14, 29, 9, 0, UTC), "2025-06-27T14:29:09.000Z"),
            (
                datetime(2025, 6, 27, 15, 29, 9, 61_000, timezone(timedelta(hours=1))),
                "2025-06-27T14:29:09.061Z",
            ),
        ],
    )
    def test_the_date_is_utc_with_milliseconds(self, moment: datetime, text: str) -> None:
        assert signing.signature_date(moment) == text

    def test_the_certificate_header_is_base64_of_the_pem_text_with_lf_line_ends(self) -> None:
        header = signing.certificate_header("-----BEGIN CERTIFICATE-----\r\nAAAA\r\n")
        assert base64.b64decode(header) == b"-----BEGIN CERTIFICATE-----\nAAAA\n"

    def test_the_four_headers_are_what_any_other_implementation_computes(self) -> None:
        headers = signed()
        text = (
            f"POST;{URL.lower()};{headers['X-DIP-Signature-Date']};"
            + base64.b64encode(hashlib.sha256(BODY).digest()).decode()
        )
        identity().private_key.public_key().verify(
            base64.b64decode(headers["X-DIP-Signature"]), text.encode(), padding.PKCS1v15(), hashes.SHA256()
        )
        assert tuple(headers) == signing.HEADERS
        assert base64.b64decode(headers["X-DIP-Signature-Certificate"]).decode() == identity().certificate_pem
        assert not any("\n" in value for value in headers.values())

    def test_the_signature_is_that_of_the_rsa_standard_worked_out_by_hand(self) -> None:
        """RFC 8017, 8.2.1: 00 01 FF… 00, the DigestInfo of SHA-256, the digest; to the power d modulo n."""
        headers = signed()
        text = signing.string_to_sign("POST", URL, headers[signing.DATE], headers[signing.CONTENT_HASH])
        info = (
            bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(text.encode()).digest()
        )
        numbers = identity().private_key.private_numbers()
        padded = b"\x00\x01" + b"\xff" * (256 - 3 - len(info)) + b"\x00" + info
        power = pow(int.from_bytes(padded), numbers.d, numbers.public_numbers.n)
        assert base64.b64decode(headers[signing.SIGNATURE]) == power.to_bytes(256)


class TestAccepted:
    def test_what_was_signed_is_accepted_and_says_by_whom(self) -> None:
        signer = verifier().verify("POST", URL, signed(), BODY, NOW)
        assert signer.subject == "CN=2300000001,O=Supplier A"
        assert signer.certificate_pem == identity().certificate_pem
        assert len(signer.certificate_fingerprint) == 64
        assert signer.not_after > NOW

    @pytest.mark.parametrize(
        "kind",
        [
            dict,
            lambda h: {k.lower(): v for k, v in h.items()},
            lambda h: {k.upper(): v for k, v in h.items()},
            httpx.Headers,
            Headers,
        ],
    )
    def test_header_names_are_read_without_regard_to_case(self, kind: Callable[..., dict[str, str]]) -> None:
        verifier().verify("POST", URL, kind(signed()), BODY, NOW)

    def test_url_and_method_are_compared_without_regard_to_case(self) -> None:
        verifier().verify("post", URL.upper(), signed(), BODY, NOW)

    @pytest.mark.parametrize("shift", [-WINDOW, timedelta(), WINDOW])
    def test_a_date_at_the_edge_of_the_window(self, shift: timedelta) -> None:
        verifier().verify("POST", URL, signed(), BODY, NOW + shift)

    def test_without_a_window_any_date_is_accepted(self) -> None:
        verifier(None).verify("POST", URL, signed(), BODY, NOW + timedelta(days=30))

    @pytest.mark.parametrize("date", ["2026-03-21T12:00:00Z", "2026-03-21T12:00:00.1234567+00:00"])
    def test_dates_of_other_precision_are_accepted(self, date: str) -> None:
        headers = sign_text(date)
        verifier().verify("POST", URL, headers, BODY, NOW)

    def test_a_certificate_seen_before_is_not_examined_again(self) -> None:
        checks = verifier()
        first = checks.verify("POST", URL, signed(), BODY, NOW)
        assert checks.verify("POST", URL, signed(), BODY, NOW) is first

    def test_memory_of_certificates_is_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(signing, "_KEPT_CERTIFICATES", 2)
        checks = verifier()
        for number in range(4):
            chain = identity().certificate_pem + "\n" * number
            headers = signed(**{signing.CERTIFICATE: signing.certificate_header(chain)})
            checks.verify("POST", URL, headers, BODY, NOW)
        assert len(checks._known) == 2


def sign_text(date: str) -> dict[str, str]:
    headers = signed(**{signing.DATE: date})
    text = signing.string_to_sign("POST", URL, date, headers[signing.CONTENT_HASH]).encode()
    raw = identity().private_key.sign(text, padding.PKCS1v15(), hashes.SHA256())
    return headers | {signing.SIGNATURE: base64.b64encode(raw).decode()}


class TestRefused:
    @pytest.mark.parametrize("name", signing.HEADERS)
    def test_a_missing_header(self, name: str) -> None:
        headers = signed()
        del headers[name]
        fault = refused(headers)
        assert fault.reason is Reason.HEADER_MISSING
        assert name in fault.message

    @pytest.mark.parametrize("name", signing.HEADERS)
    def test_an_empty_header(self, name: str) -> None:
        assert refused(signed(**{name: ""})).reason is Reason.HEADER_MISSING

    def test_a_body_changed_after_signing(self) -> None:
        fault = refused(signed(), body=BODY + b" ")
        assert fault.reason is Reason.CONTENT_HASH_MISMATCH
        assert signing.content_hash(BODY + b" ") in fault.message

    def test_a_hash_that_is_not_text_of_this_world(self) -> None:
        assert refused(signed(**{signing.CONTENT_HASH: "é"})).reason is Reason.CONTENT_HASH_MISMATCH

    @pytest.mark.parametrize(
        "date",
        [
            "yesterday",
            "2026-03-21",
            "2026-03-21 12:00:00Z",
            "2026-03-21T12:00:00",
            "2026-03-21T12:00:00+01:00",
            "2026-13-41T12:00:00Z",
            "2026-03-21T12:00:00.Z",
            "２026-03-21T12:00:00Z",
        ],
    )
    def test_a_date_of_another_form(self, date: str) -> None:
        fault = refused(signed(**{signing.DATE: date}))
        assert fault.reason is Reason.DATE_MALFORMED
        assert "milliseconds" in fault.help

    def test_a_date_too_old(self) -> None:
        fault = refused(signed(), now=NOW + WINDOW + timedelta(milliseconds=1))
        assert fault.reason is Reason.DATE_TOO_OLD
        assert "300 s older" in fault.message

    def test_a_date_in_the_future(self) -> None:
        assert refused(signed(), now=NOW - WINDOW - timedelta(milliseconds=1)).reason is Reason.DATE_IN_FUTURE

    @pytest.mark.parametrize("value", ["*", "AAA", base64.b64encode(b"no certificate").decode(), "é"])
    def test_a_certificate_that_cannot_be_read(self, value: str) -> None:
        assert refused(signed(**{signing.CERTIFICATE: value})).reason is Reason.CERTIFICATE_UNREADABLE

    def test_a_certificate_in_plain_pem(self) -> None:
        fault = refused(signed(**{signing.CERTIFICATE: identity().certificate_pem}))
        assert fault.reason is Reason.CERTIFICATE_UNREADABLE

    def test_a_private_key_in_the_certificate_header(self) -> None:
        pem = identity().certificate_pem + identity().key_pem().decode()
        fault = refused(signed(**{signing.CERTIFICATE: signing.certificate_header(pem)}))
        assert fault.reason is Reason.PRIVATE_KEY_SENT
        assert "disclosed" in fault.help
        assert "BEGIN" not in fault.message + fault.help

    def test_a_url_that_is_not_the_signed_one(self) -> None:
        fault = refused(signed(), url=URL + "?a=1")
        assert fault.reason is Reason.SIGNATURE_MISMATCH
        assert f"POST;{URL.lower()}?a=1;" in fault.help

    def test_a_method_that_is_not_the_signed_one(self) -> None:
        assert refused(signed(), method="DELETE").reason is Reason.SIGNATURE_MISMATCH

    def test_a_date_changed_after_signing(self) -> None:
        date = signing.signature_date(NOW + timedelta(seconds=1))
        assert refused(signed(**{signing.DATE: date})).reason is Reason.SIGNATURE_MISMATCH

    def test_a_signature_that_is_not_base64(self) -> None:
        assert refused(signed(**{signing.SIGNATURE: "not base64!"})).reason is Reason.SIGNATURE_UNREADABLE

    def test_a_signature_of_another_length(self) -> None:
        assert refused(signed(**{signing.SIGNATURE: "AAAA"})).reason is Reason.SIGNATURE_MISMATCH

    def test_a_signature_with_another_padding(self) -> None:
        text = signing.string_to_sign(
            "POST", URL, signed()[signing.DATE], signing.content_hash(BODY)
        ).encode()
        raw = identity().private_key.sign(
            text, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256()
        )
        headers = signed(**{signing.SIGNATURE: base64.b64encode(raw).decode()})
        assert refused(headers).reason is Reason.SIGNATURE_MISMATCH

    def test_another_partys_certificate_with_ones_own_signature(self) -> None:
        other = signing.certificate_header(identity("2300000002").certificate_pem)
        assert refused(signed(**{signing.CERTIFICATE: other})).reason is Reason.SIGNATURE_MISMATCH

    def test_the_first_thing_wrong_is_the_one_told(self) -> None:
        headers = signed(**{signing.DATE: "x", signing.CERTIFICATE: "*", signing.SIGNATURE: "*"})
        assert refused(headers, body=b"?").reason is Reason.CONTENT_HASH_MISMATCH
        assert refused(headers).reason is Reason.DATE_MALFORMED
        headers[signing.DATE] = signing.signature_date(NOW)
        assert refused(headers).reason is Reason.CERTIFICATE_UNREADABLE
        headers[signing.CERTIFICATE] = signed()[signing.CERTIFICATE]
        assert refused(headers).reason is Reason.SIGNATURE_UNREADABLE

    def test_every_refusal_has_a_sentence_and_advice(self) -> None:
        faults = [
            refused(signed(), body=b"x"),
            refused(signed(), now=NOW + timedelta(days=1)),
            refused(signed(), url="http://x"),
            refused({}),
        ]
        for fault in faults:
            assert fault.message == str(fault)
            assert fault.help.endswith((".", signing.content_hash(BODY)))


class TestProperties:
    @given(
        body=st.binary(max_size=300), path=st.text(max_size=30), method=st.sampled_from(["POST", "delete"])
    )
    def test_what_is_signed_verifies_whatever_it_is(self, body: bytes, path: str, method: str) -> None:
        url = f"http://host/{path}"
        headers = signing.sign(identity(), method, url, body, NOW)
        assert verifier_for_all.verify(method, url, headers, body, NOW).subject.startswith("CN=2300000001")

    @given(body=st.binary(max_size=100), at=st.integers(0, 99), bit=st.integers(0, 7))
    def test_one_bit_changed_anywhere_in_the_body_is_noticed(self, body: bytes, at: int, bit: int) -> None:
        body = body or b"x"
        changed = bytearray(body)
        changed[at % len(body)] ^= 1 << bit
        headers = signing.sign(identity(), "POST", URL, body, NOW)
        assert (
            refused(headers, body=bytes(changed), by=verifier_for_all).reason is Reason.CONTENT_HASH_MISMATCH
        )

    @given(name=st.sampled_from(signing.HEADERS), value=st.text(max_size=80))
    def test_rubbish_in_any_header_is_refused_and_never_crashes(self, name: str, value: str) -> None:
        refused(signed(**{name: value}), by=verifier_for_all)

    @given(shift=st.timedeltas(timedelta(days=-9000), timedelta(days=9000)), zone=st.timezones())
    def test_a_date_written_is_the_date_read_to_the_millisecond(self, shift: timedelta, zone: tzinfo) -> None:
        moment = (NOW + shift).astimezone(zone)
        read = signing._parse_date(signing.signature_date(moment))
        assert timedelta() <= moment - read < timedelta(milliseconds=1)


verifier_for_all = verifier()


def test_an_identity_does_not_show_its_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    someone: Identity = identity()
    assert someone.api_key not in repr(someone)
    assert "PRIVATE" not in repr(someone)
