"""Tables of qualification: runs, and counters that outlive a restart."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    func,
    insert,
    select,
    update,
)

from backbone.database import Database, metadata
from participant import holding
from participant.holding import Hold
from services.qualification.binding import Binding
from services.qualification.errors import EvidencePruned, RunUnknown
from services.qualification.format import Scenario
from services.qualification.listing import Wanted
from services.qualification.results import Phase

PAGE = 100
run_table = Table(
    "qualification_run",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("order_number", Integer, nullable=False, unique=True),
    Column("mpan", String(13), nullable=False, index=True),
    Column("ended", Boolean, nullable=False, index=True),
    Column("through", Integer, nullable=False),
    Column("scenario", LargeBinary, nullable=False),
    Column("binding", LargeBinary, nullable=False),
    Column("briefing", LargeBinary, nullable=False),
    Column("document", LargeBinary, nullable=False),
)
facts_table = Table(  # narrow, so that a list need not read the documents of runs that it does not show
    "qualification_run_facts",
    metadata,
    Column("order_number", Integer, primary_key=True, autoincrement=False),
    Column("id", String(40), nullable=False, unique=True),
    Column("ended", Boolean, nullable=False),
    Column("scenario", Text, nullable=False),
    Column("verdict", String(16)),
    Column("label", String(100)),
    Column("participants", Text, nullable=False),  # DIP IDs, a blank before and after each
)
counter_table = Table(
    "qualification_counter",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", Integer, nullable=False),
)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PRUNED = "journal pruned before"  # milliseconds since 1970


@dataclass(frozen=True)
class StoredRun:
    """A run as it is kept.

    ``scenario``: pinned, so that a changed file changes no run. ``briefing``: the part of the run's
    document that never changes. ``document``: the whole of it, as last written. ``through``: sequence
    number of the last journal event that the verdict rests on; 0 until the run has ended.
    """

    id: str
    scenario: Scenario
    binding: Binding
    briefing: dict[str, Any]
    document: dict[str, Any]
    ended: bool = False
    through: int = 0


class RunStore:
    """Reads and writes runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def next_number(self, name: str, first: int) -> int:
        """The next number of a counter that begins at ``first``; no two callers get the same."""
        table = counter_table
        async with self._database.begin(lock="qualification") as connection:
            raised = update(table).where(table.c.name == name).values(value=table.c.value + 1)
            number = await connection.scalar(raised.returning(table.c.value))
            if number is None:
                await connection.execute(insert(table).values(name=name, value=first))
                return first
            return int(number)

    async def add(self, run: StoredRun, holds: Sequence[Hold] = ()) -> None:
        """Keep a run that begins, and what is to be held of it before any message of it can be made."""
        async with self._database.begin(lock="qualification") as connection:
            newest = await connection.scalar(select(func.max(run_table.c.order_number)))
            number = {"order_number": (newest or 0) + 1}
            await connection.execute(insert(run_table).values(_row(run) | number))
            await connection.execute(insert(facts_table).values(_facts(run) | number))
            await holding.set_holds(connection, run.binding.mpan, holds)

    async def save(self, run: StoredRun) -> None:
        values = _row(run)
        async with self._database.begin() as connection:
            await connection.execute(update(run_table).where(run_table.c.id == run.id).values(values))
            this = facts_table.c.id == run.id
            await connection.execute(update(facts_table).where(this).values(_facts(run)))

    async def get(self, run_id: str) -> StoredRun:
        """Raises RunUnknown."""
        async with self._database.read() as connection:
            found = (await connection.execute(select(run_table).where(run_table.c.id == run_id))).first()
        if found is None:
            raise RunUnknown(f"There is no run {run_id}.")
        return _stored(found)

    async def open_runs(self) -> list[StoredRun]:
        """The runs that have not ended, oldest first."""
        query = select(run_table).where(run_table.c.ended.is_(False)).order_by(run_table.c.order_number)
        async with self._database.read() as connection:
            return [_stored(row) for row in await connection.execute(query)]

    async def require_events(self, run: StoredRun) -> None:
        """Raises EvidencePruned for a run whose events were removed with what was old."""
        query = select(counter_table.c.value).where(counter_table.c.name == _PRUNED)
        async with self._database.read() as connection:
            pruned = await connection.scalar(query)
        before = _EPOCH + timedelta(milliseconds=pruned or 0)
        if run.document["ended"] is not None and datetime.fromisoformat(run.document["ended"]) < before:
            raise EvidencePruned(
                f"Run {run.id} ended before {before.isoformat()}, and what is older was removed from the "
                "journal (dipemu db prune). Its document and verdict are kept; evidence cannot be made of it."
            )

    async def newest_first(self, wanted: Wanted) -> AsyncIterator[dict[str, Any]]:
        """The documents of the runs that may be wanted, newest first, read a page at a time.

        A run that has not ended is wanted or not by what its manager knows of it.
        """
        number = facts_table.c.order_number
        both = facts_table.join(run_table, facts_table.c.id == run_table.c.id)
        query = select(number, run_table.c.document).select_from(both).where(*_conditions(wanted))
        query, below = query.order_by(number.desc()).limit(PAGE), None
        while True:
            async with self._database.read() as connection:
                page = query if below is None else query.where(number < below)
                rows = (await connection.execute(page)).all()
            for row in rows:
                yield orjson.loads(row.document)
            if len(rows) < PAGE:
                return
            below = rows[-1].order_number

    async def owners(self) -> dict[str, str]:
        """Which run each MPAN belongs to; the latest, where several used it."""
        query = select(run_table.c.mpan, run_table.c.id).order_by(run_table.c.order_number)
        async with self._database.read() as connection:
            return {row.mpan: row.id for row in await connection.execute(query)}


