"""Takes old things away from a stopped emulator: what nothing that is still to come can ask for.

Used references, holdings, the directory, runs with their documents, what is not delivered or was abandoned
are never taken away. A record of the log goes when every group that reads it has handled it; the journal's
table keeps every event of a run that has not ended or ended within the time that is kept.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import Connection, delete, func, or_, select

from backbone.database import Database
from backbone.journal.table import journal_event
from backbone.log import Record
from backbone.log.embedded import FILE, storage, upkeep
from backbone.log.embedded.lock import DirectoryLock
from backbone.log.unsettled import Partition
from backbone.settings import Settings
from dipemu.backup import DATABASE, require_embedded
from dipemu.composition import open_database
from dipemu.errors import UpkeepRefused
from participant.outbox import handled_table
from participant.wire import harness_topic, inbox_topic, read_record
from services.dip_gateway.store import delivery_table
from services.qualification.store import note_pruned, run_table

# Whoever else has the database open (the emulator has not) is not waited for long.
_SHRINKING: Final = ("PRAGMA busy_timeout = 5000", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)")
_CHUNK: Final = 500  # values in one statement
_INCOMING: Final = (inbox_topic(""), harness_topic(""))


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many rows went (or would go) of each table, and which moment they are older than."""

    before: datetime
    records: int
    events: int
    deliveries: int
    processed: int

    @property
    def by_table(self) -> Mapping[str, int]:
        """In the words of people."""
        return {
            "records of the message log": self.records,
            "events of the journal's table": self.events,
            "deliveries that were delivered": self.deliveries,
            "IDs of what was processed": self.processed,
        }


@dataclass(frozen=True, slots=True)
class _Plan:
    """What of the log goes, which IDs go with it, and before which moment the rest is old."""

    goes: list[upkeep.Goes]
    before: datetime
    ids: set[tuple[str, str]]


async def prune(settings: Settings, older_than: timedelta, now: datetime, *, dry_run: bool = False) -> Pruned:
    """Remove what is older. Raises LogInUse (naming the process) while the emulator runs, UpkeepRefused."""
    require_embedded(settings)
    if not (settings.data / DATABASE).is_file() or not (settings.log_directory / FILE).is_file():
        raise UpkeepRefused(f"{settings.data} holds no log and no database: there is nothing to prune")
    lock = DirectoryLock(settings.log_directory)
    try:
        with closing(storage.connect(settings.log_directory / FILE)) as log:
            storage.create(log)
            database = await open_database(settings)
            try:
                return await _prune(database, log, now - older_than, dry_run)
            finally:
                await database.close()
    finally:
        lock.release()


async def _prune(database: Database, log: sqlite3.Connection, cutoff: datetime, dry_run: bool) -> Pruned:
    """First the database, then the log: after a crash between the two, the same records go once more."""
    plan = _plan(log, cutoff)

    def work(connection: Connection) -> Sequence[int]:
        with _rolled_back_if(connection, dry_run):
            return _prune_tables(connection, plan)

    processed, deliveries, events = await database.transact(work)
    with _transaction(log, dry_run):
        records = upkeep.remove(log, plan.goes)
    if not dry_run:
        await _shrink(database, log)
    return Pruned(plan.before, records, events, deliveries, processed)


