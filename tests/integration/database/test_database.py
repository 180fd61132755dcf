"""What a store may rely on, whatever the database."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import Connection, func, select, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, IntegrityError

from backbone.database import Database
from backbone.errors import DatabaseUnavailable, SettingsInvalid
from backbone.upsert import insert_all_ignoring
from tests.integration.database.tables import account, create, entry
from tests.real_services import POSTGRES_SCRIPT, postgres_url, run


@pytest.fixture
async def accounts(database: Database) -> Database:
    await create(database)
    return database


async def put(database: Database, name: str, balance: int) -> None:
    async with database.begin() as connection:
        await connection.execute(account.insert().values(name=name, balance=balance))


async def balance(database: Database, name: str) -> int | None:
    async with database.read() as connection:
        return await connection.scalar(select(account.c.balance).where(account.c.name == name))


async def test_what_was_committed_is_there(accounts: Database) -> None:
    await put(accounts, "a", 1)
    assert await balance(accounts, "a") == 1


async def test_given_an_exception_in_the_block_nothing_was_changed(accounts: Database) -> None:
    async def fail() -> None:
        async with accounts.begin() as connection:
            await connection.execute(account.insert().values(name="a", balance=1))
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await balance(accounts, "a") is None


async def test_given_a_cancelled_task_nothing_was_changed_and_the_next_writer_gets_its_turn(
    accounts: Database,
) -> None:
    inside = asyncio.Event()

    async def stuck() -> None:
        async with accounts.begin() as connection:
            await connection.execute(account.insert().values(name="a", balance=1))
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(stuck())
    await inside.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await put(accounts, "b", 2)
    assert await balance(accounts, "a") is None


async def test_writers_that_name_a_lock_never_overwrite_each_other(accounts: Database) -> None:
    await put(accounts, "a", 0)

    async def deposit() -> None:
        async with accounts.begin(lock="account a") as connection:
            before = await connection.scalar(select(account.c.balance).where(account.c.name == "a"))
            assert before is not None
            await connection.execute(update(account).values(balance=before + 1))

    await asyncio.gather(*(deposit() for _ in range(40)))
    assert await balance(accounts, "a") == 40


async def test_what_was_done_in_one_go_is_committed_and_its_result_returned(accounts: Database) -> None:
    def open_account(connection: Connection) -> int:
        connection.execute(account.insert().values(name="a", balance=1))
        return int(connection.scalar(select(func.count()).select_from(account)) or 0)

    assert await accounts.transact(open_account) == 1
    assert await balance(accounts, "a") == 1


async def test_given_an_exception_nothing_was_done_in_one_go(accounts: Database) -> None:
    def fail(connection: Connection) -> None:
        connection.execute(account.insert().values(name="a", balance=1))
        raise LookupError

    with pytest.raises(LookupError):
        await accounts.transact(fail)
    assert await balance(accounts, "a") is None
    await put(accounts, "a", 2)


async def test_transactions_of_both_kinds_never_overwrite_each_other(accounts: Database) -> None:
    await put(accounts, "a", 0)

    def one_go(connection: Connection) -> None:
        before = connection.scalar(select(account.c.balance).where(account.c.name == "a")) or 0
        connection.execute(update(account).values(balance=before + 1))

    async def deposit() -> None:
        async with accounts.begin(lock="account a") as connection:
            await connection.run_sync(one_go)

    both = [deposit() for _ in range(20)] + [accounts.transact(one_go, "account a") for _ in range(20)]
    await asyncio.gather(*both)
    assert await balance(accounts, "a") == 40


async def test_given_a_cancelled_task_a_transaction_in_one_go_is_whole_or_not_there(
    accounts: Database,
) -> None:
    def open_accounts(connection: Connection) -> None:
        for name in ("a", "b"):
            connection.execute(account.insert().values(name=name, balance=1))

    task = asyncio.create_task(accounts.transact(open_accounts))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await put(accounts, "c", 2)
    assert await balance(accounts, "a") == await balance(accounts, "b")


async def test_a_mistake_in_one_go_is_not_taken_for_an_absent_database(accounts: Database) -> None:
    with pytest.raises(DBAPIError):
        await accounts.transact(lambda connection: connection.execute(text("SELECT nothing FROM nowhere")))


@pytest.mark.parametrize("count", [0, 1, 5, 300])
async def test_many_rows_are_inserted_and_those_already_there_left_alone(
    accounts: Database, count: int
) -> None:
    await put(accounts, "0", -1)
    rows = [(number, str(number)) for number in range(count)]
    for _ in range(2):
        await accounts.transact(lambda c: insert_all_ignoring(c, account, ("balance", "name"), rows))
    async with accounts.read() as connection:
        found = {row.name: row.balance for row in await connection.execute(select(account))}
    assert found == {name: number for number, name in rows} | {"0": -1}


async def test_a_reader_sees_one_state_from_beginning_to_end(accounts: Database) -> None:
    await put(accounts, "a", 1)
    async with accounts.read() as connection:
        count = select(func.count()).select_from(account)
        assert await connection.scalar(count) == 1
        await put(accounts, "b", 2)
        assert await connection.scalar(count) == 1
    assert await balance(accounts, "b") == 2


async def test_readers_are_not_held_up_by_a_writer(accounts: Database) -> None:
    await put(accounts, "a", 1)
    async with accounts.begin() as connection:
        await connection.execute(update(account).values(balance=2))
        assert await asyncio.wait_for(balance(accounts, "a"), 5) == 1


async def test_foreign_keys_are_kept(accounts: Database) -> None:
    with pytest.raises(IntegrityError):
        async with accounts.begin() as connection:
            await connection.execute(entry.insert().values(account="nobody"))


async def test_a_mistake_of_ours_is_not_taken_for_an_absent_database(accounts: Database) -> None:
    """Otherwise a worker would retry it for ever."""
    with pytest.raises(DBAPIError):
        async with accounts.read() as connection:
            await connection.execute(text("SELECT nothing FROM nowhere"))


async def test_creating_the_tables_again_changes_nothing(accounts: Database) -> None:
    await accounts.create_tables()
    await accounts.create_tables()


async def test_two_programs_write_to_one_database(accounts: Database, url: str) -> None:
    """``dipemu participants add`` while ``up`` runs."""
    other = await Database.open(url)

    async def write(database: Database, prefix: str) -> None:
        for number in range(20):
            await put(database, f"{prefix}{number}", number)

    await asyncio.gather(write(accounts, "up-"), write(other, "cli-"))
    assert await balance(other, "up-19") == await balance(accounts, "cli-19") == 19
    await other.close()


async def test_given_kill_9_every_acknowledged_transaction_is_there_and_whole(
    accounts: Database, url: str
) -> None:
    command = [sys.executable, "-m", "tests.integration.database.writer", url]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    lines = [await process.stdout.readline() for _ in range(60)]
    process.kill()
    rest, _ = await process.communicate()
    acknowledged = {int(line) for line in [*lines, *rest.splitlines(keepends=True)] if line.endswith(b"\n")}
    async with accounts.read() as connection:
        names = set(await connection.scalars(select(account.c.name)))
    assert {str(number) for number in acknowledged} <= names
    assert {name for name in names if "-" not in name} == {name[:-5] for name in names if "-" in name}


async def test_a_write_inside_a_write_is_refused_at_once(tmp_path: Path) -> None:
    """On SQLite it would wait for itself."""
    database = await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'a.sqlite3'}")
    async with database.begin():
        with pytest.raises(RuntimeError, match="already holds the write lock"):
            async with database.begin():
                pass
    await database.close()


@pytest.mark.parametrize("url", ["mysql://host/name", "sqlite:///x.db", "postgresql://host/name", "nonsense"])
async def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(SettingsInvalid, match="database URL"):
        await Database.open(url)


async def test_given_a_file_that_is_no_database_opening_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.sqlite3").write_text("not a database " * 1000)
    with pytest.raises(DatabaseUnavailable, match="not a database"):
        await Database.open(f"sqlite+aiosqlite:///{tmp_path / 'a.sqlite3'}")


async def test_given_no_server_opening_says_so() -> None:
    with pytest.raises(DatabaseUnavailable):
        await Database.open("postgresql+asyncpg://dipemu@127.0.0.1:1/dipemu")


@pytest.mark.postgres
async def test_given_the_server_ends_a_connection_in_use_the_store_is_told_and_the_next_call_works() -> None:
    database = await Database.open(postgres_url())
    with pytest.raises(DatabaseUnavailable):
        async with database.begin() as connection:
            await connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    async with database.read() as connection:
        assert await connection.scalar(text("SELECT 1")) == 1
    await database.close()


@pytest.mark.postgres
async def test_given_the_server_ended_connections_that_were_idle_nobody_notices() -> None:
    database, other = await Database.open(postgres_url()), await Database.open(postgres_url())
    backends = []
    for _ in range(2):
        async with database.read() as first, database.read() as second:
            backends = [await c.scalar(text("SELECT pg_backend_pid()")) for c in (first, second)]
        async with other.read() as connection:
            for backend in backends:
                await connection.execute(text(f"SELECT pg_terminate_backend({backend}, 5000)"))
    async with database.read() as first, database.read() as second:
        after = [await c.scalar(text("SELECT pg_backend_pid()")) for c in (first, second)]
    assert not set(after) & set(backends)
    await database.close()
    await other.close()


@pytest.mark.postgres
async def test_a_connection_that_was_idle_long_is_tried_before_it_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The server may be gone without a word: here it is gone, and the word held back."""
    monkeypatch.setattr("backbone.database._IDLE_SECONDS", 0.0)
    database, other = await Database.open(postgres_url()), await Database.open(postgres_url())
    async with database.read() as connection:
        backend = await connection.scalar(text("SELECT pg_backend_pid()"))
        held = (await connection.get_raw_connection()).driver_connection  # collected after the word came
    is_closed = asyncpg.Connection.is_closed
    monkeypatch.setattr("asyncpg.Connection.is_closed", lambda one: one is not held and is_closed(one))
    async with other.read() as connection:
        await connection.execute(text(f"SELECT pg_terminate_backend({backend}, 5000)"))
    async with database.read() as connection:
        assert await connection.scalar(text("SELECT pg_backend_pid()")) != backend
    monkeypatch.undo()
    assert held is not None
    assert held.is_closed()
    await database.close()
    await other.close()


