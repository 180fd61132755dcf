"""Participants' systems that go wrong in what they send, each against a run of the headline scenario."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from contracts.identifiers import make_mpan
from dipemu.composition import INTERNAL_URL
from participant.client import DipClient
from tests.integration.scenarios.player import PATIENCE_SECONDS, PLAYERS, Run, Stage


@dataclass
class Part:
    """A participant's system in one run."""

    stage: Stage
    run: Run

    @property
    def supplier(self) -> DipClient:
        return self.stage.clients["SUP"]

    @property
    def register(self) -> DipClient:
        return self.stage.clients["REGS"]

    async def at(self, step: int) -> None:
        """Wait until the run stands at this step, or has ended."""
        async with asyncio.timeout(2 * PATIENCE_SECONDS):
            while not self.run["finished"] and self.run["currentStep"] != step:
                self.run = await self.stage.news(self.run)

    async def ended(self) -> None:
        async with asyncio.timeout(2 * PATIENCE_SECONDS):
            while not self.run["finished"]:
                self.run = await self.stage.news(self.run)

    def party(self, key: str) -> str:
        return next(str(party["dipId"]) for party in self.run["parties"] if party["key"] == key)

    async def seen(self, interface: str) -> Any:
        """The latest message of this kind about the run's MPAN, None where there is none."""
        index = self.stage.composition.context.index
        events = await index.events(mpan=self.run["mpan"], interface=interface)
        bodies = [orjson.loads(event.body) for _, event in events if event.body]
        return bodies[-1] if bodies else None

    async def appointment(self, **more: Any) -> Mapping[str, Any]:
        """IF-031 as the scenario wants it, with the registration of PUB-002 where it has come."""
        site = await self.seen("PUB-002")
        registration = (
            site[0]["payload"]["CustomBlock"]["B013"] if site else {"CSSRegistrationID": "none yet"}
        )
        service = next(party for party in self.run["parties"] if party["key"] == "MSS")
        proposed = {
            "proposedMeteringServiceDIPID": service["dipId"],
            "proposedMeteringServiceMPID": service["mpid"],
            "proposedMeteringServiceDIPEffectiveFromDate": self.run["supplyStartDate"],
            "contractReferenceMeteringService": "C-1",
            "appointmentScenario": "COS",
        }
        blocks = {"B013": registration, "B070": proposed}
        return self.stage.message("SUP", self.run, "IF-031", "[MSApp]", blocks=blocks, **more)

    async def site_information(self, *recipients: str) -> Mapping[str, Any]:
        """IF-002 as the scenario wants it, to these."""
        pending = await self.seen("CSS02800")
        registration = {"/payload/CustomBlock/B013/CSSRegistrationID": pending["data"]["registrationId"]}
        event = "[GainMPANInfo]"
        return self.stage.message(
            "REGS", self.run, "IF-002", event, fields=registration, recipients=recipients
        )

    async def switch(self, **data: str) -> None:
        """CSS01700, with these deviations from the right one."""
        given = {
            "mpxn": self.run["mpan"],
            "supplyStartDate": self.run["supplyStartDate"],
            "supplierMpid": PLAYERS["SUP"][1],
            "supplierGeneratedReference": secrets.token_hex(8),
        }
        message = {
            "eventType": "CSS01700",
            "eventDate": datetime.now(UTC).isoformat(),
            "eventId": secrets.token_hex(16),
            "correlationId": secrets.token_hex(16),
            "data": given | data,
        }
        await self.css(orjson.dumps(message))

    async def css(self, body: bytes) -> None:
        key = {"X-API-Key": f"key of {PLAYERS['SUP'][0]}"}
        http = self.stage.composition.context.http
        await http.post(f"{INTERNAL_URL}/css/messages", content=body, headers=key)


System = Callable[[Part], Awaitable[None]]


async def silent(part: Part) -> None:
    """Nothing at all."""


async def right(part: Part) -> None:
    await part.at(5)
    await part.supplier.send([await part.appointment()])


async def wrong_json(part: Part) -> None:
    await part.at(5)
    for body in (b'{"payload": ', b"[1, null]", b"\xff\x00", b"[]"):
        await part.supplier.send_bytes("IF-031", body)


async def wrong_channel(part: Part) -> None:
    await part.at(5)
    await part.supplier.send_bytes("IF-001", orjson.dumps([await part.appointment()]))


async def unknown_recipient(part: Part) -> None:
    await part.at(5)
    await part.supplier.send([await part.appointment(recipients=["9999999999"])])


async def twice(part: Part) -> None:
    await part.at(5)
    for _ in range(2):
        await part.supplier.send([await part.appointment()])


async def the_same_twice(part: Part) -> None:
    await part.at(5)
    message = await part.appointment()
    for _ in range(2):
        await part.supplier.send([message])


async def too_early(part: Part) -> None:
    await part.supplier.send([await part.appointment()])


async def too_late(part: Part) -> None:
    await part.ended()
    await part.supplier.send([await part.appointment()])


async def other_mpan(part: Part) -> None:
    await part.at(5)
    await part.supplier.send([await part.appointment(mpan=make_mpan(10, 5))])


async def own_switch_refused(part: Part) -> None:
    await part.switch(supplyStartDate="2020-01-01T00:00:00+00:00")


async def own_switch_before_ours(part: Part) -> None:
    await part.switch()
    await right(part)


async def css_garbage(part: Part) -> None:
    await part.at(1)
    for body in (b"{", b"[1]", b"null", b'{"data": []}', b'{"data": {"mpxn": 5}}', b'{"eventType": {}}'):
        await part.css(body)


async def no_recipient(part: Part) -> None:
    await part.at(3)
    await part.register.send([await part.site_information()])


async def other_recipient(part: Part) -> None:
    await part.at(3)
    await part.register.send([await part.site_information(PLAYERS["SUP"][0])])


async def recipient_of_another_role(part: Part) -> None:
    await part.at(3)
    await part.register.send([await part.site_information(PLAYERS["MSS"][0])])


async def answer_to_another(part: Part) -> None:
    await part.at(3)
    await part.register.send([await part.site_information(part.party("SUPI"))])
    await part.at(7)
    event, to = "[MSAppInitialResp]", [PLAYERS["SUP"][0]]
    message = part.stage.message("REGS", part.run, "IF-032", event, recipients=to, response={"code": "A"})
    await part.register.send([message])
