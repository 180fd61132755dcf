"""Access to a running emulator that asks everybody for a token."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.e2e.emulator import SCENARIO, Emulator, dipemu


@pytest.fixture
def emulator(tmp_path):
    running = Emulator(tmp_path / "data", DIPEMU_ACCESS="always").start()
    yield running
    running.stop()


def listed(emulator: Emulator) -> str:
    return dipemu("access", "list", "--data", emulator.data).stdout


def test_given_access_always_then_only_a_token_starts_a_run(emulator, tmp_path, monkeypatch) -> None:
    refused = dipemu("run", SCENARIO, "--server", emulator.url, "--evidence", tmp_path / "none", check=2)
    assert "dipemu access add" in refused.stderr
    token = dipemu("access", "add", "ci", "--data", emulator.data).stdout.strip()
    assert re.search(r"ci .* tester .* never .* never", listed(emulator))
    monkeypatch.setenv("DIPEMU_TOKEN", token)
    passed = dipemu("run", SCENARIO, "--server", emulator.url, "--evidence", tmp_path / "evidence")
    assert "PASSED" in passed.stdout
    assert "IF-031" in dipemu("messages", "list", "--server", emulator.url).stdout
    files = [file.read_bytes() for file in (tmp_path / "evidence").rglob("*") if file.is_file()]
    log = (tmp_path / "data.log").read_bytes()
    assert not [content for content in [*files, log] if token.encode() in content]
    assert re.search(r"ci .* tester .* \d{4}-\d\d-\d\d \d\d:\d\d .* never", listed(emulator))
    dipemu("access", "revoke", "ci", "--data", emulator.data)
    gone = dipemu("messages", "list", "--server", emulator.url, check=2)
    assert "dipemu access add" in gone.stderr


def test_given_access_always_then_participants_still_need_only_their_keys(emulator) -> None:
    answer = httpx.post(f"{emulator.url}/dip-channel/IF-031", content=b"[]")
    assert answer.status_code == 401
    assert "messageArray" in answer.json()


def test_given_a_readers_token_then_it_looks_and_starts_nothing(emulator, monkeypatch) -> None:
    given = dipemu("access", "add", "auditor", "--role", "reader", "--days", "30", "--data", emulator.data)
    monkeypatch.setenv("DIPEMU_TOKEN", given.stdout.strip())
    assert dipemu("runs", "list", "--server", emulator.url).returncode == 0
    refused = dipemu("run", SCENARIO, "--server", emulator.url, check=2)
    told = "POST /api/runs needs the role tester; the token of auditor has reader."
    assert told in " ".join(refused.stderr.split())
    assert re.search(r"auditor .* reader .* \d{4}-\d\d-\d\d \d\d:\d\d", listed(emulator))
