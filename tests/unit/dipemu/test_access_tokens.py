"""Access tokens: given once with a role, kept as digests, counted and discounted at once."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from backbone.caller import Role
from dipemu.access import AccessTokens
from dipemu.access.tokens import digest
from dipemu.errors import AccessInvalid

NOW = datetime(2026, 3, 21, 9, 0, tzinfo=UTC)


@pytest.fixture
def tokens(tmp_path: Path) -> AccessTokens:
    return AccessTokens(tmp_path)


def holder(tokens: AccessTokens, secret: str) -> str | None:
    token = tokens.shown(secret)
    return token.name if token else None


def test_a_token_belongs_to_the_name_it_was_given_to(tokens: AccessTokens) -> None:
    alice, robot = tokens.add("alice", NOW, Role.READER), tokens.add("ci@example.org", NOW, Role.TESTER)
    assert holder(tokens, alice) == "alice"
    assert holder(tokens, robot) == "ci@example.org"
    given = [(token.name, token.role, token.created, token.expires) for token in tokens.given()]
    assert given == [("alice", Role.READER, NOW, None), ("ci@example.org", Role.TESTER, NOW, None)]


def test_a_token_of_before_there_were_roles_may_do_everything(tmp_path: Path) -> None:
    entry = {"sha256": digest("dipemu_old"), "created": NOW.isoformat()}
    (tmp_path / "access.json").write_bytes(orjson.dumps({"alice": entry}))
    token = AccessTokens(tmp_path).shown("dipemu_old")
    assert token is not None
    assert (token.role, token.expires) == (Role.ADMIN, None)


def test_a_token_with_days_expires_and_is_still_told_apart(tokens: AccessTokens) -> None:
    secret = tokens.add("alice", NOW, Role.READER, days=30)
    token = tokens.shown(secret)
    assert token is not None
    assert token.expires == NOW + timedelta(days=30)
    assert not token.expired(NOW + timedelta(days=29, hours=23))
    assert token.expired(NOW + timedelta(days=30))


def test_what_is_kept_is_read_by_another_process_as_it_was_given(tmp_path: Path) -> None:
    AccessTokens(tmp_path).add("alice", NOW, Role.TESTER, days=7)
    [token] = AccessTokens(tmp_path).given()
    assert (token.role, token.expires) == (Role.TESTER, NOW + timedelta(days=7))
    assert AccessTokens(tmp_path).of("alice") == token


@pytest.mark.parametrize("shown", ["", "dipemu_", "alice", "x" * 10_000, "\ud800", "päss"])
def test_what_is_no_token_is_nobodys(tokens: AccessTokens, shown: str) -> None:
    tokens.add("alice", NOW, Role.ADMIN)
    assert tokens.shown(shown) is None


def test_the_file_holds_no_token_and_only_its_owner_reads_it(tokens: AccessTokens, tmp_path: Path) -> None:
    token = tokens.add("alice", NOW, Role.ADMIN)
    file = tmp_path / "access.json"
    assert token not in file.read_text()
    assert token.removeprefix("dipemu_") not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_running_emulator_learns_of_a_token_given_and_revoked_by_another_process(tmp_path: Path) -> None:
    running, command = AccessTokens(tmp_path), AccessTokens(tmp_path)
    assert running.shown("anything") is None
    token = command.add("alice", NOW, Role.ADMIN)
    assert holder(running, token) == "alice"
    command.revoke("alice")
    assert running.shown(token) is None


def test_a_second_token_for_a_name_is_refused_and_the_first_stays(tokens: AccessTokens) -> None:
    token = tokens.add("alice", NOW, Role.READER)
    with pytest.raises(AccessInvalid, match="alice has a token already"):
        tokens.add("alice", NOW, Role.ADMIN)
    assert holder(tokens, token) == "alice"
    assert [token.role for token in tokens.given()] == [Role.READER]


@pytest.mark.parametrize("name", ["", " alice", "a/b", "-x", "a" * 65, "name\n", "<b>", "..", ".hidden"])
def test_what_cannot_be_a_name_is_refused(tokens: AccessTokens, name: str) -> None:
    with pytest.raises(AccessInvalid, match="is no name for access"):
        tokens.add(name, NOW, Role.ADMIN)


def test_revoking_what_nobody_has_names_those_who_have_one(tokens: AccessTokens) -> None:
    tokens.add("alice", NOW, Role.ADMIN)
    with pytest.raises(AccessInvalid, match=r"bob has no token\. Who has one: alice"):
        tokens.revoke("bob")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[1]",
        '{"alice": {}}',
        '{"alice": "x"}',
        "{",
        '{"alice": {"sha256": "0", "created": "2026-03-21T09:00:00+00:00", "role": "king"}}',
        '{"alice": {"sha256": "0", "created": "2026-03-21T09:00:00+00:00", "expires": "soon"}}',
    ],
)
def test_a_file_that_cannot_be_read_lets_nobody_in_and_says_so(tmp_path: Path, content: str) -> None:
    (tmp_path / "access.json").write_text(content)
    with pytest.raises(AccessInvalid, match=r"access\.json cannot be read"):
        AccessTokens(tmp_path).shown("anything")


def test_a_broken_file_that_is_mended_counts_again(tmp_path: Path) -> None:
    tokens = AccessTokens(tmp_path)
    token = tokens.add("alice", NOW, Role.ADMIN)
    good = (tmp_path / "access.json").read_bytes()
    (tmp_path / "access.json").write_text("{")
    os.utime(tmp_path / "access.json", ns=(1, 1))
    with pytest.raises(AccessInvalid):
        tokens.shown(token)
    (tmp_path / "access.json").write_bytes(good)
    os.utime(tmp_path / "access.json", ns=(2, 2))
    assert holder(tokens, token) == "alice"
