"""The SQL database: SQLite in a file by default, PostgreSQL by URL; the same tables and queries on both.

Each service declares its tables in its ``store.py`` on the one ``metadata`` here.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar
from zlib import crc32

from sqlalchemy import Engine, MetaData, create_engine, event, text
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, InvalidatePoolError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from backbone.errors import DatabaseUnavailable, SettingsInvalid
from backbone.one_thread import OneThread

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
_BEGIN = "dipemu_begin"
_IMMEDIATE = {_BEGIN: "BEGIN IMMEDIATE"}
_ONE_STATE = {"isolation_level": "REPEATABLE READ"}
# Classes of SQLSTATE: connection, serialization and deadlock, resources, operator, system.
_AWAY_STATES = frozenset({"08", "40", "53", "57", "58"})
_USED = "dipemu_used"
_IDLE_SECONDS = 1.0
_ADVISORY_LOCK = text("SELECT pg_advisory_xact_lock(:key)")
Outcome = TypeVar("Outcome")


class Database:
    """One database and its connections. Open it with ``open``; use it from one event loop."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._writers = _WriterQueue() if engine.dialect.name == "sqlite" else None
        self._thread = OneThread(_sqlite_in_a_thread(engine.url)) if self._writers else None

    @classmethod
    async def open(cls, url: str) -> Database:
        """Connect to ``sqlite+aiosqlite:///path`` or ``postgresql+asyncpg://user@host/name``.

        Raises SettingsInvalid for any other URL, DatabaseUnavailable when nobody answers.
        """
        target = _checked(url)
        engine = _sqlite(target) if target.get_backend_name() == "sqlite" else _postgresql(target)
        database = cls(engine)
        try:
            async with database.read():
                return database
        except DatabaseUnavailable:
            await engine.dispose()
            raise
        except DBAPIError as error:
            await engine.dispose()
            raise DatabaseUnavailable(f"the database cannot be opened: {_reason(error)}") from error

    @property
    def engine(self) -> AsyncEngine:
        return self._engine

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return self._engine.dialect.name

    async def create_tables(self) -> None:
        """Create every table declared so far that is not there yet."""
        async with self.begin() as connection:
            await connection.run_sync(metadata.create_all)

    @asynccontextmanager
    async def begin(self, lock: str | None = None) -> AsyncIterator[AsyncConnection]:
        """A transaction that may write: committed at the end of the block, rolled back by an exception.

        On SQLite the write lock is taken at once, and writers of this process take turns in order. On
        PostgreSQL writers run side by side: those that must not (read, decide, write) name a ``lock`` of
        their own, held to the end of the block, or lock rows.
        Raises DatabaseUnavailable when the database is away; nothing was changed then.
        """
        if self._writers is None:
            async with self._connection({}) as connection, connection.begin():
                if lock is not None:
                    await connection.execute(_ADVISORY_LOCK, {"key": crc32(lock.encode())})
                yield connection
        else:
            async with self._writers.turn(), self._connection(_IMMEDIATE) as connection, connection.begin():
                yield connection

    async def transact(self, work: Callable[[Connection], Outcome], lock: str | None = None) -> Outcome:
        """What ``work`` returns: a transaction like that of ``begin``, for what is done all the time.

        ``work`` runs in another thread (on SQLite) and uses nothing that is not its own but the connection.
        """
        if self._writers is None or self._thread is None:
            async with self.begin(lock) as connection:
                return await connection.run_sync(work)
        async with self._writers.turn():
            with _telling_when_away():
                return await self._thread.transact(work)

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A connection for queries; sees one state of the data from the first query to the end."""
        return self._connection(_ONE_STATE if self._writers is None else {})

    @asynccontextmanager
    async def _connection(self, options: Mapping[str, str]) -> AsyncIterator[AsyncConnection]:
        with _telling_when_away():
            async with self._engine.execution_options(**options).connect() as connection:
                yield connection

    async def close(self) -> None:
        if self._thread is not None:
            await self._thread.close()
        await self._engine.dispose()


@contextmanager
def _telling_when_away() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, OSError) as error:
        if _is_away(error):
            raise DatabaseUnavailable(f"the database cannot be used now: {_reason(error)}") from error
        raise


class _WriterQueue:
    """Lets one writer in at a time, in order of arrival, where SQLite itself would poll for its lock."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._owner: asyncio.Task[Any] | None = None

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        if self._owner is not None and self._owner is asyncio.current_task():
            raise RuntimeError("begin() inside begin(): this task already holds the write lock")
        async with self._lock:
            self._owner = asyncio.current_task()
            try:
                yield
            finally:
                self._owner = None


