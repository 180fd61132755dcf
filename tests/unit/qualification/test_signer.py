"""Who signs evidence: a key of the environment's own, or one that the settings name."""

from __future__ import annotations

import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from backbone.errors import SettingsInvalid
from backbone.settings import Settings
from participant.authority import CertificateAuthority
from participant.certificates import parse_chain
from services.qualification.errors import EvidenceUnsigned
from services.qualification.signer import (
    DOCUMENT_SIGNING,
    SIGNER_FILE,
    distrust,
    open_signer,
    own_signer,
    signature_good,
)

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    return CertificateAuthority.open(tmp_path_factory.mktemp("environment") / "authority")


def self_signed(key: ec.EllipticCurvePrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test Manager")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(NOW).not_valid_after(NOW + timedelta(9))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def pem(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, password: bytes = b"") -> bytes:
    protection = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)


def settings(folder: Path, certificate: bytes, key: bytes) -> Settings:
    (folder / "own.crt").write_bytes(certificate)
    (folder / "own.key").write_bytes(key)
    return Settings(data=folder, evidence_certificate=folder / "own.crt", evidence_key=folder / "own.key")


def test_the_key_is_minted_at_first_use_and_kept_for_its_owner_alone(
    authority: CertificateAuthority, tmp_path: Path
) -> None:
    first = open_signer(Settings(data=tmp_path), authority, NOW)
    assert stat.S_IMODE((tmp_path / SIGNER_FILE).stat().st_mode) == 0o600
    again = open_signer(Settings(data=tmp_path), authority, NOW)
    assert again.certificates == first.certificates
    assert signature_good(first.certificates[0], again.sign(b"text"), b"text")
    assert not signature_good(first.certificates[0], again.sign(b"text"), b"another text")
    assert "PRIVATE" not in repr(first)


@pytest.mark.parametrize("spoil", ["expired", "another authority", "half written"])
def test_a_kept_key_of_no_use_is_replaced(
    spoil: str, authority: CertificateAuthority, tmp_path: Path
) -> None:
    first = open_signer(Settings(data=tmp_path), authority, NOW)
    then, issuer = NOW, authority
    if spoil == "expired":
        then += timedelta(days=826)
    elif spoil == "another authority":
        issuer = CertificateAuthority.open(tmp_path / "another")
    else:
        path = tmp_path / SIGNER_FILE
        path.write_bytes(path.read_bytes()[:900])
    assert open_signer(Settings(data=tmp_path), issuer, then).certificates != first.certificates


def test_a_data_directory_that_keeps_nothing_is_told(authority: CertificateAuthority, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(EvidenceUnsigned, match="cannot be kept"):
        open_signer(Settings(data=tmp_path / "file"), authority, NOW)


def test_a_certificate_of_ones_own_takes_the_place_of_ours(
    authority: CertificateAuthority, tmp_path: Path
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    own = open_signer(settings(tmp_path, self_signed(key), pem(key)), authority, NOW)
    assert own.certificates[0].subject.rfc4514_string() == "CN=Test Manager"
    assert signature_good(own.certificates[0], own.sign(b"text"), b"text")
    assert not (tmp_path / SIGNER_FILE).exists()
    assert distrust(own.certificates, own.certificates, NOW) is None


KEY = ec.generate_private_key(ec.SECP256R1())
UNUSABLE: dict[str, Callable[[], tuple[bytes, bytes]]] = {
    "do not belong together": lambda: (self_signed(KEY), pem(ec.generate_private_key(ec.SECP256R1()))),
    "without password": lambda: (self_signed(KEY), pem(KEY, b"secret")),
    "not the PEM text": lambda: (b"oops", pem(KEY)),
    "neither RSA nor an elliptic": lambda: (self_signed(KEY), pem(ed25519.Ed25519PrivateKey.generate())),
}


@pytest.mark.parametrize("why", UNUSABLE)
def test_a_key_of_ones_own_that_cannot_sign_is_refused_at_once(why: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match=why):
        own_signer(settings(tmp_path, *UNUSABLE[why]()))


def test_half_of_the_settings_is_not_enough_and_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="set both"):
        own_signer(Settings(data=tmp_path, evidence_key=tmp_path / "own.key"))
    absent = Settings(data=tmp_path, evidence_key=tmp_path / "a", evidence_certificate=tmp_path / "b")
    with pytest.raises(SettingsInvalid, match=r"/b: No such file"):
        own_signer(absent)


def test_a_participants_certificate_of_the_same_authority_does_not_sign_evidence(
    authority: CertificateAuthority, tmp_path: Path
) -> None:
    anchors = parse_chain(authority.certificate_pem)
    certificate, key = authority.issue("2300000012")
    assert "not one for signing documents" in (distrust(parse_chain(certificate), anchors, NOW) or "")
    with pytest.raises(SettingsInvalid, match="for TLS alone"):
        own_signer(
            settings(
                tmp_path,
                certificate.encode(),
                key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            )
        )


def test_trust_needs_an_authority_that_was_given_and_a_moment_within_its_certificates(
    authority: CertificateAuthority, tmp_path: Path
) -> None:
    anchors = parse_chain(authority.certificate_pem)
    stranger = parse_chain(CertificateAuthority.open(tmp_path / "stranger").certificate_pem)
    chain = parse_chain(authority.issue("Evidence", purposes=[DOCUMENT_SIGNING])[0])
    assert distrust(chain, anchors, NOW) is None
    assert "none of the authorities given" in (distrust(chain, stranger, NOW) or "")
    assert "No authority was given" in (distrust(chain, [], NOW) or "")
    assert "was not valid at" in (distrust(chain, anchors, NOW + timedelta(days=826)) or "")
    assert "was not valid at" in (distrust(chain, anchors, NOW - timedelta(days=2)) or "")


def test_given_evidence_of_many_runs_at_once_then_one_signer_is_minted(
    tmp_path: Path, authority: CertificateAuthority
) -> None:
    together = Barrier(6)

    def opened(_: int) -> bytes:
        together.wait()
        return open_signer(Settings(data=tmp_path), authority, datetime.now(UTC)).pem

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(opened, range(6)))) == 1
