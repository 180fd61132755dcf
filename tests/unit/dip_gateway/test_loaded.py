"""Site data that the harness loads tell the gateway who holds what."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest

from participant.context import Context
from participant.parties import Snapshot
from participant.wire import command_record, read_record
from services.dip_gateway.errors import RequestInvalid
from services.dip_gateway.holdings import ALWAYS, Holding
from services.dip_gateway.ledger import Ledger
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


async def test_the_dip_learns_who_serves_an_mpan_of_a_participants_registration_service() -> None:
    loaded: list[tuple[str, Any]] = []

    class Books:
        async def load_once(self, command: str, holdings: Any) -> None:
            loaded.append((command, {(one.role, one.dip_id) for one in holdings}))

    class Nobody:
        async def snapshot(self) -> Any:
            return Snapshot(())

    sites = LoadedSites(cast(Context, SimpleNamespace(directory=Nobody())), cast(Ledger, Books()))
    record = command_record(
        "dip_gateway", "load_mpan", to="2200000055", mpan=MPAN, run="r", id="i", arguments={"siteData": SITE}
    )
    await sites.load(read_record(record))
    (command_id, held) = loaded[0]
    assert command_id == "i"
    assert held >= {("REGS", "2200000055"), ("SUP", "2300000002"), ("LDSO", "2500000001")}
    empty = command_record(
        "dip_gateway", "load_mpan", to="2200000055", mpan="", run="r", id="j", arguments=SITE
    )
    with pytest.raises(RequestInvalid, match="siteData"):
        await sites.load(read_record(empty))
