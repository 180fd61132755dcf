"""Access to a running emulator that asks everybody for a token."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from backbone.caller import Role
from dipemu.access import AccessTokens
from dipemu.access.uses import Uses
from tests.e2e.emulator import SCENARIO, Emulator, dipemu


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    running = Emulator(tmp_path_factory.mktemp("emulator") / "data", DIPEMU_ACCESS="always")
    try:
        yield running.start()
    finally:
        running.stop()


def test_given_access_always_then_only_a_token_starts_a_run(emulator, tmp_path, monkeypatch) -> None:
    refused = dipemu("run", SCENARIO, "--server", emulator.url, "--evidence", tmp_path / "none", check=2)
    assert "dipemu access add" in refused.stderr
    token = dipemu("access", "add", "ci", "--data", emulator.data).stdout.strip()
    assert Uses(emulator.data).last("ci") is None
    monkeypatch.setenv("DIPEMU_TOKEN", token)
    passed = dipemu("run", SCENARIO, "--server", emulator.url, "--evidence", tmp_path / "evidence")
    assert "PASSED" in passed.stdout
    assert "IF-031" in dipemu("messages", "list", "--server", emulator.url).stdout
    files = [file.read_bytes() for file in (tmp_path / "evidence").rglob("*") if file.is_file()]
    log = (emulator.data.parent / "data.log").read_bytes()
    assert not [content for content in [*files, log] if token.encode() in content]
    assert Uses(emulator.data).last("ci") is not None
    dipemu("access", "revoke", "ci", "--data", emulator.data)
    gone = dipemu("messages", "list", "--server", emulator.url, check=2)
    assert "dipemu access add" in gone.stderr


def test_given_access_always_then_participants_still_need_only_their_keys(emulator) -> None:
    answer = httpx.post(f"{emulator.url}/dip-channel/IF-031", content=b"[]")
    assert answer.status_code == 401
    assert "messageArray" in answer.json()


def test_given_a_readers_token_then_it_looks_and_starts_nothing(emulator, monkeypatch) -> None:
    token = AccessTokens(emulator.data).add("auditor", datetime.now(UTC), Role.READER, days=30)
    monkeypatch.setenv("DIPEMU_TOKEN", token)
    bearer = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{emulator.url}/api/runs", headers=bearer).status_code == 200
    refused = dipemu("run", SCENARIO, "--server", emulator.url, check=2)
    told = "POST /api/runs needs the role tester; the token of auditor has reader."
    assert told in " ".join(refused.stderr.split())
