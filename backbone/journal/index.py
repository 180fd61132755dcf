"""The journal made searchable: a projection of the topic ``journal`` into one SQL table."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from backbone.database import Database
from backbone.errors import DatabaseUnavailable, LogUnavailable
from backbone.journal.events import JOURNAL_TOPIC, JournalEvent, read_fields
from backbone.journal.table import INDEXED_LENGTH, journal_event
from backbone.log.dead_letters import bury
from backbone.log.port import ConsumedRecord, MessageLog, Subscription
from backbone.upsert import insert_all_ignoring

GROUP = "journal-index"
_BATCH = 500
_RETRY_SECONDS = 0.5
_ROUND_SECONDS = 0.03  # between rounds at least: what comes one by one is written together
_POLL_SECONDS = 0.2  # how often to look when another process does the indexing

_log = logging.getLogger(__name__)
Outcome = TypeVar("Outcome")
Row = tuple[str | bytes | None, ...]


class JournalIndex:
    """Projects and answers. One process (or several, taking turns) runs ``run``; all may ask."""

    def __init__(self, database: Database, log: MessageLog) -> None:
        self._database = database
        self._message_log = log
        self._newest = 0
        self._news = asyncio.Event()
        self._running = 0
        self.counted: Counter[str] = Counter()  # events by kind that were indexed here, since the start

    async def run(self) -> None:
        """Index until cancelled. An event seen before changes nothing; a fault is retried."""
        now = asyncio.get_running_loop().time
        self._running += 1
        try:
            async with self._message_log.consume(GROUP, [JOURNAL_TOPIC]) as subscription:
                while True:
                    began = now()
                    await self._index_next(subscription)
                    await asyncio.sleep(began + _ROUND_SECONDS - now())
        finally:
            self._running -= 1

    async def _index_next(self, subscription: Subscription) -> None:
        records = await _patiently(partial(subscription.fetch, _BATCH))
        rows: list[Row] = []
        for consumed in records:
            try:
                rows.append(_row(consumed.record.value))
            except ValueError as error:
                await _patiently(partial(self._put_aside, consumed, error))
        await _patiently(partial(self._store, rows))
        await _patiently(partial(subscription.commit, records))

    async def _put_aside(self, consumed: ConsumedRecord, error: Exception) -> None:
        """What is not an event goes to the dead-letter topic."""
        _log.error("not a journal event at %s: %s", consumed.position, error)
        await bury(self._message_log, GROUP, consumed, f"not a journal event: {error!r}")

    async def _store(self, rows: Sequence[Row]) -> None:
        def store(connection: Connection) -> int:
            insert_all_ignoring(connection, journal_event, _COLUMNS, rows)
            return int(connection.scalar(_NEWEST) or 0)

        newest = await self._database.transact(store, lock=GROUP)  # numbers become visible in order
        self.counted.update(row[1] for row in rows if isinstance(row[1], str))
        self._announce(newest)

    def _announce(self, newest: int) -> None:
        if newest > self._newest:
            self._newest = newest
            self._news.set()
            self._news = asyncio.Event()

    async def events(
        self,
        *,
        mpan: str | None = None,
        party: str | None = None,
        reference: str | None = None,
        correlation: str | None = None,
        transaction: str | None = None,
        interface: str | None = None,
        run: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int | None = None,
        after: int | None = None,
    ) -> list[tuple[int, JournalEvent]]:
        """The events that fit all that is given, each with its sequence number, in order.

        ``party``: sender or recipient. ``since`` (inclusive) and ``until`` (exclusive): aware datetimes.
        """
        columns = journal_event.c
        equal = {
            columns.mpan: mpan,
            columns.reference: reference,
            columns.correlation_id: correlation,
            columns.transaction_id: transaction,
            columns.interface: interface,
            columns.run: run,
        }
        conditions: list[ColumnElement[bool]] = [
            column == _cut(value) for column, value in equal.items() if value is not None
        ]
        if party is not None:
            conditions.append(or_(columns.sender == _cut(party), columns.recipient == _cut(party)))
        if since is not None:
            conditions.append(columns.at >= _instant(since))
        if until is not None:
            conditions.append(columns.at < _instant(until))
        if after is not None:
            conditions.append(columns.sequence > after)
        query = select(columns.sequence, columns.line).where(*conditions)
        async with self._database.read() as connection:
            rows = await connection.execute(query.order_by(columns.sequence).limit(limit))
            return [(sequence, JournalEvent.from_bytes(line)) for sequence, line in rows]

    async def wait(self, after: int, timeout: float) -> int:  # noqa: ASYNC109 - part of the room's API
        """The newest sequence number: at once when above ``after``, else when something newer comes.

        After ``timeout`` seconds, the newest there is.
        """
        until = asyncio.get_running_loop().time() + timeout
        await self._refresh()
        while self._newest <= after and await self._woken(until):
            await self._refresh()
        return self._newest

    async def _woken(self, until: float) -> bool:
        """Wait for news, or (when another process indexes) until it is time to look. False: time is up."""
        now = asyncio.get_running_loop().time()
        look = until if self._alone else min(until, now + _POLL_SECONDS)
        try:
            async with asyncio.timeout_at(look):
                await self._news.wait()
        except TimeoutError:
            return asyncio.get_running_loop().time() < until
        return True

    @property
    def _alone(self) -> bool:
        """Whether all indexing happens here. A server may be fed by other processes too."""
        return self._running > 0 and self._database.dialect == "sqlite"

    async def _refresh(self) -> None:
        if self._newest == 0 or not self._alone:
            async with self._database.read() as connection:
                self._announce(await _newest(connection))


async def _patiently(step: Callable[[], Awaitable[Outcome]]) -> Outcome:
    """Do a step, again and again while the log or the database is away."""
    while True:
        try:
            return await step()
        except (LogUnavailable, DatabaseUnavailable) as fault:
            _log.warning("the journal index waits: %s", fault)
            await asyncio.sleep(_RETRY_SECONDS)


async def _newest(connection: AsyncConnection) -> int:
    return int(await connection.scalar(_NEWEST) or 0)


_NEWEST = select(func.max(journal_event.c.sequence))
_SEARCHED = (
    "mpan",
    "interface",
    "sender",
    "recipient",
    "reference",
    "transaction_id",
    "correlation_id",
    "run",
)
_COLUMNS = ("id", "kind", "at", "service", *_SEARCHED, "line")


def _row(line: bytes) -> Row:
    """In the order of ``_COLUMNS``. Raises ValueError for what is not an event."""
    event = read_fields(line)
    identifier, service = event.get("id") or uuid4().hex, event["service"]
    known = (_cut(event.get(name)) for name in _SEARCHED)
    return (identifier, event["kind"].value, _instant(event["at"]), service, *known, line)


def _cut(value: str | None) -> str | None:
    """What of a stranger's text can be searched for; PostgreSQL takes no NUL in a text."""
    if value is None:
        return None
    return value.replace("\0", "")[:INDEXED_LENGTH]


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
