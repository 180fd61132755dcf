"""Faults of the composition root.

CompositionError
├── CompositionIncomplete the settings of a distributed composition name too little
├── ServerUnreachable     no DIP Emulator answers at the address given
└── ServerRefused         it answered, and said no
"""

from __future__ import annotations


class CompositionError(Exception):
    """Root of the faults raised by the composition root and the command line."""


class CompositionIncomplete(CompositionError):
    """The settings of a distributed composition leave out what it needs; the message says what."""


class ServerUnreachable(CompositionError):
    """No DIP Emulator answers at the address given."""


class ServerRefused(CompositionError):
    """The DIP Emulator answered, and refused; the message says what it said."""
