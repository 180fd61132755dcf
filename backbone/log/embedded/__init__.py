"""The message log in one directory: SQLite in WAL mode, one process, no server."""

from backbone.log.embedded.log import FILE, EmbeddedLog

__all__ = ["FILE", "EmbeddedLog"]
