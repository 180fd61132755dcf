"""Keeps who holds which role for which MPAN."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from backbone.database import Database
from participant import outbox
from services.dip_gateway import store
from services.dip_gateway.holdings import ALWAYS, Change, Holding, apply, family

_LOCK = "gateway.holdings"  # read, decide, write: messages of one MPAN come on several topics
_LOADS: Final = "dip_gateway.loads"  # under which name the loads that were done are kept
_REMEMBERED: Final = 50_000  # MPANs whose holdings are kept in memory
Book = dict[str, tuple[Holding, ...]]


@dataclass(frozen=True, slots=True)
class Load:
    """What one command says about who holds its MPAN; at least one holding, all of that MPAN."""

    command: str
    holdings: Sequence[Holding]

    @property
    def mpan(self) -> str:
        return self.holdings[0].mpan

    @property
    def marks(self) -> tuple[str, str]:
        """What is kept when it is done: that this command was, and that its MPAN was loaded."""
        return f"load {self.command}", f"loaded {self.mpan}"


class Ledger:
    """The book of holdings. One writer at a time; the router asks and teaches it.

    On SQLite the database has one process and the process one ledger: what it read or wrote it remembers.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._remembers = database.dialect == "sqlite"
        self._pages: Book = {}
        self._changes = 0

    async def read(self, mpans: Iterable[str]) -> Book:
        """What is held for these MPANs."""
        wanted = set(mpans)
        known = {mpan: self._pages[mpan] for mpan in wanted & self._pages.keys()}
        if len(known) == len(wanted):
            return known
        changes = self._changes
        async with self._database.read() as connection:
            found = await _read(connection, wanted - known.keys())
        if changes == self._changes:
            self._remember(found)
        return found | known

    async def learn(self, changes: Sequence[Change]) -> None:
        """Take changes in, in their order."""
        mpans = sorted({change.mpan for change in changes})
        known = {mpan: self._pages[mpan] for mpan in mpans if mpan in self._pages}
        if len(known) == len(mpans) and not _changed(known, after_changes(known, changes)):
            return
        async with self._changing(mpans) as connection:
            before = await _read(connection, mpans)
            after = after_changes(before, changes)
            changed = _changed(before, after)
            if changed:
                rows = [_row(holding) for mpan in changed for holding in after[mpan]]
                await store.replace_holdings(connection, changed, rows)

    async def load(self, holdings: Sequence[Holding]) -> None:
        """Put these in the place of what was held for their MPANs."""
        mpans = sorted({holding.mpan for holding in holdings})
        unique = {(h.mpan, family(h.role), h.begins): h for h in holdings}
        async with self._changing(mpans) as connection:
            await store.replace_holdings(connection, mpans, [_row(holding) for holding in unique.values()])

    async def load_once(self, loads: Sequence[Load]) -> None:
        """Load what commands say of their MPANs, but for what was done: given again, it changes nothing.

        What was learnt of an MPAN before its first load came with messages that overtook the load, and stays.
        """
        mpans = sorted({load.mpan for load in loads})
        async with self._changing(mpans) as connection:
            done = await outbox.handled(connection, _LOADS, {mark for load in loads for mark in load.marks})
            after, fresh = _loaded(await _read(connection, mpans), done, loads)
            if fresh:
                rows = [_row(holding) for held in after.values() for holding in held]
                await store.replace_holdings(connection, list(after), rows)
                await outbox.save(connection, _LOADS, changed={}, ids=fresh, to_send=())

    @asynccontextmanager
    async def _changing(self, mpans: Iterable[str]) -> AsyncIterator[AsyncConnection]:
        """A transaction on what is held for these MPANs, which is read again after it."""
        try:
            async with self._database.begin(lock=_LOCK) as connection:
                yield connection
        finally:
            self._changes += 1
            for mpan in mpans:
                self._pages.pop(mpan, None)

    def _remember(self, pages: Book) -> None:
        if self._remembers:
            if len(self._pages) + len(pages) > _REMEMBERED:
                self._pages.clear()
            self._pages |= pages


def _loaded(book: Book, done: Collection[str], loads: Iterable[Load]) -> tuple[Book, list[str]]:
    """The pages that the loads not done before lead to, and their marks that are new."""
    after: Book = {}
    marked = dict.fromkeys(done)
    for load in loads:
        given, first = load.marks
        if given not in marked:
            before = () if first in marked else book[load.mpan]
            after |= after_changes({load.mpan: before}, load.holdings)
            marked |= dict.fromkeys(load.marks)
    return after, [mark for mark in marked if mark not in done]


def _changed(before: Book, after: Book) -> list[str]:
    return [mpan for mpan in before if set(before[mpan]) != set(after[mpan])]


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
