"""Writing files that must be whole, and private where they hold a secret."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_private(path: Path, content: bytes) -> None:
    """Write ``content`` so that only the owner can ever read it, and nobody sees half of it."""
    _write(path, content, 0o600)


def write_public(path: Path, content: bytes) -> None:
    """Write ``content`` readable by all; nobody sees half of it."""
    _write(path, content, 0o644)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Several may write the same file at once: each has a file of its own until it is whole."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        temporary.chmod(mode)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)  # is there no more, unless something failed
