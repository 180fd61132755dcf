"""Sender references already used: a reference counts once and for all (MSG1006), across restarts.

Asked on the hot path, so kept in memory, as 64 bits each; made durable behind it, from the log itself: what
was accepted is in the log before the sender has its answer, and this follows the log.

Where several processes take messages in, each follows a part of the log and so knows a part. There memory is
the first look only: before messages are appended their references are claimed in the database all share
(``claims``), and following the log makes claims uses for good. The database therefore has to be there.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import blake2b
from time import monotonic

from backbone.database import Database
from backbone.errors import DatabaseUnavailable, LogUnavailable
from backbone.log import ConsumedRecord, MessageLog
from services.dip_gateway import store
from services.dip_gateway.claims import Claims

GROUP = "gateway-references"
_BATCH = 1000
_RETRY_SECONDS = 0.5
_GATHER_SECONDS = 0.5

_log = logging.getLogger(__name__)


@lru_cache(4_096)  # asked several times for every message, within milliseconds
def digest(sender: str, reference: str) -> int:
    """64 bits of a sender's reference, as a signed number; two of a billion collide once in 37 cases."""
    raw = blake2b(f"{sender}\0{reference}".encode(), digest_size=8).digest()
    return int.from_bytes(raw, "big", signed=True)


class References:
    """What was used. Until ``loaded`` is set nothing may be accepted.

    ``settle_seconds``: how long nothing old must have come before the log's end counts as reached.
    ``claims``: where other processes take messages in as well.
    """

    def __init__(
        self,
        database: Database,
        log: MessageLog,
        settle_seconds: float = 0.0,
        claims: Claims | None = None,
    ) -> None:
        self._database = database
        self._message_log = log
        self.claims = claims
        self._settle_seconds = settle_seconds
        self._used: set[int] = set()
        self._claimed: set[int] = set()
        self._silent_since = 0.0
        self.loaded = asyncio.Event()

    def __len__(self) -> int:
        return len(self._used)

    def known(self, sender: str, reference: str) -> bool:
        return digest(sender, reference) in self._used

    def claim(self, digests: Collection[int]) -> bool:
        """Take references while their messages are appended; False when another request holds one of them.

        It is not known yet whether that one succeeds: its repetition is neither accepted nor a duplicate.
        """
        if not self._claimed.isdisjoint(digests):
            return False
        self._claimed.update(digests)
        return True

    def confirm(self, digests: Collection[int]) -> None:
        """What was claimed is used: its messages were appended."""
        self._used.update(digests)

    def release(self, digests: Collection[int]) -> None:
        """The request that claimed these is over."""
        self._claimed.difference_update(digests)

    async def run(self) -> None:
        """Load what is known, then follow the log, until cancelled."""
        self._used |= await self._stored()
        async with self._message_log.consume(GROUP, ["dip.if.*"]) as subscription:
            began, self._silent_since = datetime.now(UTC), monotonic()
            while True:
                try:
                    records = await subscription.fetch(_BATCH, self._patience())
                    if records:
                        await self._keep(records)
                        await subscription.commit(records)
                        await self._gather(len(records))
                    self._judge_backlog(records, began)
                except (LogUnavailable, DatabaseUnavailable) as fault:
                    _log.warning("used references wait: %s", fault)
                    await asyncio.sleep(_RETRY_SECONDS)

    def _patience(self) -> float | None:
        """How long to wait for records; until the backlog is read, so that its end is noticed."""
        return (
            None
            if self.loaded.is_set()
            else max(0.0, self._silent_since + self._settle_seconds - monotonic())
        )

    def _judge_backlog(self, records: Sequence[ConsumedRecord], began: datetime) -> None:
        """The backlog is read when for a while nothing came of what was accepted before we ``began``.

        What other gateways accept meanwhile does not count: under load it never ends.
        """
        if self.loaded.is_set():
            return
        if any(_received_at(consumed) < began for consumed in records):
            self._silent_since = monotonic()
        elif monotonic() >= self._silent_since + self._settle_seconds:
            self.loaded.set()

    async def _gather(self, count: int) -> None:
        """Let some more come together: nobody waits for this, and a crash leaves the rest in the log."""
        if self.loaded.is_set() and count < _BATCH:
            await asyncio.sleep(_GATHER_SECONDS)

    async def _stored(self) -> set[int]:
        while True:
            try:
                async with self._database.read() as connection:
                    return await store.load_references(connection)
            except DatabaseUnavailable as fault:
                _log.warning("used references wait for the database: %s", fault)
                await asyncio.sleep(_RETRY_SECONDS)

    async def _keep(self, records: Iterable[ConsumedRecord]) -> None:
        uses = [
            digest(headers["sender"], headers["reference"])
            for headers in (consumed.record.headers for consumed in records)
            if "sender" in headers and "reference" in headers
        ]
        self._used.update(uses)
        async with self._database.begin() as connection:
            await store.save_references(connection, uses)


def _received_at(consumed: ConsumedRecord) -> datetime:
    """Business time, never behind the machine's; what carries none counts as old."""
    text = consumed.record.headers.get("received-at")
    return datetime.fromisoformat(text) if text else datetime.min.replace(tzinfo=UTC)
