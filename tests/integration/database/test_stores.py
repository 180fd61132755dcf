"""The services' stores on both databases, also when several processes share one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from backbone.database import Database
from participant import outbox, timers
from participant.directory import CertificateRecord, Directory, Party, Webhook
from participant.errors import DirectoryConflict
from participant.outbox import ToSend
from services.css_stub.store import CallbackStore
from services.dip_gateway import store as gateway
from services.qualification.store import RunStore
from tests.all_tables import import_all_tables

import_all_tables()
NOON = datetime(2026, 3, 21, 12, tzinfo=UTC)
SUPPLIER = Party(
    "2300000012",
    "SUP",
    "ABCD",
    organisation="A Supplier Ltd",
    api_key_hash="h" * 64,
    certificates=(CertificateRecord("f" * 64, "pem", NOON),),
)


@pytest.fixture
async def other(url: str, database: Database) -> AsyncIterator[Database]:
    """The same database as another process sees it."""
    opened = await Database.open(url)
    yield opened
    await opened.close()


class TestDirectory:
    async def test_a_party_comes_back_as_it_was_added(self, database: Database, other: Database) -> None:
        await (await Directory.open(database)).add(SUPPLIER)
        elsewhere = await Directory.open(other)
        assert await elsewhere.party(SUPPLIER.dip_id) == SUPPLIER
        assert await elsewhere.by_mpid("ABCD", "SUP") == SUPPLIER

    async def test_what_another_process_adds_is_seen(self, database: Database, other: Database) -> None:
        """``dipemu participants add`` while ``up`` runs."""
        running = await Directory.open(database)
        assert await running.party(SUPPLIER.dip_id) is None
        await (await Directory.open(other)).add(SUPPLIER)
        assert await running.party(SUPPLIER.dip_id) == SUPPLIER

    async def test_webhooks_are_set_replaced_and_removed(self, database: Database) -> None:
        directory = await Directory.open(database)
        await directory.add(SUPPLIER)
        for url in ("http://one", "http://two"):
            await directory.set_webhook(SUPPLIER.dip_id, "IF-031", Webhook(url))
        found = await directory.webhook(SUPPLIER.dip_id, "IF-031")
        assert found is not None
        assert found.url == "http://two"
        assert await directory.remove_webhook(SUPPLIER.dip_id, "IF-031")
        assert not await directory.remove_webhook(SUPPLIER.dip_id, "IF-031")

    async def test_another_partys_certificate_is_refused(self, database: Database) -> None:
        directory = await Directory.open(database)
        await directory.add(SUPPLIER)
        with pytest.raises(DirectoryConflict):
            await directory.add(Party("2300000013", "SUP", "EFGH", certificates=SUPPLIER.certificates))

    async def test_services_that_start_together_register_the_same_parties(
        self, database: Database, other: Database
    ) -> None:
        directories = [await Directory.open(d) for d in (database, other) for _ in range(3)]
        await asyncio.gather(*(directory.add(SUPPLIER) for directory in directories))
        assert await directories[0].all() == (SUPPLIER,)


class TestOutbox:
    async def test_state_handled_messages_and_what_to_send_are_kept_together(
        self, database: Database
    ) -> None:
        to_send = [ToSend("m", "dip", "2300000001", "IF-031", bytes([n]), "1200000000001") for n in range(3)]
        async with database.begin() as connection:
            await outbox.save(connection, "s", changed={"m": b"{}"}, ids=["T-1", "T-2"], to_send=to_send)
        async with database.begin() as connection:
            assert await outbox.states(connection, "s", ["m", "n"]) == {"m": b"{}"}
            assert await outbox.handled(connection, "s", ["T-1", "T-3"]) == {"T-1"}
            assert await outbox.handled(connection, "another", ["T-1"]) == set()
            rows = await outbox.pending(connection, "s", after=0)
            assert [row.what for row in rows] == to_send
            await outbox.remove(connection, [row.id for row in rows[:2]])
            assert [row.id for row in await outbox.pending(connection, "s", after=0)] == [rows[2].id]

    async def test_a_state_is_replaced(self, database: Database) -> None:
        for state in (b"1", b"2"):
            async with database.begin() as connection:
                await outbox.save(connection, "s", changed={"m": state}, ids=[], to_send=[])
        async with database.read() as connection:
            assert await outbox.state(connection, "s", "m") == b"2"

    async def test_given_a_message_handled_twice_the_second_transaction_changes_nothing(
        self, database: Database, other: Database
    ) -> None:
        async def handle(by: Database, state: bytes) -> None:
            async with by.begin() as connection:
                await outbox.save(connection, "s", changed={"m": state}, ids=["T-1"], to_send=[])

        await handle(database, b"first")
        with pytest.raises(IntegrityError):
            await handle(other, b"second")
        async with database.read() as connection:
            assert await outbox.state(connection, "s", "m") == b"first"

    async def test_many_ids_at_once(self, database: Database) -> None:
        ids = [f"T-{n}" for n in range(1_300)]
        async with database.begin() as connection:
            await outbox.save(connection, "s", changed={}, ids=ids, to_send=[])
            assert await outbox.handled(connection, "s", [*ids, "T-new"]) == set(ids)


def delivery(number: int, **more: object) -> dict[str, object]:
    return {
        "recipient": "2300000001",
        "channel": "IF-031",
        "occurrence": f"T-{number}",
        "publication": "PUB-031",
        "order_key": "1200000000001",
        "replay": False,
        "body": b"{}",
        "state": "waiting",
        "attempts": 0,
        "created_at": NOON.isoformat(),
        **more,
    }


class TestGateway:
    async def test_a_delivery_is_added_once_whoever_adds_it(
        self, database: Database, other: Database
    ) -> None:
        async def add(by: Database) -> int:
            async with by.begin(lock=gateway.ENTERING) as connection:
                rows = [delivery(number) for number in range(20)]
                return len(await connection.run_sync(gateway.add_deliveries, rows))

        assert sum(await asyncio.gather(add(database), add(other), add(database))) == 20

    async def test_a_finished_delivery_no_longer_waits(self, database: Database) -> None:
        async with database.begin() as connection:
            rows = await connection.run_sync(gateway.add_deliveries, [delivery(1), delivery(2)])
            outcome = {
                "key": rows[0].id,
                "state": "delivered",
                "attempts": 1,
                "next_at": None,
                "status": 201,
                "answer": "ok",
                "finished_at": NOON.isoformat(),
            }
            await connection.run_sync(gateway.finish_deliveries, [outcome])
        async with database.read() as connection:
            assert [row.id for row in await gateway.waiting_deliveries(connection)] == [rows[1].id]

    async def test_references_are_kept_and_may_be_saved_again(
        self, database: Database, other: Database
    ) -> None:
        largest = 2**63 - 1
        for by in (database, other):
            async with by.begin() as connection:
                await gateway.save_references(connection, [1, -largest, largest])
        async with other.read() as connection:
            assert await gateway.load_references(connection) == {1, -largest, largest}

    async def test_holdings_are_replaced_as_a_whole(self, database: Database) -> None:
        holding = {"mpan": "m", "family": "SUP", "role": "SUP", "dip_id": "2300000001", "ends": None}
        async with database.begin() as connection:
            await gateway.replace_holdings(connection, ["m"], [{**holding, "begins": "1"}])
            await gateway.replace_holdings(connection, ["m", "n"], [{**holding, "begins": "2"}])
            assert [row.begins for row in await gateway.load_holdings(connection, ["m", "n"])] == ["2"]


class TestRuns:
    async def test_no_two_callers_get_the_same_number(self, database: Database, other: Database) -> None:
        stores = [RunStore(database), RunStore(other)]
        numbers = await asyncio.gather(*(stores[n % 2].next_number("mpan", 100) for n in range(20)))
        assert sorted(numbers) == list(range(100, 120))


def timer(key: str, hours: int = 1) -> timers.Timer:
    return timers.Timer(key, NOON + timedelta(hours=hours), "2200000001", "1200000000001")


async def due(database: Database, moment: datetime, service: str = "s") -> list[str]:
    async with database.read() as connection:
        found = await timers.look(connection, service, lambda mpan: moment, moment)
    return [one.key for one in found.due]


class TestTimers:
    async def test_a_timer_is_due_from_its_moment_on_for_its_service(self, database: Database) -> None:
        async with database.begin() as connection:
            await timers.save(connection, "s", {"a": timer("a", 1), "b": timer("b", 2)})
        assert await due(database, NOON) == []
        assert await due(database, NOON + timedelta(hours=1)) == ["a"]
        assert await due(database, NOON + timedelta(hours=2)) == ["a", "b"]
        assert await due(database, NOON + timedelta(hours=2), "another") == []

    async def test_the_next_look_is_at_the_first_of_those_to_come(self, database: Database) -> None:
        async with database.begin() as connection:
            await timers.save(connection, "s", {"a": timer("a", 1), "b": timer("b", 2)})
        async with database.read() as connection:
            found = await timers.look(connection, "s", lambda mpan: NOON, NOON)
        assert found == timers.Outlook((), 3600.0)

    async def test_a_state_has_one_timer_or_none(self, database: Database, other: Database) -> None:
        tomorrow = NOON + timedelta(days=1)
        async with database.begin() as connection:
            await timers.save(connection, "s", {"a": timer("a", 1), "b": timer("b", 1)})
        async with other.begin() as connection:
            await timers.save(connection, "s", {"a": timer("a", 5), "b": None, "c": None})
        assert await due(database, NOON + timedelta(hours=4)) == []
        assert await due(database, tomorrow) == ["a"]

    async def test_what_was_handled_or_changed_is_no_longer_set(
        self, database: Database, other: Database
    ) -> None:
        many = [timer(f"{number:04}") for number in range(1_200)]
        async with database.begin() as connection:
            await timers.save(connection, "s", {one.key: one for one in many})
        async with other.begin() as connection:
            await timers.save(connection, "s", {"0000": None, "0001": timer("0001", 9)})
            assert await timers.still_set(connection, "s", many) == many[2:]


class TestTurns:
    """Among the timers of one MPAN the earlier one goes first, and what follows from it."""

    async def held_up(self, database: Database, *due: timers.Timer) -> set[str]:
        async with database.read() as connection:
            return await timers.held_up(connection, "regs", due)

    async def test_an_earlier_timer_of_another_service_goes_first(
        self, database: Database, other: Database
    ) -> None:
        async with other.begin() as connection:
            await timers.save(connection, "css", {"a": timer("a", 1), "b": timer("b", 5)})
            await timers.save(connection, "regs", {"c": timer("c", 1)})
        waiting = [timer("a", 2), timer("b", 2), timer("c", 2), timer("d", 2)]
        assert await self.held_up(database, *waiting) == {"a"}
        assert await self.held_up(database, timer("a", 1)) == set()
        assert await self.held_up(database) == set()

    async def test_what_another_service_still_has_to_send_goes_first(
        self, database: Database, other: Database
    ) -> None:
        css, note, regs = (
            ToSend("a", "css", "2200000001", "REGS", b"{}"),
            ToSend("b", "note", "2200000001", "REGS", b"{}"),
            ToSend("c", "dip", "2200000001", "REGS", b"{}"),
        )
        async with other.begin() as connection:
            for service, thing in (("css", css), ("css", note), ("regs", regs)):
                await outbox.save(connection, service, changed={}, ids=[], to_send=[thing])
        assert await self.held_up(database, *(timer(key, 2) for key in "abcd")) == {"a"}

    async def test_a_party_is_no_mpan(self, database: Database) -> None:
        async with database.begin() as connection:
            await timers.save(connection, "css", {"2200000001": timer("2200000001", 1)})
        party = timers.Timer("2200000001", NOON + timedelta(hours=2), "2200000001")
        assert await self.held_up(database, party) == set()


async def callbacks(database: Database) -> CallbackStore:
    """The callbacks as a process knows them that has just read them."""
    store = CallbackStore(database)
    async with database.read() as connection:
        await store.read(connection)
    return store


class TestCallbacks:
    async def test_every_process_sees_what_another_has_set(self, database: Database, other: Database) -> None:
        await CallbackStore(database).put("ABCD", "http://one")
        assert (await callbacks(other)).url("ABCD") == "http://one"

    async def test_given_a_new_callback_it_takes_the_place_of_the_old_one(
        self, database: Database, other: Database
    ) -> None:
        await CallbackStore(database).put("ABCD", "http://one")
        await CallbackStore(other).put("ABCD", "http://two")
        assert (await callbacks(database)).url("ABCD") == "http://two"

    async def test_both_set_at_once_one_of_them_stands(self, database: Database, other: Database) -> None:
        stores = [CallbackStore(database), CallbackStore(other)]
        await asyncio.gather(*(stores[n % 2].put("ABCD", f"http://{n}") for n in range(20)))
        assert (await callbacks(database)).url("ABCD") in {f"http://{n}" for n in range(20)}

    async def test_given_a_removed_callback_whoever_set_it_it_is_gone(
        self, database: Database, other: Database
    ) -> None:
        await CallbackStore(database).put("ABCD", "http://one")
        await CallbackStore(database).put("EFGH", "http://two")
        assert await CallbackStore(other).remove("ABCD")
        assert not await CallbackStore(database).remove("ABCD")
        known = await callbacks(database)
        assert (known.url("ABCD"), known.url("EFGH")) == (None, "http://two")
