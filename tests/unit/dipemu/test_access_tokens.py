"""Access tokens: given once, kept as digests, counted and discounted at once."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dipemu.access import AccessTokens
from dipemu.errors import AccessInvalid

NOW = datetime(2026, 3, 21, 9, 0, tzinfo=UTC)


@pytest.fixture
def tokens(tmp_path: Path) -> AccessTokens:
    return AccessTokens(tmp_path)


def test_a_token_belongs_to_the_name_it_was_given_to(tokens: AccessTokens) -> None:
    alice, robot = tokens.add("alice", NOW), tokens.add("ci@example.org", NOW)
    assert tokens.holder(alice) == "alice"
    assert tokens.holder(robot) == "ci@example.org"
    assert tokens.given() == {"alice": NOW.isoformat(), "ci@example.org": NOW.isoformat()}


@pytest.mark.parametrize("shown", ["", "dipemu_", "alice", "x" * 10_000, "\ud800", "päss"])
def test_what_is_no_token_is_nobodys(tokens: AccessTokens, shown: str) -> None:
    tokens.add("alice", NOW)
    assert tokens.holder(shown) is None


def test_the_file_holds_no_token_and_only_its_owner_reads_it(tokens: AccessTokens, tmp_path: Path) -> None:
    token = tokens.add("alice", NOW)
    file = tmp_path / "access.json"
    assert token not in file.read_text()
    assert token.removeprefix("dipemu_") not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_running_emulator_learns_of_a_token_given_and_taken_by_another_process(tmp_path: Path) -> None:
    running, command = AccessTokens(tmp_path), AccessTokens(tmp_path)
    assert running.holder("anything") is None
    token = command.add("alice", NOW)
    assert running.holder(token) == "alice"
    command.remove("alice")
    assert running.holder(token) is None


def test_a_second_token_for_a_name_is_refused_and_the_first_stays(tokens: AccessTokens) -> None:
    token = tokens.add("alice", NOW)
    with pytest.raises(AccessInvalid, match="alice has a token already"):
        tokens.add("alice", NOW)
    assert tokens.holder(token) == "alice"


@pytest.mark.parametrize("name", ["", " alice", "a/b", "-x", "a" * 65, "name\n", "<b>"])
def test_what_cannot_be_a_name_is_refused(tokens: AccessTokens, name: str) -> None:
    with pytest.raises(AccessInvalid, match="is no name for access"):
        tokens.add(name, NOW)


def test_taking_away_what_nobody_has_names_those_who_have_one(tokens: AccessTokens) -> None:
    tokens.add("alice", NOW)
    with pytest.raises(AccessInvalid, match=r"bob has no token\. Who has one: alice"):
        tokens.remove("bob")


@pytest.mark.parametrize("content", ["", "[1]", '{"alice": {}}', '{"alice": "x"}', "{"])
def test_a_file_that_cannot_be_read_lets_nobody_in_and_says_so(tmp_path: Path, content: str) -> None:
    (tmp_path / "access.json").write_text(content)
    with pytest.raises(AccessInvalid, match=r"access\.json cannot be read"):
        AccessTokens(tmp_path).holder("anything")


def test_a_broken_file_that_is_mended_counts_again(tmp_path: Path) -> None:
    tokens = AccessTokens(tmp_path)
    token = tokens.add("alice", NOW)
    good = (tmp_path / "access.json").read_bytes()
    (tmp_path / "access.json").write_text("{")
    os.utime(tmp_path / "access.json", ns=(1, 1))
    with pytest.raises(AccessInvalid):
        tokens.holder(token)
    (tmp_path / "access.json").write_bytes(good)
    os.utime(tmp_path / "access.json", ns=(2, 2))
    assert tokens.holder(token) == "alice"
