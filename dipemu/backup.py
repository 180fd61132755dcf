"""A backup of a data directory: log and database of one moment, keys, tokens, and a manifest over it all."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final

import orjson

from backbone.errors import DatabaseUnavailable
from backbone.log.embedded import FILE
from backbone.settings import Settings
from backbone.snapshot import BESIDE, copy_at_one_moment, require_whole
from dipemu import VERSION
from dipemu.errors import UpkeepRefused

MANIFEST: Final = "backup.json"
DATABASE: Final = "dipemu.sqlite3"
LOG: Final = f"log/{FILE}"
_FORMAT: Final = 1
_BLOCK: Final = 1024 * 1024
# What belongs to a process that runs, not to what it keeps.
_PASSING: Final = {"gateway.url", "gateway.new", "log/lock"}
_PASSING_FOLDER: Final = "sessions/"  # of browsers that are signed in now


@dataclass(frozen=True, slots=True)
class Backed:
    """What a backup holds. ``made``: ISO 8601, UTC. ``bytes``: of all files together."""

    made: str
    version: str
    files: int
    bytes: int


def require_embedded(settings: Settings) -> None:
    """Raises UpkeepRefused where log or database lie in a server of their own."""
    if settings.kafka or settings.database_url:
        raise UpkeepRefused(
            "DIPEMU_KAFKA or DIPEMU_DATABASE_URL is set: this works on the log and the database in a data "
            "directory. docs/operations.md says how Apache Kafka and PostgreSQL are kept"
        )


def back_up(settings: Settings, target: Path, now: datetime) -> Backed:
    """Copy the data directory to ``target``, which is not there yet or empty; the emulator may run.

    Raises UpkeepRefused, DatabaseUnavailable; ``target`` is as before then.
    """
    require_embedded(settings)
    data = settings.data
    if not (data / DATABASE).is_file():
        raise UpkeepRefused(f"{data} holds no {DATABASE}: there is nothing to back up")
    if target.resolve().is_relative_to(data.resolve()):
        raise UpkeepRefused(
            f"{target} lies in the data directory; choose a place outside it, best another disk"
        )
    with _appearing(target) as staged:
        (staged / "log").mkdir(mode=0o700)
        others = {data / LOG: staged / LOG} if (data / LOG).is_file() else {}
        # First these two: a file that comes later is one that nothing in them speaks of yet.
        copy_at_one_moment(data / DATABASE, others, staged / DATABASE)
        for name in (DATABASE, LOG):
            if (staged / name).exists():
                (staged / name).chmod(0o600)
        for name in _files(data):
            _copy(data / name, staged / name)
        manifest = _manifest(staged, now)
        (staged / MANIFEST).write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n")
    return _backed(manifest)


def restore(source: Path, data: Path) -> Backed:
    """Make the data directory ``data``, not there yet or empty, out of a backup.

    Raises UpkeepRefused for a backup that is not whole, or a directory that is in use; ``data`` is as before.
    """
    manifest = _read(source)
    with _appearing(data) as staged:
        for name, entry in manifest["files"].items():
            (staged / name).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                found = _copy(source / name, staged / name)
            except FileNotFoundError as fault:
                raise UpkeepRefused(f"{source} is not whole: {name} is missing") from fault
            if found != entry["sha256"]:
                raise UpkeepRefused(
                    f"{source} is not what was backed up: {name} has SHA-256 {found}, "
                    f"{MANIFEST} says {entry['sha256']}"
                )
            (staged / name).chmod(int(entry["mode"], 8) & 0o777)
        for name in {DATABASE, LOG} & manifest["files"].keys():
            try:
                require_whole(staged / name)
            except DatabaseUnavailable as fault:
                raise UpkeepRefused(f"{source}: {fault}") from fault
    return _backed(manifest)


@contextmanager
def _appearing(target: Path) -> Iterator[Path]:
    """A directory to fill; it becomes ``target`` at the end of the block and is gone after an exception."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UpkeepRefused(f"{target} is not empty, and nothing is ever overwritten: name a new directory")
    staged = target.absolute().with_name(f".{target.absolute().name}.{os.getpid()}")
    try:
        staged.mkdir(parents=True, mode=0o700)
        yield staged
        if target.exists():
            target.rmdir()
        staged.rename(target)
    except OSError as fault:
        raise UpkeepRefused(f"{target} could not be written: {fault}") from fault
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _files(data: Path) -> Iterator[str]:
    """Everything else that is kept: keys, certificates, tokens, imported catalogues."""
    left_out = _PASSING | {name + more for name in (DATABASE, LOG) for more in BESIDE}
    for folder, _, names in os.walk(data):
        for name in names:
            path = (Path(folder) / name).relative_to(data).as_posix()
            half_written = name.startswith(".")
            if path not in left_out and not half_written and not path.startswith(_PASSING_FOLDER):
                yield path


def _copy(source: Path, target: Path) -> str:
    """Copy content and mode, on the disk when it returns; the SHA-256."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest = hashlib.sha256()
    with source.open("rb") as old:
        mode = os.fstat(old.fileno()).st_mode & 0o777
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as new:
            while block := old.read(_BLOCK):
                digest.update(block)
                new.write(block)
            new.flush()
            os.fsync(new.fileno())
    target.chmod(mode)
    return digest.hexdigest()


def _manifest(folder: Path, now: datetime) -> dict[str, Any]:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    entries = {path.relative_to(folder).as_posix(): _entry(path) for path in found}
    return {"format": _FORMAT, "made": now.isoformat(), "version": VERSION, "files": entries}


def _entry(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    status = path.stat()
    return {"sha256": digest, "bytes": status.st_size, "mode": f"{status.st_mode & 0o777:04o}"}


def _read(source: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = orjson.loads((source / MANIFEST).read_bytes())
        if manifest["format"] != _FORMAT:
            raise UpkeepRefused(f"{source} has format {manifest['format']}; this version reads {_FORMAT}")
        for name, entry in manifest["files"].items():
            if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or "\\" in name:
                raise UpkeepRefused(f"{source} is no backup of ours: {name} leads out of it")
            int(entry["mode"], 8), entry["sha256"], int(entry["bytes"])
        if DATABASE not in manifest["files"]:
            raise UpkeepRefused(f"{source} is no backup of ours: {MANIFEST} names no {DATABASE}")
    except OSError as fault:
        raise UpkeepRefused(f"{source} is no backup: {MANIFEST} cannot be read ({fault.strerror})") from fault
    except (ValueError, TypeError, KeyError, AttributeError) as fault:
        raise UpkeepRefused(f"{source} is no backup: {MANIFEST} is damaged ({fault!r})") from fault
    return manifest


def _backed(manifest: dict[str, Any]) -> Backed:
    sizes = [entry["bytes"] for entry in manifest["files"].values()]
    return Backed(str(manifest["made"]), str(manifest["version"]), len(sizes), sum(sizes))