def note_pruned(connection: Connection, before: datetime) -> None:
    """Keep that events older than this were removed, so that nobody takes what is left for evidence."""
    moment = (before - _EPOCH) // timedelta(milliseconds=1)
    known = connection.scalar(select(counter_table.c.value).where(counter_table.c.name == _PRUNED))
    if known is None:
        connection.execute(insert(counter_table).values(name=_PRUNED, value=moment))
    elif moment > known:
        connection.execute(update(counter_table).where(counter_table.c.name == _PRUNED).values(value=moment))


def _row(run: StoredRun) -> dict[str, Any]:
    return {
        "id": run.id,
        "mpan": run.binding.mpan,
        "ended": run.ended,
        "through": run.through,
        "scenario": run.scenario.model_dump_json(by_alias=True, exclude_unset=True).encode(),
        "binding": run.binding.model_dump_json(by_alias=True).encode(),
        "briefing": orjson.dumps(run.briefing),
        "document": orjson.dumps(run.document),
    }


def _facts(run: StoredRun) -> dict[str, Any]:
    parties = "".join(f" {party.dip_id} " for party in run.binding.participants())
    return {
        "id": run.id,
        "ended": run.ended,
        "scenario": run.scenario.id,
        "verdict": run.document["verdict"],
        "label": run.document.get("label"),
        "participants": parties,
    }


def _conditions(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    facts = facts_table.c
    if wanted.scenario is not None:
        yield facts.scenario == wanted.scenario
    if wanted.label is not None:
        yield facts.label == wanted.label
    if wanted.verdict is not None:
        yield facts.verdict == wanted.verdict
    if wanted.phase is not None:
        yield facts.ended.is_(wanted.phase == Phase.FINISHED)
    if wanted.participant is not None:
        yield facts.participants.contains(f" {wanted.participant} ", autoescape=True)


def _stored(row: Any) -> StoredRun:
    return StoredRun(
        id=row.id,
        scenario=Scenario.model_validate_json(row.scenario),
        binding=Binding.model_validate_json(row.binding),
        briefing=orjson.loads(row.briefing),
        document=orjson.loads(row.document),
        ended=row.ended,
        through=row.through,
    )


def ended(run: StoredRun, document: dict[str, Any], through: int) -> StoredRun:
    """The run with its verdict."""
    return StoredRun(run.id, run.scenario, run.binding, run.briefing, document, ended=True, through=through)
