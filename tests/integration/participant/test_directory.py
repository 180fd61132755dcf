"""The directory on a real database, also with another process (another Directory) at work on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from backbone.database import Database
from participant import directory as directory_module
from participant import signing
from participant.directory import CertificateRecord, Directory, Party, Webhook
from participant.errors import CertificateUnusable, DirectoryConflict, PartyUnknown, Reason, SignatureRefused
from participant.identity import Identity
from participant.parties import api_key_hash
from tests.databases import BOTH, fresh_database
from tests.integration.participant.rig import OUTSIDER, REGS, SUPPLIER, Identities
from tests.unit.participant.keys import NOW, FixedClock


@pytest.fixture(params=BOTH)
async def database(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    async with fresh_database(request.param, tmp_path) as url:
        opened = await Database.open(url)
        await opened.create_tables()
        yield opened
        await opened.close()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
async def directory(database: Database, clock: FixedClock) -> Directory:
    return await Directory.open(database, clock)


@pytest.fixture
async def elsewhere(database: Database, clock: FixedClock) -> AsyncIterator[Directory]:
    """The directory as another process sees it."""
    other = await Database.open(database.engine.url.render_as_string(hide_password=False))
    yield await Directory.open(other, clock)
    await other.close()


def signed_by(identity: Identity) -> signing.Signed:
    record = CertificateRecord.of(identity.certificate_pem)
    return signing.Signed(record.fingerprint, record.subject, record.not_after, record.pem)


async def reason(directory: Directory, dip_id: str, signed: signing.Signed, now=NOW) -> Reason:
    with pytest.raises(SignatureRefused) as caught:
        await directory.check_signer(dip_id, signed, now)
    return caught.value.reason


class TestParties:
    async def test_a_registered_identity_is_found_in_every_way(
        self, directory: Directory, identities: Identities
    ) -> None:
        party = await directory.register(identities.supplier, organisation="Supplier A Ltd")
        assert await directory.party(SUPPLIER) == party
        assert await directory.by_api_key(identities.supplier.api_key) == party
        assert await directory.by_mpid("SUPA", "SUP") == party
        assert await directory.by_fingerprint(party.certificates[0].fingerprint) == party
        assert await directory.holders("SUP") == (party,)
        assert await directory.all() == (party,)
        assert (party.organisation, party.harness) == ("Supplier A Ltd", False)

    async def test_who_is_not_there_is_not_found(self, directory: Directory) -> None:
        assert await directory.party("9") is None
        assert await directory.by_api_key("") is None
        assert await directory.by_mpid("XXXX", "SUP") is None
        assert await directory.by_fingerprint("00") is None
        assert await directory.holders("SUP") == ()
        assert await directory.all() == ()

    async def test_it_survives_being_closed(
        self, database: Database, directory: Directory, identities: Identities
    ) -> None:
        party = await directory.register(identities.supplier, harness=True, connection_provider="1000000009")
        again = await Directory.open(database)
        assert await again.party(SUPPLIER) == party
        assert party.harness
        assert party.connection_provider == "1000000009"

    async def test_parties_come_in_the_order_they_were_added_whatever_changes_later(
        self, directory: Directory
    ) -> None:
        for number in (3, 1, 2):
            await directory.add(Party(f"230000000{number}", "SUP", "SUPA"))
        await directory.add(Party("2300000003", "SUP", "SUPC", "Renamed"))
        assert [p.dip_id for p in await directory.all()] == ["2300000003", "2300000001", "2300000002"]
        assert (await directory.all())[0].organisation == "Renamed"

    async def test_the_api_key_itself_is_nowhere_in_the_database(
        self, database: Database, directory: Directory, identities: Identities
    ) -> None:
        await directory.register(identities.supplier)
        async with database.read() as connection:
            for table in ("directory_party", "directory_api_key", "directory_certificate"):
                rows = (await connection.execute(text(f"SELECT * FROM {table}"))).all()
                assert rows
                assert identities.supplier.api_key not in str(rows)
                assert "PRIVATE KEY" not in str(rows)

    async def test_two_parties_never_share_a_key_or_a_certificate(
        self, directory: Directory, identities: Identities
    ) -> None:
        await directory.register(identities.supplier)
        with pytest.raises(DirectoryConflict, match="same API key"):
            await directory.register(replace(identities.outsider, api_key=identities.supplier.api_key))
        with pytest.raises(DirectoryConflict, match="registered the certificate"):
            await directory.register(
                replace(identities.outsider, certificate_pem=identities.supplier.certificate_pem)
            )
        assert await directory.party(OUTSIDER) is None

    async def test_a_party_removed_takes_everything_with_it(
        self, directory: Directory, elsewhere: Directory, identities: Identities
    ) -> None:
        await directory.register(identities.supplier)
        await directory.set_webhook(SUPPLIER, "IF-031", Webhook("http://a"))
        await directory.remove(SUPPLIER)
        for view in (directory, elsewhere):
            assert await view.party(SUPPLIER) is None
            assert await view.webhook(SUPPLIER, "IF-031") is None
        await directory.register(replace(identities.outsider, api_key=identities.supplier.api_key))
        with pytest.raises(PartyUnknown, match=SUPPLIER):
            await directory.remove(SUPPLIER)

    async def test_registering_again_adds_the_new_certificate_and_keeps_the_old(
        self, directory: Directory, identities: Identities
    ) -> None:
        await directory.register(identities.supplier, organisation="A", connection_provider="1000000009")
        pem, key = identities.authority.issue(SUPPLIER)
        renewed = replace(identities.supplier, certificate_pem=pem, private_key=key, api_key="new")
        party = await directory.register(renewed)
        assert len(party.certificates) == 2
        assert (party.organisation, party.connection_provider) == ("A", "1000000009")
        assert await directory.by_api_key("new") == party
        assert await directory.by_api_key(identities.supplier.api_key) is None


class TestOtherProcesses:
    async def test_an_addition_is_seen_at_once(
        self, directory: Directory, elsewhere: Directory, identities: Identities
    ) -> None:
        assert await directory.party(SUPPLIER) is None
        await elsewhere.register(identities.supplier)
        assert await directory.party(SUPPLIER) is not None
        await elsewhere.set_webhook(SUPPLIER, "IF-031", Webhook("http://a"))
        assert await directory.webhook(SUPPLIER, "IF-031") == Webhook("http://a")

    async def test_a_change_is_seen_within_the_time_promised(
        self,
        directory: Directory,
        elsewhere: Directory,
        identities: Identities,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        await directory.register(identities.supplier)
        key = await elsewhere.rotate_api_key(SUPPLIER)
        assert await directory.by_api_key(identities.supplier.api_key) is not None  # for a second at most
        monkeypatch.setattr(directory_module, "FRESH_SECONDS", 0.0)
        assert await directory.by_api_key(identities.supplier.api_key) is None
        assert await directory.by_api_key(key) is not None

    async def test_the_latest_snapshot_is_never_old(
        self, directory: Directory, elsewhere: Directory, identities: Identities
    ) -> None:
        await directory.register(identities.supplier)
        await elsewhere.nominate(SUPPLIER, "1000000009")
        (party,) = (await directory.latest()).parties
        assert party.connection_provider == "1000000009"

    async def test_a_slow_reading_does_not_undo_a_newer_one(
        self, directory: Directory, identities: Identities
    ) -> None:
        old = await directory.latest()
        await directory.register(identities.supplier)
        directory._adopt(old)
        assert (await directory.snapshot()).party(SUPPLIER) is not None

    async def test_changes_at_the_same_time_are_all_kept(
        self, directory: Directory, elsewhere: Directory, identities: Identities
    ) -> None:
        await directory.register(identities.supplier)
        pems = [
            identities.authority.issue(SUPPLIER, key=identities.supplier.private_key)[0] for _ in range(6)
        ]
        views = (directory, elsewhere)
        await asyncio.gather(*(views[n % 2].add_certificate(SUPPLIER, p) for n, p in enumerate(pems)))
        (party,) = await directory.all()
        assert len(party.certificates) == 7


class TestCertificates:
    async def test_two_certificates_are_valid_while_one_replaces_the_other(
        self, directory: Directory, identities: Identities
    ) -> None:
        await directory.register(identities.supplier)
        pem, key = identities.authority.issue(SUPPLIER)
        renewed = replace(identities.supplier, certificate_pem=pem, private_key=key)
        assert await reason(directory, SUPPLIER, signed_by(renewed)) is Reason.CERTIFICATE_UNKNOWN
        await directory.add_certificate(SUPPLIER, pem)
        await directory.add_certificate(SUPPLIER, pem)  # once is enough, twice does no harm
        for identity in (identities.supplier, renewed):
            await directory.check_signer(SUPPLIER, signed_by(identity), NOW)

    async def test_a_revoked_certificate_is_refused_from_the_moment_on(
        self, directory: Directory, identities: Identities, clock: FixedClock
    ) -> None:
        party = await directory.register(identities.supplier)
        signed = signed_by(identities.supplier)
        await directory.revoke_certificate(signed.certificate_fingerprint, NOW + timedelta(hours=1))
        await directory.check_signer(SUPPLIER, signed, NOW)
        assert (
            await reason(directory, SUPPLIER, signed, NOW + timedelta(hours=1)) is Reason.CERTIFICATE_REVOKED
        )
        changed = await directory.party(SUPPLIER)
        assert changed is not None
        assert changed.certificates[0].usable(NOW)
        assert not changed.certificates[0].usable(NOW + timedelta(hours=2))
        assert not party.certificates[0].usable(party.certificates[0].not_after + timedelta(seconds=1))

    async def test_revoking_without_a_time_means_now(
        self, directory: Directory, identities: Identities
    ) -> None:
        await directory.register(identities.supplier)
        signed = signed_by(identities.supplier)
        await directory.revoke_certificate(signed.certificate_fingerprint)
        assert await reason(directory, SUPPLIER, signed) is Reason.CERTIFICATE_REVOKED
        await directory.check_signer(SUPPLIER, signed, NOW - timedelta(seconds=1))

    async def test_adding_a_revoked_certificate_again_does_not_revive_it(
        self, directory: Directory, identities: Identities
    ) -> None:
        await directory.register(identities.supplier)
        signed = signed_by(identities.supplier)
        await directory.revoke_certificate(signed.certificate_fingerprint)
        await directory.add_certificate(SUPPLIER, identities.supplier.certificate_pem)
        await directory.register(identities.supplier)
        assert await reason(directory, SUPPLIER, signed) is Reason.CERTIFICATE_REVOKED

    async def test_the_certificate_of_another_party(
        self, directory: Directory, identities: Identities
    ) -> None:
        await directory.register(identities.supplier)
        await directory.register(identities.outsider)
        with pytest.raises(SignatureRefused) as caught:
            await directory.check_signer(SUPPLIER, signed_by(identities.outsider), NOW)
        assert caught.value.reason is Reason.CERTIFICATE_OF_OTHER_PARTY
        assert OUTSIDER in caught.value.message

    async def test_what_cannot_sign_is_not_registered(
        self, directory: Directory, identities: Identities
    ) -> None:
        await directory.register(identities.supplier)
        with pytest.raises(CertificateUnusable, match="not an RSA key"):
            await directory.add_certificate(SUPPLIER, identities.authority.certificate_pem)
        with pytest.raises(CertificateUnusable, match="PEM"):
            await directory.add_certificate(SUPPLIER, "nonsense")

    async def test_an_unknown_party_or_certificate_is_named(
        self, directory: Directory, identities: Identities
    ) -> None:
        with pytest.raises(PartyUnknown, match=REGS):
            await directory.add_certificate(REGS, identities.regs.certificate_pem)
        with pytest.raises(PartyUnknown, match="beef"):
            await directory.revoke_certificate("beef")


class TestApiKeys:
    async def test_a_new_key_ends_the_old_one(self, directory: Directory, identities: Identities) -> None:
        await directory.register(identities.supplier)
        key = await directory.rotate_api_key(SUPPLIER)
        assert await directory.by_api_key(identities.supplier.api_key) is None
        found = await directory.by_api_key(key)
        assert found is not None
        assert found.dip_id == SUPPLIER
        assert found.api_key_hash == api_key_hash(key)
        assert len(key) >= 32

    async def test_the_old_key_may_be_used_for_the_overlap(
        self, directory: Directory, identities: Identities, clock: FixedClock
    ) -> None:
        await directory.register(identities.supplier)
        old = identities.supplier.api_key
        new = await directory.rotate_api_key(SUPPLIER, overlap=timedelta(hours=1))
        assert await directory.by_api_key(old) is not None
        assert await directory.by_api_key(new) is not None
        clock.time = NOW + timedelta(hours=1)
        assert await directory.by_api_key(old) is None
        assert await directory.by_api_key(new) is not None

    async def test_keys_that_ended_are_forgotten_at_the_next_rotation(
        self, directory: Directory, identities: Identities, clock: FixedClock
    ) -> None:
        await directory.register(identities.supplier)
        await directory.rotate_api_key(SUPPLIER, overlap=timedelta(hours=1))
        clock.time = NOW + timedelta(hours=2)
        await directory.rotate_api_key(SUPPLIER, overlap=timedelta(hours=1))
        party = await directory.party(SUPPLIER)
        assert party is not None
        assert len(party.retiring_keys) == 1

    async def test_an_unknown_party(self, directory: Directory) -> None:
        with pytest.raises(PartyUnknown):
            await directory.rotate_api_key(SUPPLIER)


class TestWebhooks:
    async def test_a_channel_has_one_webhook(self, directory: Directory) -> None:
        await directory.set_webhook(SUPPLIER, "IF-031", Webhook("http://a", 5, 100))
        assert await directory.webhook(SUPPLIER, "IF-031") == Webhook("http://a", 5, 100)
        await directory.set_webhook(SUPPLIER, "IF-031", Webhook("http://b"))
        assert await directory.webhook(SUPPLIER, "IF-031") == Webhook("http://b")
        assert await directory.webhook(SUPPLIER, "IF-032") is None
        assert await directory.webhook(REGS, "IF-031") is None

    async def test_one_for_every_channel_stands_behind_those_for_one(self, directory: Directory) -> None:
        await directory.set_webhook(SUPPLIER, "*", Webhook("http://all"))
        await directory.set_webhook(SUPPLIER, "IF-031", Webhook("http://one"))
        assert await directory.webhook(SUPPLIER, "IF-031") == Webhook("http://one")
        assert await directory.webhook(SUPPLIER, "STATUS") == Webhook("http://all")

    async def test_removing_tells_whether_there_was_one(self, directory: Directory) -> None:
        await directory.set_webhook(SUPPLIER, "IF-031", Webhook("http://a"))
        assert await directory.remove_webhook(SUPPLIER, "IF-031") is True
        assert await directory.remove_webhook(SUPPLIER, "IF-031") is False
        assert await directory.webhook(SUPPLIER, "IF-031") is None

    async def test_setting_what_is_set_writes_nothing_unless_another_process_changed_it(
        self, directory: Directory, elsewhere: Directory
    ) -> None:
        await directory.set_webhook(SUPPLIER, "*", Webhook("http://a"))
        before = (await directory.latest()).revision
        await directory.set_webhook(SUPPLIER, "*", Webhook("http://a"))
        assert (await directory.latest()).revision == before
        await elsewhere.set_webhook(SUPPLIER, "*", Webhook("http://b"))
        await directory.set_webhook(SUPPLIER, "*", Webhook("http://a"))
        assert (await elsewhere.latest()).webhook(SUPPLIER, "*") == Webhook("http://a")


async def test_a_nomination_is_set_and_taken_back(directory: Directory, identities: Identities) -> None:
    await directory.register(identities.supplier)
    await directory.nominate(SUPPLIER, "1000000009")
    party = await directory.party(SUPPLIER)
    assert party is not None
    assert party.connection_provider == "1000000009"
    await directory.nominate(SUPPLIER, None)
    party = await directory.party(SUPPLIER)
    assert party is not None
    assert party.connection_provider is None
    with pytest.raises(PartyUnknown):
        await directory.nominate(REGS, None)


async def test_many_look_ups_at_once_all_see_who_was_added_elsewhere(
    directory: Directory, elsewhere: Directory, identities: Identities
) -> None:
    await elsewhere.register(identities.supplier)
    key = identities.supplier.api_key
    found = await asyncio.gather(*(directory.by_api_key(key) for _ in range(20)))
    assert [party.dip_id if party else None for party in found] == [SUPPLIER] * 20