@pytest.mark.postgres
async def test_a_connection_that_was_just_in_use_is_not_tried_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backbone.database._IDLE_SECONDS", 60.0)
    monkeypatch.delattr("sqlalchemy.dialects.postgresql.asyncpg.AsyncAdapt_asyncpg_connection.ping")
    database = await Database.open(postgres_url())
    for _ in range(2):
        async with database.begin() as connection:
            await connection.execute(text("SELECT 1"))
    await database.close()


@pytest.mark.postgres
async def test_given_an_unknown_database_opening_says_so() -> None:
    url = make_url(postgres_url()).set(database="no_such_database")
    with pytest.raises(DatabaseUnavailable, match="no_such_database"):
        await Database.open(url.render_as_string(hide_password=False))


_OWN = {"POSTGRES_PORT": "15499"}


@pytest.mark.postgres
@pytest.mark.slow
async def test_given_the_server_is_killed_and_comes_back_nobody_needs_a_restart() -> None:
    await asyncio.to_thread(run, POSTGRES_SCRIPT, "start", **_OWN)
    url = await asyncio.to_thread(run, POSTGRES_SCRIPT, "url", **_OWN)
    database = await Database.open(url.strip())
    await create(database)
    name = f"account-{id(database) % 10**9}"
    await put(database, name, 1)
    await asyncio.to_thread(run, POSTGRES_SCRIPT, "kill", **_OWN)
    with pytest.raises(DatabaseUnavailable):
        await put(database, "lost", 1)
    with pytest.raises(DatabaseUnavailable):
        await balance(database, name)
    await asyncio.to_thread(run, POSTGRES_SCRIPT, "start", **_OWN)
    assert await balance(database, name) == 1
    await database.close()
    await asyncio.to_thread(run, POSTGRES_SCRIPT, "stop", **_OWN)
