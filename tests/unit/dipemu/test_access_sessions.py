"""Sessions of signed-in browsers, and when a token was used last."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backbone.caller import Role
from dipemu.access import AccessTokens
from dipemu.access.sessions import LASTS, Sessions
from dipemu.access.tokens import Token
from dipemu.access.uses import Uses

NOW = datetime(2026, 3, 21, 9, 0, tzinfo=UTC)


class Desk:
    """Tokens and sessions of one directory, with a token for alice."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tokens = AccessTokens(folder)
        self.sessions = Sessions(folder, self.tokens)
        self.alice = self.given()

    def given(self) -> Token:
        token = self.tokens.shown(self.tokens.add("alice", NOW, Role.TESTER))
        assert token is not None
        return token

    def files(self) -> list[Path]:
        return list((self.folder / "sessions").iterdir())


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_session_stands_for_the_token_that_opened_it(desk: Desk) -> None:
    secret = desk.sessions.begin(desk.alice, NOW)
    assert desk.sessions.token(secret, NOW) == desk.alice
    assert desk.sessions.token(secret, NOW + LASTS - timedelta(seconds=1)) == desk.alice


def test_another_process_and_a_restarted_one_know_it(desk: Desk) -> None:
    secret = desk.sessions.begin(desk.alice, NOW)
    other = Sessions(desk.folder, AccessTokens(desk.folder))
    assert other.token(secret, NOW) == desk.alice
    other.end(secret)
    assert desk.sessions.token(secret, NOW) is None


def test_a_session_that_was_ended_or_is_over_counts_no_more(desk: Desk) -> None:
    first, second = desk.sessions.begin(desk.alice, NOW), desk.sessions.begin(desk.alice, NOW)
    desk.sessions.end(first)
    assert desk.sessions.token(first, NOW) is None
    assert desk.sessions.token(second, NOW) == desk.alice
    assert desk.sessions.token(second, NOW + LASTS) is None


def test_a_session_ends_with_its_token_and_a_new_token_of_that_name_revives_none(desk: Desk) -> None:
    secret = desk.sessions.begin(desk.alice, NOW)
    desk.tokens.revoke("alice")
    assert desk.sessions.token(secret, NOW) is None
    desk.given()
    assert desk.sessions.token(secret, NOW) is None


def test_what_is_kept_of_a_session_opens_none(desk: Desk) -> None:
    secret = desk.sessions.begin(desk.alice, NOW)
    [file] = desk.files()
    assert secret not in file.read_text() + file.name
    assert desk.sessions.token(file.name, NOW) is None
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_sessions_that_are_over_are_cleared_away_when_the_next_begins(desk: Desk) -> None:
    desk.sessions.begin(desk.alice, NOW)
    desk.sessions.begin(desk.alice, NOW + timedelta(hours=1))
    desk.sessions.begin(desk.alice, NOW + LASTS)
    assert len(desk.files()) == 2


@pytest.mark.parametrize("secret", ["", "nobodys", "../access.json", "x" * 10_000, "\ud800"])
def test_what_is_no_session_is_nobodys_and_can_be_ended(desk: Desk, secret: str) -> None:
    desk.sessions.begin(desk.alice, NOW)
    assert desk.sessions.token(secret, NOW) is None
    desk.sessions.end(secret)
    assert len(desk.files()) == 1


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"name": "alice", "token": "0", "ends": "soon"}'])
def test_a_session_file_that_cannot_be_read_is_no_session(desk: Desk, content: str) -> None:
    secret = desk.sessions.begin(desk.alice, NOW)
    desk.files()[0].write_text(content)
    assert desk.sessions.token(secret, NOW) is None
    desk.sessions.begin(desk.alice, NOW)


def test_the_last_use_of_a_token_is_told_to_the_minute(tmp_path: Path) -> None:
    uses = Uses(tmp_path)
    assert uses.last("alice") is None
    uses.note("alice", NOW)
    uses.note("alice", NOW + timedelta(seconds=59))
    assert Uses(tmp_path).last("alice") == NOW
    uses.note("alice", NOW + timedelta(seconds=60))
    assert Uses(tmp_path).last("alice") == NOW + timedelta(seconds=60)
    uses.forget("alice")
    assert uses.last("alice") is None
    uses.forget("alice")


def test_a_use_that_cannot_be_written_down_keeps_nobody_out(tmp_path: Path) -> None:
    (tmp_path / "access-used").write_text("in the way")
    Uses(tmp_path).note("alice", NOW)
