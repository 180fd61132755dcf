"""The local authority: made once, private, and what it issues."""

from __future__ import annotations

import ipaddress
import multiprocessing
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from participant.authority import CertificateAuthority
from participant.certificates import chain_to, parse_chain
from participant.errors import AuthorityUnreadable
from tests.unit.participant.keys import NOW, FixedClock, authority, key


def open_here(directory: str) -> str:
    return CertificateAuthority.open(Path(directory)).certificate_pem


def test_it_is_made_once_and_then_loaded(tmp_path: Path) -> None:
    first = CertificateAuthority.open(tmp_path / "a" / "authority")
    again = CertificateAuthority.open(tmp_path / "a" / "authority")
    assert first.certificate_pem == again.certificate_pem
    pem, _ = again.issue("Party", key=key())
    assert chain_to(parse_chain(pem), parse_chain(first.certificate_pem))


def test_only_the_owner_reads_the_key_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    CertificateAuthority.open(tmp_path / "authority")
    assert stat.S_IMODE((tmp_path / "authority" / "ca.key").stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["authority"]
    assert sorted(p.name for p in (tmp_path / "authority").iterdir()) == ["ca.crt", "ca.key"]


def test_an_empty_folder_may_be_there_already(tmp_path: Path) -> None:
    assert CertificateAuthority.open(tmp_path).certificate_pem


def test_processes_that_start_at_once_get_the_same_authority(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        made = pool.map(open_here, [str(tmp_path / "authority")] * 3, chunksize=1)
    assert len(set(made)) == 1


@pytest.mark.parametrize("name", ["ca.crt", "ca.key"])
def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    CertificateAuthority.open(tmp_path / "authority")
    (tmp_path / "authority" / name).write_text("nonsense")
    with pytest.raises(AuthorityUnreadable, match="authority"):
        CertificateAuthority.open(tmp_path / "authority")


def test_certificate_and_key_must_belong_together(tmp_path: Path) -> None:
    for name in ("one", "two"):
        CertificateAuthority.open(tmp_path / name)
    (tmp_path / "two" / "ca.key").rename(tmp_path / "one" / "ca.key")
    with pytest.raises(AuthorityUnreadable, match="belong together"):
        CertificateAuthority.open(tmp_path / "one")


def test_a_folder_with_other_things_in_it_is_not_taken_over(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_text("sun")
    with pytest.raises(AuthorityUnreadable):
        CertificateAuthority.open(tmp_path)


def test_two_authorities_have_two_names(tmp_path: Path) -> None:
    subjects = {parse_chain(authority(name).certificate_pem)[0].subject for name in ("ours", "theirs")}
    assert len(subjects) == 2


class TestIssued:
    def test_it_names_the_party_and_is_valid_for_the_days_asked(self) -> None:
        pem, private = authority().issue("2300000001", "Supplier A", key(), days=10)
        (certificate,) = parse_chain(pem)
        assert certificate.subject.rfc4514_string() == "CN=2300000001,O=Supplier A"
        assert certificate.not_valid_before_utc == NOW - timedelta(hours=1)
        assert certificate.not_valid_after_utc == NOW - timedelta(hours=1) + timedelta(days=10)
        assert private is key()
        assert certificate.public_key() == private.public_key()

    def test_a_new_key_is_rsa_2048(self) -> None:
        assert authority().issue("Party")[1].key_size == 2048

    def test_it_may_start_at_any_time(self) -> None:
        pem, _ = authority().issue("Party", key=key(), not_before=NOW + timedelta(days=5))
        assert parse_chain(pem)[0].not_valid_before_utc == NOW + timedelta(days=5)

    def test_it_signs_and_serves_tls_but_issues_nothing(self) -> None:
        extensions = parse_chain(authority().issue("Party", key=key())[0])[0].extensions
        assert extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        assert usage.digital_signature
        assert not usage.key_cert_sign
        purposes = set(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
        assert purposes == {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH}

    def test_hosts_are_names_or_addresses(self) -> None:
        pem, _ = authority().issue("localhost", key=key(), hosts=["localhost", "127.0.0.1", "::1"])
        names = parse_chain(pem)[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.DNSName) == ["localhost"]
        assert names.get_values_for_type(x509.IPAddress) == [
            ipaddress.ip_address("127.0.0.1"),
            ipaddress.ip_address("::1"),
        ]

    def test_serial_numbers_differ(self) -> None:
        numbers = {parse_chain(authority().issue("P", key=key())[0])[0].serial_number for _ in range(5)}
        assert len(numbers) == 5


def test_the_authority_is_an_elliptic_curve_one_and_valid_for_ten_years() -> None:
    (certificate,) = parse_chain(authority().certificate_pem)
    assert isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)
    assert certificate.not_valid_after_utc > FixedClock().now() + timedelta(days=3640)
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
