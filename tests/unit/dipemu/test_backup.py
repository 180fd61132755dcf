"""A backup holds everything that is kept, and only a whole one is restored, only into an empty place."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from backbone.settings import Settings
from dipemu.backup import MANIFEST, back_up, restore
from dipemu.cli import app
from dipemu.errors import UpkeepRefused

NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory, with a database and a log of one row each."""
    folder = tmp_path / "data"
    for name in ("log", "authority", "identities/2200000001", "contracts/2.2.0"):
        (folder / name).mkdir(parents=True)
    for file in (folder / "dipemu.sqlite3", folder / "log" / "log.sqlite3"):
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("CREATE TABLE kept (name TEXT)")
            connection.execute("INSERT INTO kept VALUES (?)", (file.name,))
    (folder / "log" / "lock").touch()
    (folder / "gateway.url").write_text("http://127.0.0.1:8080\n")
    (folder / "access.json").write_text("{}")
    (folder / "access.json").chmod(0o600)
    (folder / "authority" / "ca.key").write_text("secret")
    (folder / "authority" / "ca.key").chmod(0o600)
    (folder / "authority" / "ca.crt").write_text("public")
    (folder / "authority" / "ca.crt").chmod(0o644)
    (folder / "contracts" / "2.2.0" / "interfaces.yaml").write_text("{}")
    return folder


def made(data: Path, target: Path) -> Path:
    back_up(Settings.load(data=data), target, NOW)
    return target


def manifest(backup: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((backup / MANIFEST).read_text())
    return document


def rewrite(backup: Path, document: dict[str, Any]) -> None:
    (backup / MANIFEST).write_text(json.dumps(document))


def test_what_is_restored_is_what_was_backed_up_keys_with_their_modes(data: Path, tmp_path: Path) -> None:
    restored = tmp_path / "restored"
    found = restore(made(data, tmp_path / "backup"), restored)
    assert found.made == NOW.isoformat()
    assert (restored / "authority" / "ca.key").read_text() == "secret"
    modes = {p: (restored / p).stat().st_mode & 0o777 for p in ("authority/ca.key", "authority/ca.crt", ".")}
    assert modes == {"authority/ca.key": 0o600, "authority/ca.crt": 0o644, ".": 0o700}
    assert (restored / "access.json").stat().st_mode & 0o777 == 0o600
    assert (restored / "contracts" / "2.2.0" / "interfaces.yaml").exists()
    for name in ("dipemu.sqlite3", "log/log.sqlite3"):
        with closing(sqlite3.connect(restored / name)) as connection:
            assert connection.execute("SELECT name FROM kept").fetchall() == [(Path(name).name,)]


def test_what_belongs_to_a_running_process_stays_out(data: Path, tmp_path: Path) -> None:
    (data / ".access.json.4711").write_text("half writ")
    (data / "sessions").mkdir()
    (data / "sessions" / "0a1b").write_text("{}")
    files = set(manifest(made(data, tmp_path / "backup"))["files"])
    assert "sessions/0a1b" not in files
    assert not files & {"gateway.url", "log/lock", ".access.json.4711"}
    assert not [name for name in files if name.endswith(("-wal", "-shm"))]


def test_a_backup_is_private(data: Path, tmp_path: Path) -> None:
    backup = made(data, tmp_path / "backup")
    assert backup.stat().st_mode & 0o777 == 0o700
    assert (backup / "dipemu.sqlite3").stat().st_mode & 0o777 == 0o600


def test_a_changed_file_is_not_restored(data: Path, tmp_path: Path) -> None:
    backup = made(data, tmp_path / "backup")
    (backup / "authority" / "ca.key").write_text("another")
    with pytest.raises(UpkeepRefused, match=r"authority/ca\.key has SHA-256"):
        restore(backup, tmp_path / "restored")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["backup", "data"], "and nothing half done is left"


def test_a_missing_file_is_named(data: Path, tmp_path: Path) -> None:
    backup = made(data, tmp_path / "backup")
    (backup / "access.json").unlink()
    with pytest.raises(UpkeepRefused, match=r"access\.json is missing"):
        restore(backup, tmp_path / "restored")


def test_a_damaged_database_is_not_restored_though_the_manifest_agrees(data: Path, tmp_path: Path) -> None:
    (data / "log" / "log.sqlite3").unlink()
    backup = made(data, tmp_path / "backup")
    (backup / "log").mkdir(exist_ok=True)
    (backup / "log" / "log.sqlite3").write_text("no database")
    document = manifest(backup)
    digest = hashlib.sha256(b"no database").hexdigest()
    document["files"]["log/log.sqlite3"] = {"sha256": digest, "bytes": 11, "mode": "0600"}
    rewrite(backup, document)
    with pytest.raises(UpkeepRefused, match=r"log\.sqlite3"):
        restore(backup, tmp_path / "restored")


@pytest.mark.parametrize("name", ["../outside", "/tmp/outside", "a/../../outside", "..\\outside"])
def test_a_manifest_that_leads_out_of_the_backup_is_refused(data: Path, tmp_path: Path, name: str) -> None:
    backup = made(data, tmp_path / "backup")
    document = manifest(backup)
    document["files"][name] = document["files"]["access.json"]
    rewrite(backup, document)
    with pytest.raises(UpkeepRefused, match="leads out of it"):
        restore(backup, tmp_path / "restored")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"format": 2, "files": {}}', b'{"format": 1, "files": {}}']
)
def test_a_manifest_that_is_none_is_refused(data: Path, tmp_path: Path, content: bytes) -> None:
    backup = made(data, tmp_path / "backup")
    (backup / MANIFEST).write_bytes(content)
    with pytest.raises(UpkeepRefused, match=str(backup)):
        restore(backup, tmp_path / "restored")


