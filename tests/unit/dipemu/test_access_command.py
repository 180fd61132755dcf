"""`dipemu access`: who has a token, with which role, and until when."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from backbone.caller import Role
from backbone.clock import BusinessClock
from dipemu.access import AccessTokens
from dipemu.access.uses import Uses
from dipemu.cli import app


@pytest.fixture
def access(tmp_path: Path) -> Access:
    return Access(tmp_path)


class Access:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, ["access", *arguments, "--data", str(self.folder)])

    def line(self, name: str) -> str:
        """What the list says of this name."""
        return next(line for line in self("list").output.splitlines() if name in line)


def test_a_token_is_a_testers_unless_another_role_is_given(access: Access) -> None:
    secrets = [access("add", "ci").output.strip(), access("add", "boss", "--role", "reader").output.strip()]
    tokens = [AccessTokens(access.folder).shown(secret) for secret in secrets]
    assert [token and token.role for token in tokens] == [Role.TESTER, Role.READER]


def test_the_list_tells_role_last_use_and_expiry(access: Access) -> None:
    access("add", "ci", "--days", "30")
    assert re.search(r"ci .*tester .*never .*\d{4}-\d\d-\d\d \d\d:\d\d", access.line("ci"))
    access("add", "boss", "--role", "admin")
    Uses(access.folder).note("boss", BusinessClock().now())
    assert re.search(r"boss .*admin .*\d\d:\d\d .*\d\d:\d\d .*never", access.line("boss"))


def test_an_expired_token_is_told_as_such(access: Access) -> None:
    now = BusinessClock().now()
    AccessTokens(access.folder).add("ci", now.replace(year=now.year - 1, day=1), Role.TESTER, days=1)
    assert "(over)" in access.line("ci")


@pytest.mark.parametrize("word", ["revoke", "remove"])
def test_a_revoked_token_is_gone_and_its_last_use_forgotten(access: Access, word: str) -> None:
    secret = access("add", "ci").output.strip()
    Uses(access.folder).note("ci", BusinessClock().now())
    assert access(word, "ci").output.strip() == "ci has no access any more"
    assert AccessTokens(access.folder).shown(secret) is None
    assert Uses(access.folder).last("ci") is None
    assert access("list").output.strip() == "nobody has a token"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("add", "a/b"), "no name for access"),
        (("add", "ci", "--role", "king"), "king"),
        (("add", "ci", "--days", "0"), "--days"),
        (("revoke", "ci"), "ci has no token. Who has one: nobody."),
    ],
)
def test_what_cannot_be_ends_with_the_code_of_a_wrong_usage(
    access: Access, arguments: tuple[str, ...], told: str
) -> None:
    refused = access(*arguments)
    assert refused.exit_code == 2
    assert told in " ".join(refused.output.split())
    assert AccessTokens(access.folder).given() == []


def test_a_file_that_cannot_be_read_is_told(access: Access) -> None:
    (access.folder / "access.json").write_text("{")
    refused = access("list")
    assert refused.exit_code == 2
    assert "access.json cannot be read" in " ".join(refused.output.split())
