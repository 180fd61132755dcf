"""What a service has to do at a moment to come: one timer per state, kept in the database.

A timer is written in the transaction that changes its state and removed in the one in which its moment is
handled, so a restart forgets none and two processes handle none twice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Column, ColumnElement, Index, String, Table, and_, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from backbone.database import metadata
from backbone.upsert import insert_replacing
from participant import outbox

Clock = Callable[[str | None], datetime]
_CHUNK = 500  # values in one IN list

timer_table = Table(
    "participant_timer",
    metadata,
    Column("service", String(64), primary_key=True),
    Column("key", String(128), primary_key=True),  # that of the state
    Column("due_at", String(40), nullable=False),  # business time, UTC, ISO 8601 with microseconds
    Column("recipient", String(10), nullable=False),
    Column("mpan", String(13)),
    Index(None, "service", "due_at"),
)


@dataclass(frozen=True, slots=True)
class Timer:
    """One state's next moment. ``due``: by the business clock of its MPAN. ``to``: whom it is told as."""

    key: str
    due: datetime
    to: str
    mpan: str | None = None

    def seconds_left(self, now: Clock) -> float:
        """Until it is due; zero or less once it is."""
        return (self.due - now(self.mpan)).total_seconds()


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is due, the longest due first, and in how many seconds to look again (None: nothing waits)."""

    due: tuple[Timer, ...]
    seconds: float | None


def outlook(near: Sequence[Timer], now: Clock, rest_in: float | None = None) -> Outlook:
    """Who is due, by the clock of each MPAN.

    ``near``: every timer that may be due by some clock. ``rest_in``: seconds until the first of all others
    may be.
    """
    due = tuple(sorted((t for t in near if t.seconds_left(now) <= 0), key=lambda t: (t.due, t.key)))
    waits = [left for timer in near if (left := timer.seconds_left(now)) > 0]
    waits += [] if rest_in is None else [rest_in]
    return Outlook(due, min(waits, default=None))


async def look(connection: AsyncConnection, service: str, now: Clock, latest: datetime) -> Outlook:
    """Who of a service is due. ``latest``: the furthest business time of any MPAN."""
    columns = timer_table.c
    near = and_(columns.service == service, columns.due_at <= _instant(latest))
    far = and_(columns.service == service, columns.due_at > _instant(latest))
    first = await connection.scalar(select(func.min(columns.due_at)).where(far))
    rest_in = None if first is None else (datetime.fromisoformat(first) - latest).total_seconds()
    return outlook(await _read(connection, near), now, rest_in)


async def held_up(connection: AsyncConnection, service: str, due: Sequence[Timer]) -> set[str]:
    """Keys of those timers about whose MPAN another service has an earlier one, or something still to send.

    Only what time has left behind is held up: after a stop, or when the clock was moved by days at once.
    """
    found: set[str] = set()
    for start in range(0, len(due), _CHUNK):
        moments = {t.key: _instant(t.due) for t in due[start : start + _CHUNK] if t.mpan is not None}
        others = and_(timer_table.c.service != service, timer_table.c.key.in_(moments))
        rows = await connection.execute(select(timer_table.c.key, timer_table.c.due_at).where(others))
        found |= {row.key for row in rows if row.due_at < moments[row.key]}
        found |= await outbox.on_their_way(connection, service, moments)
    return found


async def still_set(connection: AsyncConnection, service: str, timers: Sequence[Timer]) -> list[Timer]:
    """Those of the timers that nobody has handled or changed, in the same order."""
    found: set[Timer] = set()
    for start in range(0, len(timers), _CHUNK):
        keys = [timer.key for timer in timers[start : start + _CHUNK]]
        where = and_(timer_table.c.service == service, timer_table.c.key.in_(keys))
        found |= set(await _read(connection, where))
    return [timer for timer in timers if timer in found]


async def save(connection: AsyncConnection, service: str, timers: Mapping[str, Timer | None]) -> None:
    """Set these states' timers; None: no moment to come."""
    rows = [_row(service, timer) for _, timer in sorted(timers.items()) if timer is not None]
    if rows:
        await connection.execute(insert_replacing(connection, timer_table), rows)
    await _remove(connection, service, [key for key, timer in timers.items() if timer is None])


async def _remove(connection: AsyncConnection, service: str, keys: Collection[str]) -> None:
    ordered = sorted(keys)
    for start in range(0, len(ordered), _CHUNK):
        these = timer_table.c.key.in_(ordered[start : start + _CHUNK])
        await connection.execute(delete(timer_table).where(timer_table.c.service == service, these))


async def _read(connection: AsyncConnection, where: ColumnElement[bool]) -> list[Timer]:
    rows = await connection.execute(select(timer_table).where(where))
    return [Timer(row.key, datetime.fromisoformat(row.due_at), row.recipient, row.mpan) for row in rows]


def _row(service: str, timer: Timer) -> dict[str, str | None]:
    return {
        "service": service,
        "key": timer.key,
        "due_at": _instant(timer.due),
        "recipient": timer.to,
        "mpan": timer.mpan,
    }


def _instant(moment: datetime) -> str:
    """UTC, so that texts sort like moments."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
