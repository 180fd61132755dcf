"""How the directory is told: certificates by what they are worth now, webhooks by channel."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from participant.authority import CertificateAuthority
from participant.parties import CertificateRecord, Party, Snapshot, Webhook
from services.qualification.web.participants import certificate_view, party_view


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> CertificateRecord:
    folder: Path = tmp_path_factory.mktemp("authority")
    certificate, _ = CertificateAuthority.open(folder).issue("2300000012")
    return CertificateRecord.of(certificate)


@pytest.mark.parametrize(
    ("before_end", "state", "days"),
    [
        (timedelta(days=90), "valid", 90),
        (timedelta(days=14), "expires soon", 14),
        (timedelta(hours=1), "expires soon", 0),
        (timedelta(0), "expired", 0),
    ],
)
def test_a_certificate_is_told_by_its_end(record, before_end: timedelta, state: str, days: int) -> None:
    view = certificate_view(record, record.not_after - before_end)
    assert (view["state"], view["days"]) == (state, days)
    assert "2300000012" in view["subject"]


def test_a_revoked_certificate_is_revoked_from_its_moment_on(record) -> None:
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    revoked = CertificateRecord(record.fingerprint, record.pem, moment + timedelta(days=90), moment)
    assert certificate_view(revoked, moment)["state"] == "revoked"
    assert certificate_view(revoked, moment - timedelta(seconds=1))["state"] == "valid"


def test_a_partys_webhooks_are_its_own_by_channel(record) -> None:
    party = Party("2300000012", "SUP", "ABCD", certificates=(record,))
    hooks = {
        ("2300000012", "IF-032"): Webhook("http://ann:secret@127.0.0.1:9000/32"),
        ("2300000012", "*"): Webhook("http://127.0.0.1:9000/"),
        ("2300000013", "IF-002"): Webhook("http://127.0.0.1:9001/"),
    }
    view = party_view(party, Snapshot((party,), hooks), record.not_after)
    assert view["webhooks"] == [
        ("every channel", "http://127.0.0.1:9000/"),
        ("IF-032", "http://(withheld)@127.0.0.1:9000/32"),
    ]
