"""What the gateway keeps: used references, holdings, deliveries, results, on a real log and database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from backbone.database import Database
from backbone.log import Record
from backbone.log.embedded import EmbeddedLog
from services.dip_gateway import queueing, store
from services.dip_gateway.holdings import ALWAYS, Ended, Holding
from services.dip_gateway.ledger import Ledger, Load
from services.dip_gateway.references import References, digest
from services.dip_gateway.settlements import Settlements

MPAN, OTHER = "2000056535971", "2000000000015"
MARCH, APRIL = (datetime(2026, month, 1, tzinfo=UTC) for month in (3, 4))


@asynccontextmanager
async def parts(folder: Path) -> AsyncIterator[tuple[Database, EmbeddedLog]]:
    log = await EmbeddedLog.open(folder / "log")
    database = await Database.open(f"sqlite+aiosqlite:///{folder / 'db.sqlite'}")
    await database.create_tables()
    try:
        yield database, log
    finally:
        await database.close()
        await log.close()


@asynccontextmanager
async def running(references: References) -> AsyncIterator[References]:
    task = asyncio.create_task(references.run())
    await asyncio.wait_for(references.loaded.wait(), 10)
    try:
        yield references
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def accepted(number: int) -> Record:
    return Record("dip.if.IF-031", MPAN, b"{}", {"sender": "23", "reference": f"S-{number}"})


async def test_what_was_accepted_is_known_after_a_restart(tmp_path: Path) -> None:
    async with parts(tmp_path) as (database, log):
        await log.append([accepted(number) for number in range(3)])
        async with running(References(database, log)) as first:
            assert len(first) == 3
        await log.append([accepted(3)])
        async with running(References(database, log)) as second:
            assert all(second.known("23", f"S-{number}") for number in range(4))
            assert not second.known("24", "S-0")
            assert not second.known("23", "S-4")


async def test_a_claim_holds_off_others_until_its_request_is_over(tmp_path: Path) -> None:
    async with parts(tmp_path) as (database, log), running(References(database, log)) as references:
        first, second, third = (digest("23", f"S-{number}") for number in (1, 2, 3))
        assert references.claim([first, second])
        assert not references.claim([second, third])
        assert not references.known("23", "S-2")
        references.confirm([second])
        references.release([first, second])
        assert references.known("23", "S-2")
        assert not references.known("23", "S-1")
        assert references.claim([first, third])


async def test_a_record_without_a_reference_is_passed_over(tmp_path: Path) -> None:
    async with parts(tmp_path) as (database, log):
        await log.append([Record("dip.if.IF-031", MPAN, b"{}"), accepted(1)])
        async with running(References(database, log)) as references:
            assert len(references) == 1


def test_sender_and_reference_are_kept_apart() -> None:
    assert digest("23", "1S") != digest("231", "S")
    assert -(2**63) <= digest("23", "S") < 2**63


async def test_the_ledger_learns_and_forgets_nothing_of_other_mpans(tmp_path: Path) -> None:
    async with parts(tmp_path) as (database, _):
        ledger = Ledger(database)
        await ledger.learn(
            [Holding(MPAN, "SUP", "2300000001", ALWAYS), Holding(OTHER, "SUP", "2300000002", MARCH)]
        )
        await ledger.learn(
            [Holding(MPAN, "SUP", "2300000002", MARCH), Ended(MPAN, "SUP", "2300000002", APRIL)]
        )
        await ledger.learn([])
        book = await ledger.read([MPAN, OTHER, "0000000000000"])
        assert set(book[MPAN]) == {
            Holding(MPAN, "SUP", "2300000001", ALWAYS),
            Holding(MPAN, "SUP", "2300000002", MARCH, APRIL),
        }
        assert book[OTHER] == (Holding(OTHER, "SUP", "2300000002", MARCH),)
        assert book["0000000000000"] == ()


async def test_what_was_read_before_it_changed_is_not_remembered(tmp_path: Path) -> None:
    async with parts(tmp_path) as (database, _):
        ledger = Ledger(database)
        first, second = (Holding(MPAN, "SUP", f"230000000{n}", MARCH) for n in (1, 2))
        assert await ledger.read([MPAN]) == {MPAN: ()}
        await asyncio.gather(ledger.learn([first]), ledger.read([MPAN, OTHER]))
        assert await ledger.read([MPAN]) == {MPAN: (first,)}
        await ledger.learn([first])
        await asyncio.gather(ledger.read([MPAN]), ledger.load([second]), ledger.read([MPAN, OTHER]))
        assert await ledger.read([MPAN]) == await Ledger(database).read([MPAN]) == {MPAN: (second,)}


async def test_loading_replaces_what_was_held(tmp_path: Path) -> None:
    async with parts(tmp_path) as (database, _):
        ledger = Ledger(database)
        await ledger.learn([Holding(MPAN, "SUP", "2300000001", MARCH)])
        loaded = Holding(MPAN, "SDS", "1400000001", ALWAYS)
        await ledger.load([loaded, loaded])
        assert (await ledger.read([MPAN]))[MPAN] == (loaded,)


async def test_a_load_that_messages_overtook_leaves_what_they_taught(tmp_path: Path) -> None:
    async with parts(tmp_path) as (database, _):
        ledger = Ledger(database)
        coming = Holding(MPAN, "SUP", "2300000002", MARCH)
        await ledger.learn([coming])
        loaded = Holding(MPAN, "SUP", "2300000001", ALWAYS)
        await ledger.load_once([Load("first", [loaded])])
        assert set((await ledger.read([MPAN]))[MPAN]) == {loaded, coming}


async def test_a_load_given_again_after_a_restart_wipes_nothing_learnt_since(tmp_path: Path) -> None:
    async with parts(tmp_path) as (database, _):
        loaded = Holding(MPAN, "SUP", "2300000001", ALWAYS)
        coming = Holding(MPAN, "SUP", "2300000002", MARCH)
        await Ledger(database).load_once([Load("first", [loaded])])
        await Ledger(database).learn([coming])
        await Ledger(database).load_once([Load("first", [loaded])])
        assert set((await Ledger(database).read([MPAN]))[MPAN]) == {loaded, coming}


async def test_the_load_of_a_later_run_replaces_what_an_earlier_one_left(tmp_path: Path) -> None:
    async with parts(tmp_path) as (database, _):
        ledger = Ledger(database)
        loaded = Holding(MPAN, "SUP", "2300000001", ALWAYS)
        await ledger.load_once([Load("first", [loaded])])
        await ledger.learn([Holding(MPAN, "SUP", "2300000002", MARCH)])
        await ledger.load_once([Load("second", [loaded])])
        assert (await ledger.read([MPAN]))[MPAN] == (loaded,)


async def test_loads_that_come_together_are_each_what_they_would_be_alone(tmp_path: Path) -> None:
    async with parts(tmp_path) as (database, _):
        ledger = Ledger(database)
        old, new = (Holding(MPAN, "SUP", f"230000000{n}", ALWAYS) for n in (1, 2))
        coming, other = Holding(MPAN, "SDS", "1400000001", MARCH), Holding(OTHER, "SUP", "2300000003", ALWAYS)
        await ledger.learn([coming])
        await ledger.load_once([Load("first", [old]), Load("other", [other])])
        assert {m: set(held) for m, held in (await ledger.read([MPAN, OTHER])).items()} == {
            MPAN: {old, coming},
            OTHER: {other},
        }
        await ledger.load_once([Load("first", [old]), Load("second", [new]), Load("second", [old])])
        assert await ledger.read([MPAN, OTHER]) == {MPAN: (new,), OTHER: (other,)}
        await ledger.load_once([Load("second", [old]), Load("first", [old])])
        assert await Ledger(database).read([MPAN]) == {MPAN: (new,)}


def publication(transaction: str, **headers: str) -> Record:
    named = {"recipient": "2200000001", "transaction-id": transaction, "mpan": MPAN, "sender": "2300000001"}
    return Record("dip.pub.PUB-031", MPAN, b'{"payload":{}}', named | headers)


async def entered(database: Database, *records: Record) -> list[str]:
    rows = queueing.distinct(queueing.row_of(record, MARCH) for record in records)
    async with database.begin() as connection:
        added = await connection.run_sync(store.add_deliveries, rows)
    return [item.occurrence for item in queueing.items_added(rows, added)]


async def test_a_publication_is_entered_once_and_once_more_per_requeue(tmp_path: Path) -> None:
    async with parts(tmp_path) as (database, _):
        assert await entered(database, publication("T-1"), publication("T-2"), publication("T-1")) == [
            "T-1",
            "T-2",
        ]
        assert await entered(database, publication("T-2"), publication("T-3")) == ["T-3"]
        again = publication("T-1", requeue="R-1")
        assert await entered(database, again, publication("T-1")) == ["T-1/R-1"]
        assert await entered(database, again) == []


async def test_results_are_written_and_what_waits_is_found_again(tmp_path: Path) -> None:
    async with parts(tmp_path) as (database, _):
        await entered(database, publication("T-1"), publication("T-2"), publication("T-3"))
        settlements = Settlements(database)
        task = asyncio.create_task(settlements.run())
        result = {"attempts": 1, "status": 201, "answer": "", "finished_at": None, "next_at": None}
        await asyncio.gather(
            settlements.write([{"key": 1, "state": "delivered", **result}]),
            settlements.write([{"key": 2, "state": "waiting", **result, "next_at": queueing.instant(APRIL)}]),
        )
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        async with database.read() as connection:
            items = [queueing.item_of(row) for row in await store.waiting_deliveries(connection)]
            bodies = await store.load_bodies(connection, [2, 3])
        assert [(item.occurrence, item.due, item.attempts) for item in items] == [
            ("T-2", APRIL, 1),
            ("T-3", None, 0),
        ]
        assert [item.body for item in items] == [None, None]
        assert [item.size for item in items] == [14, 14]
        assert bodies == {2: b'{"payload":{}}', 3: b'{"payload":{}}'}


def test_a_status_message_is_a_delivery_of_its_own_channel() -> None:
    record = Record(
        "dip.status", MPAN, b"[{}]", {"recipient": "2300000001", "id": "i", "sender": "1000000000"}
    )
    row = queueing.row_of(record, MARCH)
    assert (row["channel"], row["publication"], row["occurrence"]) == ("STATUS", "STATUS", "i")
    assert row["replay"] is False


def test_reports_keep_their_name() -> None:
    assert queueing.channel_of("REP-002A") == "REP-002A"
    assert queueing.channel_of("PUB-031") == "IF-031"
