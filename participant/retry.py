"""When a request to another party is tried again, and after how long. Pure but for the jitter."""

from __future__ import annotations

import random

RETRIED = frozenset({408, 429, 500, 502, 503, 504})
"""The statuses after which the DIP's published table asks for a retry; no answer counts as one of them."""


def retry_wanted(status: int) -> bool:
    """Whether an answer with this status asks for another attempt."""
    return status in RETRIED


def retry_delay(attempt: int, first: float, longest: float, retry_after: str | None = None) -> float:
    """Seconds to wait after attempt number ``attempt`` (1 and up) without success.

    Doubles from ``first`` to ``longest``, the last quarter of it at random. A ``Retry-After`` in seconds is
    honoured when it asks for more, up to ten times ``longest``.
    """
    delay = min(longest, first * 2.0 ** min(attempt - 1, 30))
    delay *= random.uniform(0.75, 1.0)  # noqa: S311 - spreads retries, protects nothing
    asked = float(retry_after) if retry_after and retry_after.isdigit() and retry_after.isascii() else 0.0
    return max(delay, min(asked, longest * 10))
