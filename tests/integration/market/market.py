"""The market in one process, without the judge: the real gateway and all parties of the harness."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson

from backbone.journal import JournalEvent, Kind
from backbone.settings import Settings
from contracts.identifiers import make_mpan
from dipemu.composition import (
    INTERNAL_URL,
    PREFIXES,
    LateApplication,
    build_services,
    internal_client,
    journal_projection,
    open_context,
    register_harness_parties,
)
from dipemu.dispatch import dispatch
from dipemu.supervisor import Supervisor
from participant.context import Context
from participant.identity import Identity
from participant.wire import command_record

REGS, LDSO = "2200000001", "2500000001"
SUPPLIER_A, SUPPLIER_B = "2300000001", "2300000002"
MSS_A, MSS_B, SDS_A, SDS_B = "1200000001", "1200000002", "1400000001", "1400000002"
PATIENCE_SECONDS = 20
_SERIALS = count(1)

SITE: Mapping[str, Any] = {
    "distributorDIPID": LDSO,
    "supplierDIPID": SUPPLIER_A,
    "supplierMPID": "SUPA",
    "meteringServiceDIPID": MSS_A,
    "meteringServiceMPID": "MSSA",
    "dataServiceDIPID": SDS_A,
    "dataServiceMPID": "SDSA",
    "meteringPointPostcode": "NG1 1AA",
    "addressLine1": "1",
    "DCCServiceFlag": "A",
    "meters": [{"meterID": "K12B34567", "meterType": "S2A", "meterAssetProviderID": "MAP1"}],
}


@dataclass
class Market:
    """The market and what a test does with it: give orders, post, watch the journal."""

    context: Context
    identities: Mapping[str, Identity]
    http: httpx.AsyncClient

    def fresh_mpan(self) -> str:
        return make_mpan(10, next(_SERIALS))

    async def order(self, service: str, name: str, to: str, mpan: str, **arguments: Any) -> None:
        record = command_record(
            service, name, to=to, mpan=mpan, run="run-1", id=uuid4().hex, arguments=arguments
        )
        await self.context.log.append([record])

    async def load(self, mpan: str, **changes: Any) -> None:
        """Put a metering point into the register and wait until it is there."""
        site = {name: value for name, value in {**SITE, **changes}.items() if value is not None}
        await self.order("registration", "load_mpan", REGS, mpan, siteData=site)
        await self.wait_for(mpan, Kind.HARNESS_PREPARED, command="load_mpan")

    async def post(self, path: str, document: object, party: str) -> httpx.Response:
        """POST to the harness with the API key of a party, as one outside the DIP does."""
        headers = {"X-API-Key": self.identities[party].api_key}
        return await self.http.post(INTERNAL_URL + path, content=orjson.dumps(document), headers=headers)

    async def events(self, mpan: str) -> list[JournalEvent]:
        """Everything that the journal holds about an MPAN, in order."""
        return [event for _, event in await self.context.index.events(mpan=mpan, limit=1000)]

    async def wait_for(
        self,
        mpan: str,
        kind: Kind,
        interface: str | None = None,
        *,
        recipient: str | None = None,
        event_code: str | None = None,
        command: str | None = None,
    ) -> JournalEvent:
        """The first event of that kind, waiting for it. A service's fault ends the waiting at once."""
        seen = 0
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                events = await self.events(mpan)
                faults = [event.details for event in events if event.kind is Kind.SERVICE_FAULT]
                assert not faults or kind is Kind.SERVICE_FAULT, faults
                for event in events:
                    wanted = (
                        event.kind is kind
                        and interface in (None, event.interface)
                        and recipient in (None, event.recipient)
                        and event_code in (None, event.event_code)
                        and command in (None, event.details.get("command"))
                    )
                    if wanted:
                        return event
                seen = await self.context.index.wait(seen, 1.0)


@asynccontextmanager
async def open_market(folder: Path) -> AsyncIterator[Market]:
    """Open the market on a data directory; it works until the block ends."""
    names = [name for name in PREFIXES if name != "qualification"]
    urls = {name: INTERNAL_URL + PREFIXES[name] for name in PREFIXES}
    late = LateApplication()
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(internal_client(late))
        context, identities = await open_context(Settings(data=folder), urls, http, stack)
        await register_harness_parties(context.directory, identities, urls)
        services = [*build_services(names, context, identities), journal_projection(context)]
        supervisor = Supervisor(services, context.journal, context.clock)
        late.target = dispatch(services, supervisor.health)
        supervisor.start()
        stack.push_async_callback(supervisor.stop)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (await http.get(f"{INTERNAL_URL}/health/ready")).status_code != 200:  # noqa: ASYNC110 - no event
                await asyncio.sleep(0.02)
        yield Market(context, identities, http)
