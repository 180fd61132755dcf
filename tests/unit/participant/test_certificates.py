"""Which certificates may sign, and whom a verifier trusts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from participant import signing
from participant.certificates import chain_to, parse_chain, read_trust_anchors, signing_certificate
from participant.errors import CertificateUnusable, Reason, SignatureRefused
from participant.identity import Identity
from tests.unit.participant.chains import make, pem
from tests.unit.participant.keys import NOW, authority, key

ROOT_KEY, MIDDLE_KEY = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
ROOT = make("Root", ROOT_KEY, "Root", ROOT_KEY, ca=True)
MIDDLE = make("Middle", MIDDLE_KEY, "Root", ROOT_KEY, ca=True)
LEAF = make("Leaf", key(), "Middle", MIDDLE_KEY)


def verify(pem_text: str, anchors: list[str], now=NOW, private=None) -> signing.Signed:
    signer = Identity("2300000001", "SUP", "SUPA", "k", "http://dip", pem_text, private or key())
    headers = signing.sign(signer, "POST", "http://dip/x", b"[]", now)
    return signing.Verifier(anchors, timedelta(minutes=5)).verify("POST", "http://dip/x", headers, b"[]", now)


def reason(pem_text: str, anchors: list[str], now=NOW, private=None) -> Reason:
    with pytest.raises(SignatureRefused) as caught:
        verify(pem_text, anchors, now, private)
    return caught.value.reason


class TestTrust:
    def test_a_participants_own_authority_is_trusted_once_it_is_an_anchor(self) -> None:
        direct = pem(make("Own", key(), "Root", ROOT_KEY))
        assert reason(direct, [authority().certificate_pem]) is Reason.CERTIFICATE_NOT_TRUSTED
        assert verify(direct, [authority().certificate_pem, pem(ROOT)]).subject == "CN=Own"

    def test_several_anchors_may_stand_in_one_pem_text(self) -> None:
        assert verify(pem(LEAF, MIDDLE), [authority().certificate_pem + pem(ROOT)])

    def test_intermediate_certificates_may_follow_the_signers(self) -> None:
        assert verify(pem(LEAF, MIDDLE), [pem(ROOT)]).subject == "CN=Leaf"
        assert verify(pem(LEAF, ROOT, MIDDLE), [pem(ROOT)]).subject == "CN=Leaf"

    def test_without_its_intermediate_certificate_a_chain_is_not_complete(self) -> None:
        assert reason(pem(LEAF), [pem(ROOT)]) is Reason.CERTIFICATE_NOT_TRUSTED

    def test_an_intermediate_authority_may_be_the_anchor(self) -> None:
        assert verify(pem(LEAF), [pem(MIDDLE)])

    def test_the_signers_own_certificate_may_be_the_anchor(self) -> None:
        alone = pem(make("Alone", key(), "Alone", key()))
        assert verify(alone, [alone]).subject == "CN=Alone"
        assert reason(alone, [pem(ROOT)]) is Reason.CERTIFICATE_NOT_TRUSTED

    def test_a_root_that_the_signer_brings_itself_makes_nothing_trusted(self) -> None:
        assert (
            reason(pem(LEAF, MIDDLE, ROOT), [authority().certificate_pem]) is Reason.CERTIFICATE_NOT_TRUSTED
        )

    def test_an_issuer_of_the_right_name_with_another_key(self) -> None:
        forged = pem(make("Leaf", key(), "Root", MIDDLE_KEY))
        assert reason(forged, [pem(ROOT)]) is Reason.CERTIFICATE_NOT_TRUSTED

    @pytest.mark.parametrize("ca", [False, None])
    def test_a_party_cannot_issue_certificates_with_its_own(self, ca: bool | None) -> None:
        party = make("Party", key(), "Root", ROOT_KEY, ca=ca)
        grown = make("Grown", key(1), "Party", key())
        assert reason(pem(grown, party), [pem(ROOT)], private=key(1)) is Reason.CERTIFICATE_NOT_TRUSTED

    def test_two_anchors_of_one_name_are_both_tried(self) -> None:
        renewed_key = ec.generate_private_key(ec.SECP256R1())
        renewed = make("Root", renewed_key, "Root", renewed_key, ca=True)
        for anchors in ([pem(ROOT), pem(renewed)], [pem(renewed), pem(ROOT)]):
            assert verify(pem(make("Leaf", key(), "Root", ROOT_KEY)), anchors)
            assert verify(pem(make("Leaf", key(), "Root", renewed_key)), anchors)

    def test_a_circle_of_authorities_ends(self) -> None:
        first = make("A", MIDDLE_KEY, "B", ROOT_KEY, ca=True)
        second = make("B", ROOT_KEY, "A", MIDDLE_KEY, ca=True)
        leaf = make("Leaf", key(), "A", MIDDLE_KEY)
        assert chain_to([leaf, first, second], [authority_certificate()]) is None

    def test_a_chain_longer_than_five_is_not_followed(self) -> None:
        links = [
            make(f"Link {n}", ROOT_KEY, f"Link {n + 1}" if n < 6 else "Root", ROOT_KEY, ca=True)
            for n in range(7)
        ]
        leaf = make("Leaf", key(), "Link 0", ROOT_KEY)
        assert chain_to([leaf, *links], [ROOT]) is None
        assert chain_to([make("Leaf", key(), "Link 4", ROOT_KEY), *links], [ROOT]) is not None


def authority_certificate():
    return parse_chain(authority().certificate_pem)[0]


class TestValidity:
    @pytest.mark.parametrize(
        ("days", "expected"), [(-2, Reason.CERTIFICATE_NOT_YET_VALID), (366, Reason.CERTIFICATE_EXPIRED)]
    )
    def test_the_signers_certificate(self, days: int, expected: Reason) -> None:
        assert reason(pem(LEAF, MIDDLE), [pem(ROOT)], NOW + timedelta(days=days)) is expected

    def test_an_expired_intermediate_authority(self) -> None:
        old = make("Middle", MIDDLE_KEY, "Root", ROOT_KEY, ca=True, end=NOW - timedelta(hours=1))
        assert reason(pem(LEAF, old), [pem(ROOT)]) is Reason.CERTIFICATE_EXPIRED

    def test_an_expired_root(self) -> None:
        old = make("Root", ROOT_KEY, "Root", ROOT_KEY, ca=True, end=NOW - timedelta(hours=1))
        assert reason(pem(LEAF, MIDDLE), [pem(old)]) is Reason.CERTIFICATE_EXPIRED

    def test_a_certificate_remembered_as_good_still_expires(self) -> None:
        signer = Identity("2300000001", "SUP", "SUPA", "k", "http://dip", pem(LEAF, MIDDLE), key())
        verifier = signing.Verifier([pem(ROOT)], timedelta(minutes=5))
        for now in (NOW, NOW + timedelta(days=364)):
            verifier.verify("POST", "u", signing.sign(signer, "POST", "u", b"", now), b"", now)
        late = NOW + timedelta(days=366)
        with pytest.raises(SignatureRefused) as caught:
            verifier.verify("POST", "u", signing.sign(signer, "POST", "u", b"", late), b"", late)
        assert caught.value.reason is Reason.CERTIFICATE_EXPIRED


class TestKeys:
    @pytest.mark.parametrize(
        ("private", "words"),
        [
            (ec.generate_private_key(ec.SECP256R1()), "not an RSA key"),
            (ed25519.Ed25519PrivateKey.generate(), "not an RSA key"),
            (rsa.generate_private_key(public_exponent=65537, key_size=1024), "1024 bits"),
        ],
    )
    def test_only_rsa_keys_of_2048_bits_or_more_sign(self, private: object, words: str) -> None:
        certificate = make("Leaf", private, "Root", ROOT_KEY)
        with pytest.raises(CertificateUnusable, match=words):
            signing_certificate(certificate)
        assert reason(pem(certificate), [pem(ROOT)]) is Reason.KEY_UNSUITABLE

    @pytest.mark.parametrize(
        ("usage", "allowed"),
        [
            ({"digital_signature": True}, True),
            ({"content_commitment": True}, True),
            ({"key_encipherment": True}, False),
            (None, True),
        ],
    )
    def test_the_key_usage_must_allow_signatures(self, usage: dict[str, bool] | None, allowed: bool) -> None:
        text = pem(make("Leaf", key(), "Root", ROOT_KEY, usage=usage))
        if allowed:
            assert verify(text, [pem(ROOT)])
        else:
            assert reason(text, [pem(ROOT)]) is Reason.KEY_UNSUITABLE

    def test_what_is_no_certificate(self) -> None:
        for text in ("", "hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
            with pytest.raises(CertificateUnusable):
                parse_chain(text)


class TestTrustAnchorFiles:
    def test_the_authorities_in_files_are_trusted(self, tmp_path: Path) -> None:
        first, second = tmp_path / "root.pem", tmp_path / "both.pem"
        first.write_text(pem(ROOT))
        second.write_text(pem(MIDDLE, ROOT))
        anchors = read_trust_anchors([first, second])
        assert verify(pem(LEAF), list(anchors))
        assert read_trust_anchors([]) == ()

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (None, "No such file"),
            ("hello", "PEM"),
            (pem(LEAF), "not the certificate of an authority"),
            (pem(ROOT, LEAF), "not the certificate of an authority"),
        ],
    )
    def test_a_file_that_is_no_authority_is_named(
        self, tmp_path: Path, content: str | None, words: str
    ) -> None:
        path = tmp_path / "anchor.pem"
        if content is not None:
            path.write_text(content)
        with pytest.raises(CertificateUnusable, match=words) as caught:
            read_trust_anchors([path])
        assert str(path) in str(caught.value)
