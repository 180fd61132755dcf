"""Claims on sender references, between the gateways that take messages in for one database.

A claim is made before the messages are appended and lapses by itself, so that a gateway which dies between
the two does not have its sender refused for ever. The follower of the log makes it a use for good; see
``references``. Machines that share a database agree on the time to within a few seconds.

A transaction costs the database the same for one claim as for a hundred, so a gateway has one under way at
a time, and all requests that come meanwhile share the next.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import time
from typing import Final

from sqlalchemy.exc import TimeoutError as NoConnectionFree

from backbone.database import Database
from backbone.errors import BackboneError, DatabaseUnavailable
from services.dip_gateway import store
from services.dip_gateway.errors import ReferencesTaken

LAPSE_SECONDS: Final = 30.0
"""More than an append may take (8 s) and a dead gateway's partitions may need to reach another follower."""

_MOST: Final = 5_000  # references claimed together; databases limit the parameters of a statement
_SECONDS: Final = 5.0
"""Longer than a claim may take: who waits for a database that hangs has others wait behind him, and a claim
that was long in the making lapses too early."""

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Wish:
    """What one request wants to claim. ``given_up``: it was cancelled and wants nothing any more."""

    digests: frozenset[int]
    given_up: bool = False
    until: float = 0.0
    taken: ReferencesTaken | None = None


@dataclass(slots=True, eq=False)
class _Round:
    """Requests that are claimed for in one transaction, and the task that does it."""

    wishes: list[_Wish] = field(default_factory=list)
    size: int = 0
    task: asyncio.Task[None] | None = None


class Claims:
    """``now``: machine time in epoch seconds; business time may stand still or jump."""

    def __init__(self, database: Database, now: Callable[[], float] = time) -> None:
        self._database = database
        self._now = now
        self._turn = asyncio.Lock()
        self._open: _Round | None = None

    async def take(self, digests: Collection[int]) -> float:
        """Claim all or none; until when the claim holds, which is its name too.

        Raises ReferencesTaken, DatabaseUnavailable.
        """
        wish = _Wish(frozenset(digests))
        try:
            await asyncio.shield(self._entered(wish))  # cancelling one request is nothing to the others
        except asyncio.CancelledError:
            wish.given_up = True
            raise
        if wish.taken is not None:
            raise wish.taken
        return wish.until

    def _entered(self, wish: _Wish) -> asyncio.Task[None]:
        """The task that will claim for this wish, among others."""
        joined = self._open
        if joined is None or joined.size + len(wish.digests) > _MOST:
            joined = self._open = _Round()
        joined.wishes.append(wish)
        joined.size += len(wish.digests)
        if joined.task is None:
            joined.task = asyncio.create_task(self._fulfil(joined))
        return joined.task

    async def _fulfil(self, joined: _Round) -> None:
        async with self._turn:
            if self._open is joined:
                self._open = None
            wishes = [wish for wish in joined.wishes if not wish.given_up]
            if not wishes:
                return
            until = await self._claim(wishes)
        if orphaned := frozenset().union(*(wish.digests for wish in wishes if _orphaned(wish))):
            await self.give_back(orphaned, until)

    async def _claim(self, wishes: Sequence[_Wish]) -> float:
        """Claim for each in turn all that it wants, or nothing. Until when these claims hold."""
        now = self._now()
        until = now + LAPSE_SECONDS
        try:
            async with asyncio.timeout(_SECONDS), self._database.begin() as connection:
                wanted = frozenset().union(*(wish.digests for wish in wishes))
                free = await store.claim_references(connection, wanted, now, until)
                missing, left = dealt([wish.digests for wish in wishes], free)
                await store.release_references(connection, left, until)
                used = await store.used_references(connection, frozenset().union(*missing))
        except NoConnectionFree as fault:
            raise DatabaseUnavailable("every connection to the database is busy") from fault
        except TimeoutError as fault:
            raise DatabaseUnavailable(f"the database did not answer within {_SECONDS:g} s") from fault
        for wish, lacking in zip(wishes, missing, strict=True):
            wish.until = until
            wish.taken = ReferencesTaken(lacking, lacking & used) if lacking else None
        return until

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


def dealt(wanted: Sequence[frozenset[int]], free: Collection[int]) -> tuple[list[frozenset[int]], set[int]]:
    """Give each in turn all that it wants of what is free, or nothing; what each lacks, and what is left."""
    left, missing = set(free), []
    for digests in wanted:
        missing.append(digests - left)
        if not missing[-1]:
            left -= digests
    return missing, left


def _orphaned(wish: _Wish) -> bool:
    """Claimed for a request that was cancelled meanwhile."""
    return wish.given_up and wish.taken is None
