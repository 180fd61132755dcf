"""Site data that the harness loads tell the gateway who holds what."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest

from backbone.clock import BusinessClock
from backbone.journal import JournalEvent, Kind
from backbone.log import ConsumedRecord, Record
from contracts.identifiers import make_mpan
from participant.context import Context
from participant.parties import Snapshot
from participant.wire import command_record, read_record
from services.dip_gateway.errors import RequestInvalid
from services.dip_gateway.holdings import ALWAYS, Holding
from services.dip_gateway.ledger import Ledger, Load
from services.dip_gateway.loaded import LoadedSites, read_holdings

MPAN = "2000056535971"
SITE = {
    "distributorDIPID": "2500000001",
    "supplierDIPID": "2300000002",
    "supplierEffectiveFromDate": "2025-06-01T00:00:00+01:00",
    "dataServiceDIPID": "1500000001",
    "meteringServiceDIPID": None,
}


NOBODY: dict[str, str] = {}


def command(arguments: Any, name: str = "load_mpan") -> bytes:
    return command_record(
        "registration", name, to="2200000001", mpan=MPAN, run="r", id="i", arguments=arguments
    ).value


@pytest.mark.parametrize("arguments", [{"siteData": SITE}, SITE])
def test_the_parties_of_a_site_are_its_holders(arguments: Any) -> None:
    since = datetime(2025, 5, 31, 23, tzinfo=UTC)
    held = set(read_holdings(command(arguments), {"1500000001": "ADS"}.get))
    assert held == {
        Holding(MPAN, "REGS", "2200000001", ALWAYS),
        Holding(MPAN, "SUP", "2300000002", since),
        Holding(MPAN, "ADS", "1500000001", ALWAYS),
        Holding(MPAN, "LDSO", "2500000001", ALWAYS),
    }


@pytest.mark.parametrize(
    "value",
    [
        b"nonsense",
        b"[]",
        command(SITE, "plan"),
        command(7),
        orjson.dumps({"name": "load_mpan", "arguments": SITE}),
    ],
)
def test_anything_else_tells_nothing(value: bytes) -> None:
    assert list(read_holdings(value, NOBODY.get)) == []


@pytest.mark.parametrize("date", ["soon", "2025-06-01T00:00:00", 7, None])
def test_a_date_that_cannot_be_used_counts_as_since_ever(date: Any) -> None:
    site = {"supplierDIPID": "2300000002", "supplierEffectiveFromDate": date}
    held = [h for h in read_holdings(command(site), NOBODY.get) if h.role == "SUP"]
    assert held == [Holding(MPAN, "SUP", "2300000002", ALWAYS)]


class Books:
    """A ledger that only writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[dict[str, set[tuple[str, str]]]] = []

    async def load_once(self, loads: Sequence[Load]) -> None:
        self.told.append({load.command: {(one.role, one.dip_id) for one in load.holdings} for load in loads})


class Notes:
    def __init__(self) -> None:
        self.written: list[tuple[JournalEvent, ...]] = []

    async def write(self, *events: JournalEvent) -> None:
        self.written.append(events)


class Given:
    """A subscription with records to fetch, which then has no more."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = [ConsumedRecord(record, cast(Any, None)) for record in records]
        self.committed: list[ConsumedRecord] = []

    async def fetch(self) -> list[ConsumedRecord]:
        if not self._records:
            raise Over
        fetched, self._records = self._records, []
        return fetched

    async def commit(self, records: Sequence[ConsumedRecord]) -> None:
        self.committed += records


class Over(Exception):
    """All that was given is taken in."""


class Nobody:
    async def snapshot(self) -> Any:
        return Snapshot(())


def sites_of(books: Books, notes: Notes, given: Given) -> LoadedSites:
    @asynccontextmanager
    async def consume(group: str, topics: Sequence[str]) -> AsyncIterator[Given]:
        assert topics == ["harness.registration"]
        yield given

    context = SimpleNamespace(
        directory=Nobody(), clock=BusinessClock(), journal=notes, log=SimpleNamespace(consume=consume)
    )
    return LoadedSites(cast(Context, context), cast(Ledger, books))


def load_command(number: int, name: str = "load_mpan") -> Record:
    mpan = make_mpan(20, number)
    return command_record(
        "registration", name, to="2200000001", mpan=mpan, run=f"r{number}", id=f"i{number}", arguments=SITE
    )


async def test_what_comes_together_is_loaded_together_and_each_is_confirmed() -> None:
    books, notes = Books(), Notes()
    records = [load_command(1), load_command(2, "plan"), load_command(3)]
    given = Given(records)
    with pytest.raises(Over):
        await sites_of(books, notes, given).run()
    assert [set(told) for told in books.told] == [{"i1", "i3"}]
    (events,) = notes.written
    assert [(e.kind, e.run, e.mpan) for e in events] == [
        (Kind.HARNESS_PREPARED, "r1", make_mpan(20, 1)),
        (Kind.HARNESS_PREPARED, "r3", make_mpan(20, 3)),
    ]
    assert len({event.id for event in events}) == 2
    assert [consumed.record for consumed in given.committed] == records


async def test_what_loads_nothing_is_not_written_down() -> None:
    books, notes = Books(), Notes()
    with pytest.raises(Over):
        await sites_of(books, notes, Given([load_command(1, "plan")])).run()
    assert (books.told, notes.written) == ([], [])


async def test_the_dip_learns_who_serves_an_mpan_of_a_participants_registration_service() -> None:
    books = Books()
    sites = sites_of(books, Notes(), Given(()))
    record = command_record(
        "dip_gateway", "load_mpan", to="2200000055", mpan=MPAN, run="r", id="i", arguments={"siteData": SITE}
    )
    await sites.load(read_record(record))
    assert books.told[0]["i"] >= {("REGS", "2200000055"), ("SUP", "2300000002"), ("LDSO", "2500000001")}
    empty = command_record(
        "dip_gateway", "load_mpan", to="2200000055", mpan="", run="r", id="j", arguments=SITE
    )
    with pytest.raises(RequestInvalid, match="siteData"):
        await sites.load(read_record(empty))