def _checked(url: str) -> URL:
    try:
        target = make_url(url)
    except ArgumentError as error:
        raise SettingsInvalid("the database URL cannot be read") from error
    if target.drivername not in ("sqlite+aiosqlite", "postgresql+asyncpg"):
        raise SettingsInvalid(
            f"database URL with driver {target.drivername!r}: "
            "use sqlite+aiosqlite:///<path> or postgresql+asyncpg://<user>@<host>/<name>"
        )
    return target


def _sqlite(url: URL) -> AsyncEngine:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(url, connect_args={"timeout": 30})
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    event.listen(engine.sync_engine, "invalidate", _give_up_lock)
    return engine


def _sqlite_in_a_thread(url: URL) -> Engine:
    """The same file, for ``OneThread``: every transaction on it may write."""
    target = url.set(drivername="sqlite+pysqlite")
    engine = create_engine(target, connect_args={"timeout": 30, "check_same_thread": False})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine.execution_options(**_IMMEDIATE)


def _prepare_sqlite(connection: Any, record: object) -> None:
    connection.isolation_level = None  # transactions are begun by _begin_sqlite, not by the driver
    cursor = connection.cursor()
    for pragma in ("busy_timeout = 30000", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN"))


def _give_up_lock(connection: Any, record: object, fault: BaseException | None) -> None:
    """End the transaction of a connection that is thrown away because its task was cancelled.

    Closing is not enough: while a statement of it is still referred to (by the traceback of the
    cancellation, say), SQLite keeps the connection, and the write lock with it.
    """
    with suppress(sqlite3.Error, ValueError):  # ValueError: it is closed already
        connection.run_async(lambda driver: asyncio.shield(driver.rollback()))


def _postgresql(url: URL) -> AsyncEngine:
    engine = create_async_engine(url, pool_size=10, max_overflow=10, connect_args={"timeout": 10})
    event.listen(engine.sync_engine, "checkin", _note_use)
    event.listen(engine.sync_engine, "checkout", _check_alive)
    return engine


def _note_use(connection: Any, record: ConnectionPoolEntry) -> None:
    record.info[_USED] = monotonic()


def _check_alive(connection: Any, record: ConnectionPoolEntry, proxy: object) -> None:
    """Have a connection replaced whose server is gone. One in use a moment ago is not asked: asking takes
    three trips to the server, and what it closed we know."""
    used = record.info.get(_USED)
    if used is None:
        return
    if connection.driver_connection.is_closed():
        raise InvalidatePoolError
    if monotonic() - used > _IDLE_SECONDS:
        try:
            connection.ping()
        except (connection.dbapi.Error, OSError) as error:
            raise InvalidatePoolError from error


def _is_away(error: DBAPIError | OSError) -> bool:
    """Whether the fault lies in reaching the database, not in what was asked of it."""
    if isinstance(error, OSError) or error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return state[:2] in _AWAY_STATES
    sqlite = getattr(error.orig, "sqlite_errorcode", None)
    return isinstance(error, (OperationalError, InterfaceError)) and sqlite != sqlite3.SQLITE_ERROR


def _reason(error: DBAPIError | OSError) -> str:
    return str(error.orig if isinstance(error, DBAPIError) else error)
