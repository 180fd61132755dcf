"""Whether there is disk enough left to accept more; asked on every message's way in, so it is cheap."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Final

_LOOK_SECONDS: Final = 1.0
_MEGABYTE: Final = 1_000_000


class DiskSpace:
    """The disk under ``folder`` (or where it will be). ``minimum_mb``: below this much free (10^6 bytes)
    nothing more is to be accepted; 0: never."""

    def __init__(self, folder: Path, minimum_mb: int, free: Callable[[Path], int] | None = None) -> None:
        self._folder = folder
        self._minimum = minimum_mb * _MEGABYTE
        self._measure = free or free_bytes
        self._looked = float("-inf")
        self._shortage: str | None = None

    def shortage(self) -> str | None:
        """What is short, as a sentence; None while there is enough. Looks at most once a second."""
        now = monotonic()
        if self._minimum and now >= self._looked + _LOOK_SECONDS:
            self._looked = now
            self._shortage = self._found(self._measure(self._folder))
        return self._shortage

    def _found(self, free: int) -> str | None:
        if free >= self._minimum:
            return None
        return (
            f"The disk has {free // _MEGABYTE} MB free; below {self._minimum // _MEGABYTE} MB "
            "(DIPEMU_DISK_FREE_MIN_MB) nothing more is accepted."
        )


def free_bytes(folder: Path) -> int:
    """What a process without special rights may still write there."""
    there = next((path for path in (folder, *folder.absolute().parents) if path.exists()), Path(os.sep))
    return shutil.disk_usage(there).free