def test_nothing_is_overwritten(data: Path, tmp_path: Path) -> None:
    backup = made(data, tmp_path / "backup")
    for attempt in (lambda: restore(backup, data), lambda: made(data, backup)):
        with pytest.raises(UpkeepRefused, match="is not empty"):
            attempt()


def test_an_empty_directory_may_be_the_target(data: Path, tmp_path: Path) -> None:
    (tmp_path / "backup").mkdir()
    (tmp_path / "restored").mkdir()
    restore(made(data, tmp_path / "backup"), tmp_path / "restored")
    assert (tmp_path / "restored" / "access.json").exists()


def test_a_backup_never_lies_in_what_it_backs_up(data: Path) -> None:
    with pytest.raises(UpkeepRefused, match="lies in the data directory"):
        made(data, data / "backup")


def test_servers_of_their_own_are_backed_up_by_their_own_means(data: Path, tmp_path: Path) -> None:
    settings = Settings.load(data=data, kafka="127.0.0.1:9092")
    with pytest.raises(UpkeepRefused, match=r"docs/operations\.md"):
        back_up(settings, tmp_path / "backup", NOW)


def test_the_commands_say_what_they_did_and_what_is_next(data: Path, tmp_path: Path) -> None:
    backup, restored = tmp_path / "backup", tmp_path / "restored"
    said = CliRunner().invoke(app, ["db", "backup", str(backup), "--data", str(data)])
    assert (said.exit_code, "backed up to" in said.output) == (0, True)
    said = CliRunner().invoke(app, ["db", "restore", str(backup), "--data", str(restored)])
    assert said.exit_code == 0
    assert f"dipemu up --data {restored}" in said.output
    said = CliRunner().invoke(app, ["db", "restore", str(backup), "--data", str(restored)])
    assert (said.exit_code, "is not empty" in said.output) == (2, True)


def test_an_empty_directory_has_nothing_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(UpkeepRefused, match="nothing to back up"):
        made(tmp_path / "data", tmp_path / "backup")
