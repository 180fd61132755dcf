"""Evidence packs on disk: a folder or a ZIP archive, read whole within bounds, written deterministically."""

from __future__ import annotations

import io
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import IO

import orjson

from services.qualification.errors import EvidenceInvalid, EvidenceRefused
from services.qualification.manifest import MANIFEST, UNLISTED, VERDICT

MOST_FILES = 20_000
MOST_BYTES = 512 * 1024 * 1024
_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a ZIP archive can hold
_LEVEL = 6
_MODE = (stat.S_IFREG | 0o644) << 16
_UNIX = 3
_ZIP = b"PK"


def read_pack(path: Path) -> dict[str, bytes]:
    """Every file of a pack by its path inside, with ``/``.

    An archive that holds one folder with everything in it is read as that folder. Raises EvidenceInvalid
    for what is neither folder nor ZIP archive or cannot be read, EvidenceRefused for a pack that is
    damaged or not safe to open: too large, a path that leads out of it, a link.
    """
    try:
        if path.is_dir():
            if not _is_pack(path):
                raise EvidenceInvalid(f"{path} holds no evidence: neither {MANIFEST} nor {VERDICT}.")
            return dict(_read_folder(path))
        with path.open("rb") as file:
            if file.read(len(_ZIP)) != _ZIP:
                raise EvidenceInvalid(f"{path} is neither an evidence folder nor a ZIP archive of one.")
            return _unzipped(file)
    except OSError as fault:
        raise EvidenceInvalid(f"{path} cannot be read: {fault.strerror or fault}.") from fault


def unzipped(archive: bytes) -> dict[str, bytes]:
    """Every file of a pack that is a ZIP archive. Raises EvidenceRefused, as ``read_pack`` does."""
    return _unzipped(io.BytesIO(archive))


def _unzipped(file: IO[bytes]) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(file) as archive:
            return _without_top(dict(_read_archive(archive)))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as fault:
        raise EvidenceRefused(f"The archive is damaged: {fault}.") from fault


def _read_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    size = 0
    for count, found in enumerate(_files(folder), start=1):
        name = shown(found.relative_to(folder))
        facts = found.lstat()
        if not stat.S_ISREG(facts.st_mode):
            raise EvidenceRefused(f"{name} is a link or no plain file; evidence holds plain files alone.")
        size += facts.st_size
        _bound(count, size)
        yield name, found.read_bytes()


def shown(path: Path) -> str:
    """A path as text that can be written anywhere, whatever bytes its name is made of."""
    return os.fsencode(path.as_posix()).decode("utf-8", "replace")


def _files(folder: Path) -> Iterator[Path]:
    """Everything below that is not a real folder; links are named, never followed."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.is_dir(follow_symlinks=False):
            yield from _files(Path(entry.path))
        else:
            yield Path(entry.path)


def _read_archive(archive: zipfile.ZipFile) -> Iterator[tuple[str, bytes]]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    _bound(len(members), sum(member.file_size for member in members))
    seen: set[str] = set()
    for member in members:
        _refuse_unsafe(member, seen)
        seen.add(member.filename)
        with archive.open(member) as file:
            # Asked for no more than it says it holds, since it may say less than it unpacks to.
            yield member.filename, file.read(member.file_size + 1)


def _bound(files: int, size: int) -> None:
    if files > MOST_FILES:
        raise EvidenceRefused(f"The pack holds more than {MOST_FILES} files.")
    if size > MOST_BYTES:
        raise EvidenceRefused(f"The pack holds more than {MOST_BYTES // 1024**2} MiB once unpacked.")


def _refuse_unsafe(member: zipfile.ZipInfo, seen: set[str]) -> None:
    name = member.filename
    if leads_out(name):
        raise EvidenceRefused(f"The archive holds a path that leads out of it: {name!r}.")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise EvidenceRefused(f"{name} is a link; evidence holds plain files alone.")
    if name in seen:
        raise EvidenceRefused(f"The archive holds {name} twice.")
    if member.flag_bits & 1:
        raise EvidenceRefused(f"{name} is encrypted; evidence is not.")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise EvidenceRefused(f"{name} is compressed in a way whose size cannot be bounded.")


def leads_out(name: str) -> bool:
    """Whether a path of a pack is not plainly inside it, on any operating system."""
    parts = PurePosixPath(name).parts
    return (
        not parts or name.startswith("/") or "\\" in name or "\0" in name or ".." in parts or ":" in parts[0]
    )


def _without_top(files: dict[str, bytes]) -> dict[str, bytes]:
    tops = {name.partition("/")[0] for name in files}
    if len(tops) != 1 or not all("/" in name for name in files):
        return files
    return {name.partition("/")[2]: content for name, content in files.items()}


def packs_below(path: Path) -> list[Path]:
    """The packs at a place: itself, or else those in the folder, archives and folders."""
    if path.is_file() or _is_pack(path):
        return [path]
    inner = sorted(path.iterdir()) if path.is_dir() else []
    return [one for one in inner if _is_pack(one) or (one.is_file() and one.suffix == ".zip")]


def _is_pack(folder: Path) -> bool:
    return any((folder / name).is_file() for name in (MANIFEST, VERDICT))


def write_pack(files: Mapping[str, bytes], folder: Path) -> None:
    """Write a pack into a folder; what the manifest of an older pack there names is removed first."""
    for name in _named(folder / MANIFEST):
        (folder / name).unlink(missing_ok=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _named(older: Path) -> list[str]:
    """The files of the pack that this manifest belongs to; none where there is no readable manifest."""
    try:
        names = [str(entry["path"]) for entry in orjson.loads(older.read_bytes())["files"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [*UNLISTED, *(name for name in names if not leads_out(name))]


def zipped(files: Mapping[str, bytes]) -> bytes:
    """The files as a ZIP archive; the same files give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive:
        for name, content in sorted(files.items()):
            member = zipfile.ZipInfo(name, _DATE)
            member.compress_type, member.create_system, member.external_attr = (
                zipfile.ZIP_DEFLATED,
                _UNIX,
                _MODE,
            )
            archive.writestr(member, content, compresslevel=_LEVEL)
    return buffer.getvalue()