def _plan(log: sqlite3.Connection, cutoff: datetime) -> _Plan:
    handled_to = upkeep.handled(log)
    if not upkeep.knows_readers(log):
        raise UpkeepRefused(
            "the message log does not say yet who reads it: start the emulator once with this version, stop "
            "it, and prune then"
        )
    goes = upkeep.removable(handled_to, upkeep.newest_by(log, cutoff))
    waiting = upkeep.oldest_unhandled(log, handled_to)
    before = cutoff
    if waiting is not None:
        # Whoever handles it goes by what the tables say was done with it, or because of it, before.
        since = upkeep.came_after(log, waiting)
        before = min(cutoff, since or datetime.fromtimestamp(0, UTC))
    before = before.replace(microsecond=before.microsecond // 1000 * 1000)  # as it is noted for the runs
    return _Plan(goes, before, _ids_that_go(log, goes))


def _ids_that_go(log: sqlite3.Connection, goes: Iterable[upkeep.Goes]) -> set[tuple[str, str]]:
    """Service and ID of what came in by records that go, unless it came in by one that stays as well."""
    gone: set[tuple[str, str]] = set()
    for one in goes:
        if one.partition[0].startswith(_INCOMING):
            gone |= set(_ids(one.partition, upkeep.values(log, one)))
            gone -= set(_ids(one.partition, upkeep.values_kept(log, one.partition, one.through)))
    return gone


def _ids(partition: Partition, values: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    topic = partition[0]
    for value in values:
        try:
            yield topic.partition(".")[2], read_record(Record(topic, "", value)).id
        except ValueError:
            continue  # it was put aside when it came, and has no ID


def _prune_tables(connection: Connection, plan: _Plan) -> Sequence[int]:
    """How many processed IDs, deliveries and events went."""
    before = _instant(plan.before)
    processed = _forget_ids(connection, plan.ids)
    deliveries = _forget_deliveries(connection, before)
    events = _forget_events(connection, plan.before)
    note_pruned(connection, plan.before)
    return processed, deliveries, events


def _forget_ids(connection: Connection, ids: Iterable[tuple[str, str]]) -> int:
    """All but those of messages that are not delivered: they may come once more."""
    columns = delivery_table.c
    owed = set(
        connection.scalars(
            select(columns.transaction_id).where(
                columns.state != "delivered", columns.transaction_id.is_not(None)
            )
        )
    )
    by_service: dict[str, list[str]] = {}
    for service, identifier in sorted(ids):
        if not any(part in owed for part in _transactions(identifier)):
            by_service.setdefault(service, []).append(identifier)
    return sum(
        connection.execute(
            delete(handled_table).where(handled_table.c.service == service, handled_table.c.id.in_(chunk))
        ).rowcount
        for service, found in by_service.items()
        for chunk in _chunks(found)
    )


def _transactions(identifier: str) -> tuple[str, str]:
    """What in an ID may be a transaction ID: a publication's is ``<transaction ID>:<DIP ID>``."""
    return identifier, identifier.rpartition(":")[0]


def _forget_deliveries(connection: Connection, before: str) -> int:
    """The newest stays: the table goes on counting from there."""
    columns = delivery_table.c
    newest = connection.scalar(select(func.max(columns.id)))
    old = (columns.state == "delivered") & (columns.finished_at < before) & (columns.id != newest)
    return connection.execute(delete(delivery_table).where(old)).rowcount


def _forget_events(connection: Connection, before: datetime) -> int:
    """All old ones but those of runs that are kept whole; the newest stays: runs are at its number."""
    columns = journal_event.c
    newest = connection.scalar(select(func.max(columns.sequence)))
    old = set(
        connection.scalars(
            select(columns.sequence).where(columns.at < _instant(before), columns.sequence != newest)
        )
    )
    for run in connection.execute(select(run_table.c.id, run_table.c.mpan, run_table.c.document)):
        document = orjson.loads(run.document)
        if old and _is_kept(document, before):
            old -= _events_of(connection, run.id, run.mpan, document)
    return sum(
        connection.execute(delete(journal_event).where(columns.sequence.in_(chunk))).rowcount
        for chunk in _chunks(sorted(old))
    )


def _is_kept(document: Mapping[str, Any], before: datetime) -> bool:
    """Whether a run that began before this moment had not ended by then."""
    ended = document.get("ended")
    began = datetime.fromisoformat(document["created"])
    return began < before and (ended is None or datetime.fromisoformat(ended) >= before)


def _events_of(connection: Connection, run: str, mpan: str, document: Mapping[str, Any]) -> set[int]:
    """Whatever the run's verdict may rest on: events of it, its MPAN, its participants, since it began."""
    columns = journal_event.c
    parties = [party["dipId"] for party in document["parties"] if party["who"] == "QP"]
    about = or_(
        columns.run == run, columns.mpan == mpan, columns.sender.in_(parties), columns.recipient.in_(parties)
    )
    since = columns.at >= _instant(datetime.fromisoformat(document["created"]))
    return set(connection.scalars(select(columns.sequence).where(about, since)))


async def _shrink(database: Database, log: sqlite3.Connection) -> None:
    """Give the disk back. Takes as much of it, for a while, as the files have when they are small again.

    Raises UpkeepRefused when there is not that much; what was to go is gone then, and another pruning
    gives its place back.
    """
    try:
        async with database.engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None  # noqa: S101 - a pool's connection has one
            for statement in _SHRINKING:
                log.execute(statement).fetchall()
                cursor = await driver.execute(statement)
                await cursor.fetchall()
    except sqlite3.OperationalError as error:
        raise UpkeepRefused(
            f"what is old was removed, but the files could not be made smaller ({error}): make room on the "
            "disk, let nothing else use the database, and prune again"
        ) from error


@contextmanager
def _rolled_back_if(connection: Connection, dry_run: bool) -> Iterator[None]:
    inner = connection.begin_nested()
    yield
    if dry_run:
        inner.rollback()
    else:
        inner.commit()


@contextmanager
def _transaction(connection: sqlite3.Connection, dry_run: bool) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("ROLLBACK" if dry_run else "COMMIT")


def _instant(moment: datetime) -> str:
    """As it stands in the tables: UTC, so that texts sort like moments."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK))
