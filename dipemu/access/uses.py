"""When each token was used last: an empty file per name in ``access-used``, with the time of the use."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

FOLDER: Final = "access-used"
_GRAIN: Final = timedelta(
    minutes=1
)  # written down at most this often: a token may be used many times a second


class Uses:
    """The last use of each token."""

    def __init__(self, directory: Path) -> None:
        self._folder = directory / FOLDER
        self._noted: dict[str, datetime] = {}

    def note(self, name: str, now: datetime) -> None:
        """The token of ``name`` is used now. A full disk keeps nobody out: then it is not noted."""
        noted = self._noted.get(name)
        if noted is not None and timedelta() <= now - noted < _GRAIN:
            return
        self._noted[name] = now
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = self._folder / name
            file.touch(mode=0o600)
            os.utime(file, (now.timestamp(), now.timestamp()))

    def last(self, name: str) -> datetime | None:
        """When the token of ``name`` was used last, to the minute; None for never."""
        with suppress(OSError):
            return datetime.fromtimestamp((self._folder / name).stat().st_mtime, UTC)
        return None

    def forget(self, name: str) -> None:
        """A new token of the same name has not been used yet."""
        (self._folder / name).unlink(missing_ok=True)
