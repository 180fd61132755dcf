"""A participant's own registration service, as small as the headline scenario allows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson

from backbone.settings import Settings
from contracts import css, envelope
from dipemu.composition import INTERNAL_URL, Composition, open_composition
from dipemu.server import listen, serving, url_of
from participant.client import DipClient
from participant.identity import Identity

DIP_ID, MPID = "2200000055", "RGSB"


@dataclass
class RegistrationService:
    """Answers CSS02800 with IF-002 and IF-031 with IF-032; ``code``: the response code it gives, and why."""

    composition: Composition
    client: DipClient
    run: dict[str, Any] = field(default_factory=dict)
    code: str = "A"
    reason: str = "REG0006 - CSS Registration Request ID is associated to another Supplier"
    answers: list[int] = field(default_factory=list)
    tasks: set[asyncio.Future[None]] = field(default_factory=set)
    briefed: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            event = await receive()
            body += event.get("body", b"")
            if not event.get("more_body"):
                break
        task = asyncio.ensure_future(self.take(orjson.loads(body)))
        self.tasks.add(task)
        await send({"type": "http.response.start", "status": 201, "headers": []})
        await send({"type": "http.response.body", "body": b"[]"})

    async def take(self, document: Any) -> None:
        await self.briefed.wait()
        if isinstance(document, dict):
            await self.send(self.site_information(document))
        else:
            for message in document:
                await self.send(self.response(message))

    async def send(self, message: dict[str, Any]) -> None:
        self.answers.append((await self.client.send([message])).status)

    def message(self, interface: str, event: str, custom: dict[str, Any], **more: Any) -> dict[str, Any]:
        party = next(p for p in self.run["parties"] if p["key"] in ("SUPI", "SUP"))
        return envelope.build(
            interface,
            event,
            sender=envelope.Sender(DIP_ID, "REGS"),
            now=self.composition.context.clock.now(),
            custom=custom,
            mpan=envelope.MpanBlock(self.run["mpan"], self.run["siteData"]["distributorDIPID"], "_A"),
            primary=[party["dipId"]],
            **more,
        )

    def site_information(self, pending: dict[str, Any]) -> dict[str, Any]:
        site, since = self.run["siteData"], self.run["siteData"]["since"]
        address = {f"addressLine{n}": site.get(f"addressLine{n}") for n in range(1, 10)}
        custom = {
            "B013": {"CSSRegistrationID": css.header(pending).registration_id},
            "B022": {"meteringPointPostcode": site["meteringPointPostcode"], **address},
            "B023": {
                "connectionTypeIndicator": site["connectionTypeIndicator"],
                "connectionTypeEffectiveFromDate": since,
                "energyDirection": site["energyDirection"],
                "meteredIndicator": True,
            },
            "B024": {"DUOSTariffID": site["DUOSTariffID"], "DUOSTariffIDEffectiveFromDate": since},
            "B025": {"energisationStatus": "E", "energisationStatusEffectiveFromDate": since},
            "B026": {"marketSegmentIndicator": "S", "marketSegmentIndicatorEffectiveFromDate": since},
        }
        return self.message("IF-002", "[GainMPANInfo]", custom)

    def response(self, request: Any) -> dict[str, Any]:
        texts = () if self.code == "A" else (self.reason,)
        block = envelope.ResponseBlock(self.code, texts)
        return self.message("IF-032", "[MSAppInitialResp]", dict(envelope.custom(request)), response=block)


@asynccontextmanager
async def open_harness(folder: Path) -> AsyncIterator[tuple[httpx.AsyncClient, RegistrationService]]:
    """The whole harness in this process, and beside it a participant's registration service over HTTP."""
    async with open_composition(Settings(data=folder)) as composition:
        context = composition.context
        await _ready(context.http)
        certificate, key = context.authority.issue(DIP_ID)
        identity = Identity(DIP_ID, "REGS", MPID, "a key for tests", INTERNAL_URL, certificate, key)
        await context.directory.register(identity, organisation="Wires & Co")
        service = RegistrationService(composition, DipClient(identity, context.http, context.clock))
        endpoint = listen("127.0.0.1", 0)
        async with serving(service, endpoint):
            answer = await service.client.set_webhook("IF-031", url_of(endpoint))
            assert answer.ok, answer
            place = f"{INTERNAL_URL}/css/callbacks/{MPID}"
            headers = {"X-API-Key": identity.api_key}
            told = await context.http.put(place, json={"callbackURL": url_of(endpoint)}, headers=headers)
            assert told.is_success, told.text
            yield context.http, service


async def _ready(http: httpx.AsyncClient) -> None:
    async with asyncio.timeout(20):
        while (await http.get(f"{INTERNAL_URL}/health/ready")).status_code != 200:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.02)


async def played(
    http: httpx.AsyncClient,
    service: RegistrationService,
    prepare: Callable[[], None] = lambda: None,
    scenario: str = "SITFTS0020-Smart-Single",
) -> dict[str, Any]:
    """A run of a scenario, the headline by default, with this registration service in it, to its end."""
    prepare()
    wish = {"scenario": scenario, "participants": {"REGS": DIP_ID}, "timeout": 20}
    starting = asyncio.ensure_future(http.post(f"{INTERNAL_URL}/api/runs", json=wish, timeout=40))
    async with asyncio.timeout(40):
        while not service.run:
            listed = (await http.get(f"{INTERNAL_URL}/api/runs", params={"participant": DIP_ID})).json()
            service.run = next((one for one in listed if not one["finished"]), {})
            if starting.done() and not service.run:
                service.run = starting.result().json()
        service.briefed.set()
        run: dict[str, Any] = (await starting).json()
        while not run["finished"]:
            query = {"after": run["version"], "wait": 10}
            run = (await http.get(f"{INTERNAL_URL}/api/runs/{run['id']}", params=query, timeout=40)).json()
    await asyncio.gather(*service.tasks)
    return run
