"""How far business time is ahead, per MPAN, kept so that it survives a restart and reaches every process."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

from sqlalchemy import BigInteger, Column, Integer, String, Table, func, select

from backbone.clock import BusinessClock
from backbone.database import Database, metadata
from backbone.errors import DatabaseUnavailable
from backbone.upsert import insert_replacing

_LOOK_SECONDS = 1.0
_LOCK = "business clock"
_MILLISECOND = timedelta(milliseconds=1)
logger = logging.getLogger(__name__)

offset_table = Table(
    "business_clock",
    metadata,
    Column("mpan", String(13), primary_key=True),
    Column("ahead_ms", BigInteger, nullable=False),
    Column("changed", Integer, nullable=False, index=True),  # grows with every change of any row
)


class ClockOffsets:
    """Keeps one process's business clock in step with the database."""

    def __init__(self, database: Database, clock: BusinessClock) -> None:
        self._database = database
        self._clock = clock
        self._read_up_to = 0

    async def keep(self, mpan: str, ahead: timedelta) -> None:
        """Let an MPAN's time be this far ahead of everything else's, unless it is further.

        To the millisecond, rounded up.
        Raises DatabaseUnavailable; the clock stands as it stood then.
        """
        table = offset_table
        async with self._database.begin(lock=_LOCK) as connection:
            known = await connection.scalar(select(table.c.ahead_ms).where(table.c.mpan == mpan))
            wanted = -(-ahead // _MILLISECOND)
            if known is None or known < wanted:
                newest = await connection.scalar(select(func.max(table.c.changed)))
                row = {"mpan": mpan, "ahead_ms": wanted, "changed": (newest or 0) + 1}
                await connection.execute(insert_replacing(connection, table), row)
        self._clock.keep_ahead(max(wanted, known or 0) * _MILLISECOND, mpan)

    async def read(self) -> None:
        """Take over what has changed since this was last asked. Raises DatabaseUnavailable."""
        query = select(offset_table).where(offset_table.c.changed > self._read_up_to)
        async with self._database.read() as connection:
            rows = (await connection.execute(query.order_by(offset_table.c.changed))).all()
        for row in rows:
            self._clock.keep_ahead(row.ahead_ms * _MILLISECOND, row.mpan)
            self._read_up_to = row.changed

    async def follow(self) -> None:
        """Take over what other processes change, within a second or so, until cancelled."""
        while True:
            try:
                await self.read()
            except DatabaseUnavailable as fault:
                logger.info("the business clock is not read now: %s", fault)
            await asyncio.sleep(_LOOK_SECONDS)
