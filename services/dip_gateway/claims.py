"""Claims on sender references, between the gateways that take messages in for one database.

A claim is made before the messages are appended and lapses by itself, so that a gateway which dies between
the two does not have its sender refused for ever. The follower of the log makes it a use for good; see
``references``. Machines that share a database agree on the time to within a few seconds.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Collection
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

_log = logging.getLogger(__name__)


class Claims:
    """``now``: machine time in epoch seconds; business time may stand still or jump."""

    def __init__(self, database: Database, now: Callable[[], float] = time) -> None:
        self._database = database
        self._now = now

    async def take(self, digests: Collection[int]) -> float:
        """Claim all or none; until when the claim holds, which is its name too.

        Raises ReferencesTaken, DatabaseUnavailable.
        """
        now = self._now()
        until = now + LAPSE_SECONDS
        try:
            async with self._database.begin() as connection:
                claimed = await store.claim_references(connection, digests, now, until)
                if len(claimed) < len(set(digests)):
                    taken = frozenset(digests) - claimed
                    used = await store.used_references(connection, taken)
                    raise ReferencesTaken(taken, used)  # and the rest is rolled back
        except NoConnectionFree as fault:
            raise DatabaseUnavailable("every connection to the database is busy") from fault
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
