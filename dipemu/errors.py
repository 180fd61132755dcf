"""Faults of the composition root.

CompositionError
├── DataDirectoryBusy     another process runs on this data directory
├── ServerUnreachable     no DIP Emulator answers at the address given
└── ServerRefused         it answered, and said no
"""

from __future__ import annotations


class CompositionError(Exception):
    """Root of the faults raised by the composition root and the command line."""


class DataDirectoryBusy(CompositionError):
    """Another process has this data directory open."""


class ServerUnreachable(CompositionError):
    """No DIP Emulator answers at the address given."""


class ServerRefused(CompositionError):
    """The DIP Emulator answered, and refused; the message says what it said."""
