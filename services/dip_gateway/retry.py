"""Which answers of a webhook end a delivery, and how long to wait before the next attempt. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from random import Random
from typing import Final

# The table is the one in the comments of the official definition of the webhook's answers.
DONE_STATUSES: Final = frozenset({201, 207})
LONGEST_SECONDS: Final = 86_400.0  # a webhook may ask for more; it does not get it
RETRY_STATUSES: Final = frozenset({408, 429, 500, 502, 503, 504})


class Outcome(StrEnum):
    """What an answer means for the delivery."""

    DONE = "done"
    RETRY = "retry"
    ABANDON = "abandon"


def outcome(status: int | None) -> Outcome:
    """Judge a webhook's HTTP status; None stands for no answer (refused, reset, timed out)."""
    if status in DONE_STATUSES:
        return Outcome.DONE
    if status is None or status in RETRY_STATUSES:
        return Outcome.RETRY
    return Outcome.ABANDON


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff. ``first`` and ``most`` in seconds; ``attempts`` counts the first one too."""

    first: float = 0.5
    most: float = 60.0
    attempts: int = 20

    def delay(self, attempt: int, random: Random, retry_after: float | None = None) -> float | None:
        """Seconds to wait after the failed ``attempt`` (1 is the first); None when it was the last.

        Half of the wait is jitter, so that recipients that failed together do not return together. A
        ``Retry-After`` is honoured even above ``most``, up to a day.
        """
        if attempt >= self.attempts:
            return None
        ceiling = min(self.most, self.first * 2.0 ** min(attempt - 1, 32))
        return max(ceiling / 2 + random.random() * ceiling / 2, min(retry_after or 0.0, LONGEST_SECONDS))


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """Read a Retry-After header, seconds or HTTP date; None when absent or unreadable, never negative."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
