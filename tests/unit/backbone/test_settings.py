from __future__ import annotations

from pathlib import Path

import pytest

from backbone.errors import SettingsInvalid
from backbone.settings import Settings


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"DIPEMU_{name.upper()}", raising=False)


def test_the_defaults_are_the_embedded_composition_on_loopback() -> None:
    settings = Settings.load()
    assert settings.gateway_url == "http://127.0.0.1:8080"
    assert settings.database == "sqlite+aiosqlite:///.dipemu/dipemu.sqlite3"
    assert settings.log_directory == Path(".dipemu/log")
    assert settings.kafka == ""
    assert settings.api_key_required
    assert settings.signature_window_seconds == 300


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIPEMU_PORT", "9000")
    monkeypatch.setenv("DIPEMU_DATA", "/var/lib/dipemu")
    monkeypatch.setenv("DIPEMU_CONTRACTS", '["2.1.0", "2.0.1"]')
    settings = Settings.load()
    assert settings.gateway_url == "http://127.0.0.1:9000"
    assert settings.database == "sqlite+aiosqlite:////var/lib/dipemu/dipemu.sqlite3"
    assert settings.contracts == ["2.1.0", "2.0.1"]


def test_the_command_line_wins_over_the_environment_unless_it_says_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DIPEMU_PORT", "9000")
    assert Settings.load(port=7000).port == 7000
    assert Settings.load(port=None).port == 9000


def test_the_public_address_is_what_participants_are_told() -> None:
    assert Settings.load(public_url="https://dip.example/").gateway_url == "https://dip.example"


def test_a_database_url_of_ones_own() -> None:
    url = "postgresql+asyncpg://dipemu@db/dipemu"
    assert Settings.load(database_url=url).database == url


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "many", "DIPEMU_PORT: Input should be a valid integer"),
        ("PORT", "70000", "DIPEMU_PORT"),
        ("RETRY_ATTEMPTS", "0", "DIPEMU_RETRY_ATTEMPTS"),
        ("CONTRACTS", '["2.1.0", 3]', "DIPEMU_CONTRACTS_1"),
    ],
)
def test_what_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(f"DIPEMU_{name}", value)
    with pytest.raises(SettingsInvalid, match=says):
        Settings.load()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2.1.0", ["2.1.0"]),
        ("2.1.0, 2.0.1", ["2.1.0", "2.0.1"]),
        ("", []),
        ('["2.1.0"]', ["2.1.0"]),
    ],
)
def test_lists_are_written_with_commas_or_as_json(
    monkeypatch: pytest.MonkeyPatch, written: str, read: list[str]
) -> None:
    monkeypatch.setenv("DIPEMU_CONTRACTS", written)
    assert Settings.load().contracts == read


def test_a_list_that_is_cut_off_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIPEMU_WEBHOOK_HOSTS", '["a.example"')
    with pytest.raises(SettingsInvalid, match="DIPEMU_WEBHOOK_HOSTS"):
        Settings.load()


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings.load().port = 1  # type: ignore[misc]
