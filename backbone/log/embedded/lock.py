"""One process per log: an advisory lock on the log's directory, released by the system when we die."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from backbone.errors import LogInUse

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class DirectoryLock:
    """Held from construction to ``release``; creates the directory.

    Raises LogInUse when another log holds it.
    """

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(self._descriptor)
        except OSError as error:
            holder = self._holder()
            os.close(self._descriptor)
            raise LogInUse(
                f"the message log in {directory} is open in another process{holder}; "
                "stop that one or choose another data directory"
            ) from error
        os.write(self._descriptor, f"\n{os.getpid():<10}\n".encode())

    def _holder(self) -> str:
        """Who holds it, as it has written into the file; after the first byte, which Windows locks."""
        os.lseek(self._descriptor, 1, os.SEEK_SET)
        written = os.read(self._descriptor, 10).decode(errors="replace").strip()
        return f" (process ID {written})" if written.isdigit() else ""

    def release(self) -> None:
        os.close(self._descriptor)
