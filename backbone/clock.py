"""Business time. No rule of the product reads the machine's clock: it is given ``now``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

UK = ZoneInfo("Europe/London")


class Clock(Protocol):
    """Tells the business time, an aware datetime in UTC."""

    def now(self, mpan: str | None = None) -> datetime:
        """Business time for this MPAN: the run that owns the MPAN may be ahead of the machine's clock."""


class SystemClock:
    """The machine's clock; the one place where it is read."""

    def now(self, mpan: str | None = None) -> datetime:
        return datetime.now(UTC)


class BusinessClock:
    """A clock that runs with the machine's, with an offset per MPAN and one for everything else."""

    def __init__(self, base: Clock | None = None) -> None:
        self._base = base or SystemClock()
        self._offset = timedelta()
        self._by_mpan: dict[str, timedelta] = {}
        self._watchers: list[Callable[[], None]] = []

    def now(self, mpan: str | None = None) -> datetime:
        offset = self._by_mpan.get(mpan, self._offset) if mpan is not None else self._offset
        return self._base.now() + offset if offset else self._base.now()

    def advance(self, by: timedelta, mpan: str | None = None) -> None:
        """Move the time of one MPAN (or of all without an offset of their own) forward.

        Raises ValueError for a negative step: business time never runs backwards.
        """
        if by < timedelta():
            raise ValueError("business time never runs backwards")
        if mpan is None:
            self._offset += by
        else:
            self._by_mpan[mpan] = self._by_mpan.get(mpan, self._offset) + by
        for moved in self._watchers:
            moved()

    def ahead(self, mpan: str) -> timedelta:
        """How far an MPAN's time is ahead of everything else's."""
        return self._by_mpan.get(mpan, self._offset) - self._offset

    def keep_ahead(self, by: timedelta, mpan: str) -> None:
        """Let the time of one MPAN be ahead of everything else's by at least this. Twice is as once."""
        missing = self._offset + by - self._by_mpan.get(mpan, self._offset)
        if missing > timedelta():
            self.advance(missing, mpan)

    def latest(self) -> datetime:
        """The business time that is furthest ahead, of any MPAN."""
        return self._base.now() + max([self._offset, *self._by_mpan.values()])

    @contextmanager
    def watched(self, moved: Callable[[], None]) -> Iterator[None]:
        """Within the block ``moved`` is called each time the clock has been advanced."""
        self._watchers.append(moved)
        try:
            yield
        finally:
            self._watchers.remove(moved)


def uk_midnight(moment: datetime, days: int = 0) -> datetime:
    """The UK-local midnight that begins the day of ``moment``, moved by ``days`` calendar days.

    Appointment and supply start dates use UK-local midnight (CR036), so the offset is +01:00 in summer.
    """
    day = moment.astimezone(UK).date() + timedelta(days=days)
    return datetime(day.year, day.month, day.day, tzinfo=UK)


def dip_timestamp(moment: datetime) -> str:
    """The market's DateTime, exactly 25 characters with an offset: ``2026-03-21T19:05:00+00:00``."""
    return moment.isoformat(timespec="seconds")
