"""Which parts of a process are ready and, of those that are not, why."""

from __future__ import annotations

from collections.abc import Mapping

from backbone.disk import DiskSpace
from dipemu.supervisor import Supervisor

DISK = "disk"


class Readiness:
    """The services' own word, their workers, and the disk."""

    def __init__(self, supervisor: Supervisor, disk: DiskSpace) -> None:
        self._supervisor = supervisor
        self._disk = disk

    def parts(self) -> Mapping[str, bool]:
        """By part, whether it is ready."""
        return {**self._supervisor.health(), DISK: self._disk.shortage() is None}

    def reasons(self) -> Mapping[str, str]:
        """By part that is not ready, a sentence."""
        shortage = self._disk.shortage()
        return {**self._supervisor.reasons(), **({DISK: shortage} if shortage else {})}
