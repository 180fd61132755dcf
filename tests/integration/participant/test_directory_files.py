"""The directory as a file: out, in again, and every mistake named with its place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from backbone.database import Database
from participant.directory import Directory, Organisation, Party, Webhook
from participant.directory_files import export_directory, import_directory, read_directory
from participant.errors import DirectoryFileInvalid, Reason, SignatureRefused
from participant.parties import CertificateRecord
from participant.signing import Signed
from tests.integration.participant.rig import OUTSIDER, REGS, SUPPLIER, Identities
from tests.unit.participant.keys import NOW, FixedClock

PARTY: dict[str, Any] = {"dipId": "2300000012", "role": "SUP", "mpid": "ABCD"}


def file(*parties: dict[str, Any], **more: Any) -> str:
    return yaml.safe_dump({"version": 1, "parties": list(parties), **more})


async def open_directory(path: Path) -> tuple[Database, Directory]:
    database = await Database.open(f"sqlite+aiosqlite:///{path}")
    await database.create_tables()
    return database, await Directory.open(database, FixedClock())


@pytest.fixture
async def directory(tmp_path: Path) -> AsyncIterator[Directory]:
    database, opened = await open_directory(tmp_path / "one.sqlite")
    yield opened
    await database.close()


@pytest.fixture
async def other(tmp_path: Path) -> AsyncIterator[Directory]:
    database, opened = await open_directory(tmp_path / "two.sqlite")
    yield opened
    await database.close()


async def fill(directory: Directory, identities: Identities) -> None:
    await directory.register(identities.regs, harness=True)
    await directory.register(
        identities.supplier, organisation="Example Energy Ltd", connection_provider="1000000009"
    )
    pem, _ = identities.authority.issue(SUPPLIER, key=identities.supplier.private_key)
    record = await directory.add_certificate(SUPPLIER, pem)
    await directory.revoke_certificate(record.fingerprint, NOW)
    await directory.rotate_api_key(SUPPLIER, overlap=timedelta(days=1))
    await directory.set_webhook(SUPPLIER, "IF-002", Webhook("https://example.org/a?b=c", 5, 100))
    await directory.set_webhook(SUPPLIER, "STATUS", Webhook("https://example.org/status"))
    await directory.set_webhook(REGS, "*", Webhook("http://harness.internal"))
    await directory.describe(Organisation("Example Energy Ltd", "01234567"))
    await directory.describe(Organisation("Nobody's"))


class TestRoundTrip:
    async def test_what_goes_out_comes_in_the_same(
        self, directory: Directory, other: Directory, identities: Identities
    ) -> None:
        await fill(directory, identities)
        before, text = await directory.latest(), ""
        text = export_directory(before)
        await import_directory(other, text)
        after = await other.latest()
        assert after.parties == (before.party(SUPPLIER),)
        assert after.webhooks == {k: v for k, v in before.webhooks.items() if k[0] == SUPPLIER}
        assert after.organisation(after.parties[0]) == Organisation("Example Energy Ltd", "01234567")
        assert export_directory(after) == text

    async def test_a_file_names_no_secret_and_no_party_of_the_harness(
        self, directory: Directory, identities: Identities
    ) -> None:
        await fill(directory, identities)
        key = await directory.rotate_api_key(SUPPLIER)
        text = export_directory(await directory.latest())
        assert key not in text
        assert identities.supplier.api_key not in text
        assert "PRIVATE KEY" not in text
        assert REGS not in text
        assert "Nobody" not in text
        assert "pem: |\n" in text  # a certificate can be recognised by a reader

    async def test_importing_twice_changes_nothing_more(
        self, directory: Directory, identities: Identities
    ) -> None:
        await fill(directory, identities)
        text = export_directory(await directory.latest())
        await import_directory(directory, text)
        assert export_directory(await directory.latest()) == text

    async def test_an_empty_directory(self, directory: Directory) -> None:
        text = export_directory(await directory.latest())
        assert yaml.safe_load(text) == {"version": 1, "organisations": [], "parties": []}
        assert (await import_directory(directory, text)).parties == ()


class TestImport:
    async def test_a_key_written_by_hand_works_at_once(self, directory: Directory) -> None:
        await import_directory(directory, file(PARTY | {"apiKey": "my own key"}))
        party = await directory.by_api_key("my own key")
        assert party == await directory.party("2300000012")

    async def test_a_certificate_of_ones_own_is_registered(
        self, directory: Directory, identities: Identities
    ) -> None:
        pem = identities.outsider.certificate_pem
        await import_directory(directory, file(PARTY | {"certificates": [{"pem": pem}]}))
        record = CertificateRecord.of(pem)
        signed = Signed(record.fingerprint, "", record.not_after, record.pem)
        await directory.check_signer("2300000012", signed, NOW)

    async def test_what_the_file_does_not_mention_stays(
        self, directory: Directory, identities: Identities
    ) -> None:
        await fill(directory, identities)
        before = await directory.party(SUPPLIER)
        await import_directory(directory, file(PARTY))
        assert await directory.party(SUPPLIER) == before
        assert await directory.party(REGS) is not None

    async def test_a_party_of_the_harness_is_not_replaced(
        self, directory: Directory, identities: Identities
    ) -> None:
        await fill(directory, identities)
        with pytest.raises(DirectoryFileInvalid, match="played by the harness"):
            await import_directory(directory, file(PARTY, PARTY | {"dipId": REGS}))
        assert await directory.party("2300000012") is None

    async def test_parties_that_collide_are_refused_together(
        self, directory: Directory, identities: Identities
    ) -> None:
        await directory.register(identities.supplier)
        colliding = PARTY | {"apiKey": identities.supplier.api_key}
        with pytest.raises(DirectoryFileInvalid, match="same API key"):
            await import_directory(directory, file(PARTY | {"dipId": "2300000013"}, colliding))
        twins = [PARTY | {"apiKey": "k"}, PARTY | {"apiKey": "k", "dipId": "2300000013"}]
        with pytest.raises(DirectoryFileInvalid, match="same API key"):
            await import_directory(directory, file(*twins))
        assert [p.dip_id for p in await directory.all()] == [SUPPLIER]

    async def test_parties_may_exchange_their_certificates(
        self, directory: Directory, identities: Identities
    ) -> None:
        await directory.register(identities.supplier)
        await directory.register(identities.outsider)
        first, second = await directory.all()
        exchanged = [
            Party(first.dip_id, "SUP", "SUPA", certificates=second.certificates),
            Party(second.dip_id, "SUP", "OUTS", certificates=first.certificates),
        ]
        await directory.import_all(exchanged, {})
        owner = await directory.by_fingerprint(first.certificates[0].fingerprint)
        assert owner is not None
        assert owner.dip_id == OUTSIDER


class TestMistakes:
    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("{", "not YAML"),
            ("", "the file"),
            ("[]", "the file"),
            ("parties: []", "version"),
            ("version: 2", "version"),
            (file(PARTY, extra=1), "extra"),
            (file({"role": "SUP", "mpid": "ABCD"}), "parties[0].dipId"),
            (file(PARTY, PARTY | {"dipId": 2300000012}), "parties[1].dipId"),
            (file(PARTY | {"dipId": "23"}), "exactly ten characters"),
            (file(PARTY | {"role": "XXX"}), "parties[0].role: a DIP role code is one of"),
            (file(PARTY | {"mpid": "abcd"}), "four capital letters"),
            (file(PARTY | {"apiKeyHash": "12"}), "parties[0].apiKeyHash"),
            (file(PARTY | {"webhooks": [{"channel": "IF-2", "url": "http://a"}]}), "webhooks[0].channel"),
            (file(PARTY | {"webhooks": [{"channel": "IF-002", "url": "ftp://a"}]}), "http or https"),
            (file(PARTY | {"certificates": [{"pem": "x"}]}), "parties[0].certificates[0].pem"),
            (file(PARTY | {"certificates": [{"pem": "x", "revokedAt": "2026-01-01T00:00:00"}]}), "revokedAt"),
            (file(PARTY, PARTY), "2300000012 stands in the file 2 times"),
            (file(organisations=[{"name": "A"}, {"name": "A"}]), "organisation A"),
        ],
    )
    def test_each_is_named_with_its_place(self, text: str, words: str) -> None:
        with pytest.raises(DirectoryFileInvalid) as caught:
            read_directory(text)
        assert words in str(caught.value)

    def test_all_mistakes_are_told_at_once(self) -> None:
        with pytest.raises(DirectoryFileInvalid) as caught:
            read_directory(file(PARTY | {"mpid": "x", "role": "y"}, {"dipId": "1"}))
        assert len(str(caught.value).splitlines()) == 5

    def test_no_mistake_shows_a_key(self) -> None:
        with pytest.raises(DirectoryFileInvalid) as caught:
            read_directory(file(PARTY | {"apiKey": ["secret"], "apiKeyHash": "secret"}))
        assert "secret" not in str(caught.value)


class TestConnectionProvider:
    async def test_a_nominated_provider_may_sign_for_the_party(
        self, directory: Directory, identities: Identities
    ) -> None:
        await directory.register(identities.supplier)
        await directory.register(identities.outsider)
        record = CertificateRecord.of(identities.outsider.certificate_pem)
        signed = Signed(record.fingerprint, "", record.not_after, record.pem)
        with pytest.raises(SignatureRefused) as caught:
            await directory.check_signer(SUPPLIER, signed, NOW)
        assert caught.value.reason is Reason.CERTIFICATE_OF_OTHER_PARTY
        await directory.nominate(SUPPLIER, OUTSIDER)
        await directory.check_signer(SUPPLIER, signed, NOW)
        await directory.revoke_certificate(record.fingerprint, NOW)
        with pytest.raises(SignatureRefused):
            await directory.check_signer(SUPPLIER, signed, NOW)
