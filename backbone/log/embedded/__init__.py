"""The message log in one directory: SQLite in WAL mode, one process, no server."""

from backbone.log.embedded.log import EmbeddedLog

__all__ = ["EmbeddedLog"]
