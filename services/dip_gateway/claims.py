"""Claims on sender references, between the gateways that take messages in for one database.

A claim is made before the messages are appended and lapses by itself, so that a gateway which dies between
the two does not have its sender refused for ever. The follower of the log makes it a use for good; see
``references``. Machines that share a database agree on the time to within a few seconds.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from time import time
from typing import Final

from sqlalchemy.exc import TimeoutError as NoConnectionFree

from backbone.database import Database
from backbone.errors import BackboneError, DatabaseUnavailable
from services.dip_gateway import store
from services.dip_gateway.errors import ReferencesTaken

LAPSE_SECONDS: Final = 30.0
"""More than an append may take (8 s) and a dead gateway's partitions may need to reach another follower."""

_MOST: Final = 5_000  # references in one statement: databases limit its parameters
_Waiting = tuple[frozenset[int], "asyncio.Future[float]"]

_log = logging.getLogger(__name__)


class Claims:
    """``now``: machine time in epoch seconds; business time may stand still or jump.

    Requests that wait at the same time are claimed in one transaction.
    """

    def __init__(self, database: Database, now: Callable[[], float] = time) -> None:
        self._database = database
        self._now = now
        self._waiting: deque[_Waiting] = deque()
        self._writer: asyncio.Task[None] | None = None

    async def take(self, digests: Collection[int]) -> float:
        """Claim all or none; until when the claim holds, which is its name too.

        Raises ReferencesTaken, DatabaseUnavailable.
        """
        done: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting.append((frozenset(digests), done))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        return await done

    async def _write(self) -> None:
        """Claim for whoever waits, until nobody does."""
        while self._waiting:
            batch = self._next()
            try:
                outcomes = await self._claim([wanted for wanted, _ in batch])
            except Exception as fault:  # noqa: BLE001 - whatever it is, those who wait are told
                outcomes = [fault] * len(batch)
            for (_, done), outcome in zip(batch, outcomes, strict=True):
                if done.done():
                    continue
                if isinstance(outcome, Exception):
                    done.set_exception(outcome)
                else:
                    done.set_result(outcome)

    def _next(self) -> list[_Waiting]:
        """Those that wait, as many as fit into one statement, but at least one."""
        batch = [self._waiting.popleft()]
        size = len(batch[0][0])
        while self._waiting and size + len(self._waiting[0][0]) <= _MOST:
            batch.append(self._waiting.popleft())
            size += len(batch[-1][0])
        return batch

    async def _claim(self, wanted: Sequence[frozenset[int]]) -> list[float | Exception]:
        """For each request until when its claim holds, or why it has none."""
        now = self._now()
        until = now + LAPSE_SECONDS
        try:
            async with self._database.begin() as connection:
                free = await store.claim_references(connection, frozenset().union(*wanted), now, until)
                missing = dealt(wanted, free)
                await store.release_references(connection, free, until)
                used = await store.used_references(connection, frozenset().union(*missing))
        except NoConnectionFree as fault:
            raise DatabaseUnavailable("every connection to the database is busy") from fault
        return [ReferencesTaken(taken, taken & used) if taken else until for taken in missing]

    @asynccontextmanager
    async def held(self, digests: Collection[int]) -> AsyncIterator[None]:
        """Claim all or none while messages are appended; where that fails the claim is given back.

        Raises ReferencesTaken, DatabaseUnavailable.
        """
        until = await self.take(digests)
        try:
            yield
        except BackboneError:
            await self.give_back(digests, until)
            raise

    async def give_back(self, digests: Collection[int], until: float) -> None:
        """After an append that failed. Where the database is away too, the claim lapses."""
        try:
            async with self._database.begin() as connection:
                await store.release_references(connection, digests, until)
        except (DatabaseUnavailable, NoConnectionFree) as fault:
            _log.warning("claimed references are left to lapse: %s", fault)


def dealt(wanted: Sequence[frozenset[int]], free: set[int]) -> list[frozenset[int]]:
    """Give each request in turn all that it wants of what is free, or nothing; what each is short of.

    What nobody got is left in ``free``.
    """
    missing = []
    for digests in wanted:
        missing.append(digests - free)
        if not missing[-1]:
            free -= digests
    return missing
