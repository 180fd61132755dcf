"""Which addresses are not the market's: those under ``/api`` and ``/ui``, and ``/metrics``.

The gateway takes its addresses in any case and with slashes before them, so what is closed is told apart in
the same way: ``/API/faults`` and ``//api/faults`` are ``/api/faults`` here, too.
"""

from __future__ import annotations

from typing import Final

_CLOSED: Final = frozenset({"api", "ui", "metrics"})


def room(path: str) -> str:
    """The first part of an address, in lower case: ``api`` for ``/API/runs``."""
    return path.strip("/").partition("/")[0].lower()


def closed(path: str) -> bool:
    """Whether only those who may use the emulator get an answer here."""
    return room(path) in _CLOSED
