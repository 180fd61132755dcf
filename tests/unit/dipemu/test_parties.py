"""The harness's own parties: minted once, one per role, each played by one service."""

from __future__ import annotations

from pathlib import Path

from contracts import identifiers
from dipemu.composition import PREFIXES
from dipemu.parties import DIP, HARNESS_PARTIES, identities_of, open_identities
from participant.authority import CertificateAuthority


def test_every_party_has_the_market_s_formats_and_a_service() -> None:
    for party in HARNESS_PARTIES:
        assert identifiers.is_dip_id(party.dip_id)
        assert identifiers.is_mpid(party.mpid)
        assert party.role in identifiers.ROLES
        assert party.service in PREFIXES
    assert len({party.dip_id for party in HARNESS_PARTIES}) == len(HARNESS_PARTIES)


def test_identities_are_minted_once_and_kept(tmp_path: Path) -> None:
    authority = CertificateAuthority.open(tmp_path / "authority")
    first = open_identities(tmp_path / "identities", authority, "http://dip")
    again = open_identities(tmp_path / "identities", authority, "http://dip")
    assert set(first) == {party.dip_id for party in (*HARNESS_PARTIES, DIP)}
    assert {one.api_key for one in first.values()} == {one.api_key for one in again.values()}
    key = tmp_path / "identities" / DIP.dip_id / "signing.key"
    assert key.stat().st_mode & 0o777 == 0o600


def test_a_service_gets_the_identities_that_it_plays(tmp_path: Path) -> None:
    authority = CertificateAuthority.open(tmp_path / "authority")
    identities = open_identities(tmp_path / "identities", authority, "http://dip")
    assert [one.mpid for one in identities_of("supplier_stub", identities)] == ["SUPA", "SUPB"]
    assert identities_of("css_stub", identities) == []
