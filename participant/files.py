"""Writing files that must be whole, and private where they hold a secret."""

from __future__ import annotations

import os
from pathlib import Path


def write_private(path: Path, content: bytes) -> None:
    """Write ``content`` so that only the owner can ever read it, and nobody sees half of it."""
    _write(path, content, 0o600)


def write_public(path: Path, content: bytes) -> None:
    """Write ``content`` readable by all; nobody sees half of it."""
    _write(path, content, 0o644)


def _write(path: Path, content: bytes, mode: int) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    temporary.replace(path)
