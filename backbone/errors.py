"""Faults of the backbone: everything this room raises on purpose derives from one root.

BackboneError
├── LogUnavailable      the message log cannot be reached now; a retry may succeed
│   └── LogInUse        another process has the embedded log open
├── LogClosed           the log was used after it was closed: a fault of ours
├── RecordTooLarge      one record is above the log's limit
├── DatabaseUnavailable the database cannot be reached now; a retry may succeed
├── MigrationRefused    the database's tables cannot be taken where asked
└── SettingsInvalid     a setting from the environment cannot be used
"""

from __future__ import annotations


class BackboneError(Exception):
    """Root of the faults raised by the backbone."""


class LogUnavailable(BackboneError):
    """The message log cannot be reached at the moment; nothing was appended."""


class LogInUse(LogUnavailable):
    """Another process (or another part of this one) has the embedded log open."""


class LogClosed(BackboneError):
    """The log was used after ``close``."""


class RecordTooLarge(BackboneError):
    """One record exceeds the size the log accepts."""


class DatabaseUnavailable(BackboneError):
    """The database cannot be reached at the moment; nothing was changed."""


class MigrationRefused(BackboneError):
    """The database's tables cannot be taken where asked; nothing was changed."""


class SettingsInvalid(BackboneError):
    """A setting from the environment has a value that cannot be used."""
