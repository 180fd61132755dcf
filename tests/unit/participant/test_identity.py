"""An identity on disk."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

from participant.certificates import parse_chain
from participant.errors import IdentityUnreadable
from participant.identity import Identity
from tests.unit.participant.keys import authority, identity, key


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    identity().save(tmp_path / "new" / "folder")
    loaded = Identity.load(tmp_path / "new" / "folder")
    assert (loaded.dip_id, loaded.role, loaded.mpid) == ("2300000001", "SUP", "SUPA")
    assert loaded.api_key == identity().api_key
    assert loaded.certificate_pem == identity().certificate_pem
    assert loaded.private_key.private_numbers() == identity().private_key.private_numbers()


def test_the_files_are_those_that_clients_expect(tmp_path: Path) -> None:
    identity().save(tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["identity.json", "signing.crt", "signing.key"]
    assert orjson.loads((tmp_path / "identity.json").read_bytes()) == {
        "dipId": "2300000001",
        "role": "SUP",
        "mpid": "SUPA",
        "apiKey": "key of 2300000001",
        "gatewayUrl": "http://dip.test",
    }
    assert (tmp_path / "signing.crt").read_text() == identity().certificate_pem
    assert (tmp_path / "signing.key").read_text().startswith("-----BEGIN PRIVATE KEY-----\n")
    assert load_pem_private_key((tmp_path / "signing.key").read_bytes(), None)


def test_secrets_are_for_the_owner_alone_even_when_the_files_were_open_before(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        for name in ("identity.json", "signing.key", "signing.pfx"):
            (tmp_path / name).write_text("old")
        identity().save(tmp_path, "secret")
    finally:
        os.umask(before)
    for name in ("identity.json", "signing.key", "signing.pfx"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


def test_pkcs12_holds_certificate_chain_and_key_under_the_password(tmp_path: Path) -> None:
    other = Identity(
        "1",
        "SUP",
        "SUPA",
        "k",
        "u",
        identity().certificate_pem + authority().certificate_pem,
        identity().private_key,
    )
    other.save(tmp_path, pfx_password="päss wörd")
    content = (tmp_path / "signing.pfx").read_bytes()
    private, certificate, more = pkcs12.load_key_and_certificates(content, "päss wörd".encode())
    assert private is not None
    assert certificate == parse_chain(identity().certificate_pem)[0]
    assert more == parse_chain(authority().certificate_pem)
    with pytest.raises(ValueError):
        pkcs12.load_key_and_certificates(content, b"wrong")


def test_an_address_is_kept_without_its_last_slash() -> None:
    moved = identity().at("https://dip.example/")
    assert moved.gateway_url == "https://dip.example"
    assert moved.dip_id == identity().dip_id


class TestUnreadable:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        identity().save(tmp_path)
        return tmp_path

    @pytest.mark.parametrize("name", ["identity.json", "signing.crt", "signing.key"])
    def test_a_missing_file_is_named(self, folder: Path, name: str) -> None:
        (folder / name).unlink()
        with pytest.raises(IdentityUnreadable, match=name):
            Identity.load(folder)

    @pytest.mark.parametrize("name", ["identity.json", "signing.crt", "signing.key"])
    def test_a_file_of_another_kind_is_named(self, folder: Path, name: str) -> None:
        (folder / name).write_bytes(b"\xff\x00 nonsense")
        with pytest.raises(IdentityUnreadable, match=name):
            Identity.load(folder)

    @pytest.mark.parametrize("content", ["[]", '{"dipId": "1"}', "null"])
    def test_an_identity_file_without_its_fields(self, folder: Path, content: str) -> None:
        (folder / "identity.json").write_text(content)
        with pytest.raises(IdentityUnreadable, match="not an identity file"):
            Identity.load(folder)

    def test_a_value_that_is_no_text(self, folder: Path) -> None:
        facts = orjson.loads((folder / "identity.json").read_bytes()) | {"dipId": 2300000001}
        (folder / "identity.json").write_bytes(orjson.dumps(facts))
        with pytest.raises(IdentityUnreadable, match="every value must be a text"):
            Identity.load(folder)

    def test_a_key_of_another_certificate(self, folder: Path) -> None:
        pem = key(99).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "signing.key").write_bytes(pem)
        with pytest.raises(IdentityUnreadable, match="belong together"):
            Identity.load(folder)

    def test_a_key_that_is_not_rsa(self, folder: Path) -> None:
        private = ec.generate_private_key(ec.SECP256R1())
        (folder / "signing.key").write_bytes(
            private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        with pytest.raises(IdentityUnreadable, match="not an RSA key"):
            Identity.load(folder)

    def test_no_message_shows_the_content(self, folder: Path) -> None:
        (folder / "signing.key").write_text(
            "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"
        )
        with pytest.raises(IdentityUnreadable) as caught:
            Identity.load(folder)
        assert "c2VjcmV0" not in str(caught.value)
