"""`dipemu participants`: what a test manager does with the directory, on a real database."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12
from cryptography.x509 import load_pem_x509_certificate
from typer.testing import CliRunner, Result

from dipemu.cli import app
from participant.authority import CertificateAuthority


class Directory:
    """The command line on one data directory."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __call__(self, *arguments: str | Path, code: int = 0) -> Result:
        words = ["participants", *map(str, arguments), "--data", str(self.place / "data")]
        result = CliRunner().invoke(app, words)
        assert result.exit_code == code, result.output
        return result

    def add(self, name: str, *more: str | Path, code: int = 0) -> dict[str, str]:
        self("add", "--role", "SUP", "--mpid", "ABCD", "--out", self.place / name, *more, code=code)
        return dict(json.loads((self.place / name / "identity.json").read_text())) if code == 0 else {}


@pytest.fixture
def directory(tmp_path: Path) -> Directory:
    return Directory(tmp_path)


def test_a_participant_gets_its_identity_with_private_files_private(directory: Directory) -> None:
    facts = directory.add("me", "--dip-id", "2300000012", "--gateway-url", "https://dip.example:8443")
    assert set(facts) == {"dipId", "role", "mpid", "apiKey", "gatewayUrl"}
    assert (facts["dipId"], facts["gatewayUrl"]) == ("2300000012", "https://dip.example:8443")
    key_file = directory.place / "me" / "signing.key"
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert key_file.read_text().startswith("-----BEGIN PRIVATE KEY-----")
    key = load_pem_private_key(key_file.read_bytes(), None)
    certificate = load_pem_x509_certificate((directory.place / "me" / "signing.crt").read_bytes())
    assert certificate.public_key() == key.public_key()
    authority = load_pem_x509_certificate((directory.place / "me" / "ca.crt").read_bytes())
    certificate.verify_directly_issued_by(authority)


def test_a_pfx_opens_with_its_password(directory: Directory) -> None:
    directory.add("me", "--pfx-password", "for the test")
    content = (directory.place / "me" / "signing.pfx").read_bytes()
    key, certificate, _ = pkcs12.load_key_and_certificates(content, b"for the test")
    assert key is not None
    assert certificate is not None


def test_a_dip_id_is_given_once(directory: Directory) -> None:
    directory.add("me", "--dip-id", "2300000012")
    words = (
        "add",
        "--role",
        "SUP",
        "--mpid",
        "ABCD",
        "--dip-id",
        "2300000012",
        "--out",
        directory.place / "x",
    )
    assert "registered already" in directory(*words, code=2).output
    assert directory.add("other")["dipId"].startswith("23")


@pytest.mark.parametrize(
    ("role", "mpid", "dip_id", "said"),
    [
        ("SUPPLIER", "ABCD", "2300000012", "no such role"),
        ("SUP", "abcd", "2300000012", "four capital letters"),
        ("SUP", "ABCD", "23", "ten characters"),
    ],
)
def test_wrong_words_are_explained(
    directory: Directory, role: str, mpid: str, dip_id: str, said: str
) -> None:
    words = ("add", "--role", role, "--mpid", mpid, "--dip-id", dip_id, "--out", directory.place / "x")
    assert said in directory(*words, code=2).output.replace("\n", " ")


def test_a_certificate_of_its_own_authority_needs_no_key_from_us(directory: Directory) -> None:
    pem, _ = CertificateAuthority.open(directory.place / "their-ca").issue("Their System")
    file = directory.place / "theirs.crt"
    file.write_text(pem)
    facts = directory.add("me", "--certificate", file)
    assert facts["apiKey"]
    assert not (directory.place / "me" / "signing.key").exists()
    assert (directory.place / "me" / "signing.crt").read_text() == pem


def test_keys_rotate_and_certificates_come_and_go(directory: Directory) -> None:
    facts = directory.add("me")
    rotated = directory("rotate-key", facts["dipId"], "--overlap", "1").output.strip()
    assert rotated != facts["apiKey"]
    pem, _ = CertificateAuthority.open(directory.place / "data" / "authority").issue("second")
    (directory.place / "second.crt").write_text(pem)
    said = directory("add-certificate", facts["dipId"], directory.place / "second.crt").output
    fingerprint = said.split("certificate ")[1].split(",")[0]
    assert "revoked" in directory("revoke-certificate", fingerprint).output
    exported = directory("export").output
    assert exported.count("BEGIN CERTIFICATE") == 2
    assert "revokedAt" in exported
    assert rotated not in exported
    assert "PartyUnknown" not in directory("rotate-key", "9999999999", code=1).output


def test_the_directory_travels_as_a_file(directory: Directory, tmp_path: Path) -> None:
    facts = directory.add("me")
    directory("nominate", facts["dipId"], "1000000001")
    file = tmp_path / "directory.yaml"
    directory("export", file)
    elsewhere = Directory(tmp_path / "elsewhere")
    assert "imported 1" in elsewhere("import", file).output
    assert facts["dipId"] in elsewhere("list").output
    assert "1000000001" in elsewhere("export").output
    elsewhere("remove", facts["dipId"])
    assert facts["dipId"] not in elsewhere("list").output
