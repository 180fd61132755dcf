"""Keeps who holds which role for which MPAN."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from backbone.database import Database
from services.dip_gateway import store
from services.dip_gateway.holdings import ALWAYS, Change, Holding, apply, family

_LOCK = "gateway.holdings"  # read, decide, write: messages of one MPAN come on several topics
Book = dict[str, tuple[Holding, ...]]


class Ledger:
    """The book of holdings. One writer at a time; the router asks and teaches it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, mpans: Iterable[str]) -> Book:
        """What is held for these MPANs."""
        async with self._database.read() as connection:
            return await _read(connection, set(mpans))

    async def learn(self, changes: Sequence[Change]) -> None:
        """Take changes in, in their order."""
        if not changes:
            return
        mpans = sorted({change.mpan for change in changes})
        async with self._database.begin(lock=_LOCK) as connection:
            before = await _read(connection, mpans)
            after = after_changes(before, changes)
            changed = [mpan for mpan in mpans if set(before[mpan]) != set(after[mpan])]
            if changed:
                rows = [_row(holding) for mpan in changed for holding in after[mpan]]
                await store.replace_holdings(connection, changed, rows)

    async def load(self, holdings: Sequence[Holding]) -> None:
        """Put these in the place of what was held for their MPANs."""
        mpans = sorted({holding.mpan for holding in holdings})
        unique = {(h.mpan, family(h.role), h.begins): h for h in holdings}
        async with self._database.begin(lock=_LOCK) as connection:
            await store.replace_holdings(connection, mpans, [_row(holding) for holding in unique.values()])


def after_changes(book: Mapping[str, Sequence[Holding]], changes: Iterable[Change]) -> Book:
    """The book with the changes taken in."""
    after = {mpan: tuple(held) for mpan, held in book.items()}
    for change in changes:
        after[change.mpan] = apply(after.get(change.mpan, ()), change)
    return after


async def _read(connection: AsyncConnection, mpans: Iterable[str]) -> Book:
    book: defaultdict[str, list[Holding]] = defaultdict(list, {mpan: [] for mpan in mpans})
    for row in await store.load_holdings(connection, book):
        begins, ends = _moment(row.begins), _moment(row.ends) if row.ends else None
        book[row.mpan].append(Holding(row.mpan, row.role, row.dip_id, begins, ends))
    return {mpan: tuple(held) for mpan, held in book.items()}


def _row(holding: Holding) -> dict[str, Any]:
    return {
        "mpan": holding.mpan,
        "family": family(holding.role),
        "begins": _text(holding.begins),
        "role": holding.role,
        "dip_id": holding.dip_id,
        "ends": _text(holding.ends) if holding.ends else None,
    }


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat() if moment > ALWAYS else ALWAYS.isoformat()


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
