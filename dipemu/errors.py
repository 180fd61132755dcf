"""Faults of the composition root.

CompositionError
├── AccessInvalid         a name or the file of access tokens is not right
├── CompositionIncomplete the settings of a distributed composition name too little
├── ServerUnreachable     no DIP Emulator answers at the address given
└── ServerRefused         it answered, and said no
"""

from __future__ import annotations


class CompositionError(Exception):
    """Root of the faults raised by the composition root and the command line."""


class AccessInvalid(CompositionError):
    """A name for access, or the file that keeps the tokens, is not right; the message says how."""


class CompositionIncomplete(CompositionError):
    """The settings of a distributed composition leave out what it needs; the message says what."""


class ServerUnreachable(CompositionError):
    """No DIP Emulator answers at the address given."""


class ServerRefused(CompositionError):
    """The DIP Emulator answered, and refused; the message says what it said."""
