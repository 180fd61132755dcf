"""Systems of participants that play roles of scenarios against the whole harness, rightly or wrongly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from backbone.settings import Settings
from contracts.envelope import Sender
from dipemu.composition import INTERNAL_URL, Composition, open_composition
from dipemu.server import listen, serving, url_of
from participant.client import DipClient
from participant.directory import ANY_CHANNEL, Webhook
from participant.handlers import World
from participant.identity import Identity
from participant.submissions import Submission, message

PLAYERS: Mapping[str, tuple[str, str]] = {  # role: DIP ID, MPID
    "SUP": ("2300000077", "SUPT"),
    "MSS": ("1200000077", "MSST"),
    "SDS": ("1400000077", "SDST"),
    "REGS": ("2200000077", "RGST"),
    "LSS": ("1800000077", "LSST"),
}
PATIENCE_SECONDS = 40
Run = dict[str, Any]
Messages = Sequence[Mapping[str, Any]]
Play = Mapping[int, Callable[[Run], Messages]]  # by step: what the system sends once it is waited for


@dataclass
class Stage:
    """The harness, with a system of a participant in each role of ``PLAYERS``. Their webhooks answer 201."""

    composition: Composition
    clients: Mapping[str, DipClient]
    sent: int = 0

    async def play(
        self, scenario: str, play: Play, seconds: float = 20, inject: Sequence[str] = (), **roles: str
    ) -> Run:
        """A run to its end. ``roles``: name in the scenario to the role played (``MSS="MSS"``)."""
        return await self.end(await self.begin(scenario, seconds, inject, roles), play)

    async def end(self, run: Run, play: Play) -> Run:
        """The run at its end, when the participants have done their part."""
        done: set[int] = set()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not run["finished"]:
                step = run["currentStep"]
                if step in play and step not in done:
                    done.add(step)
                    await self.send(play[step](run))
                run = await self.news(run)
        return run

    async def begin(
        self,
        scenario: str,
        seconds: float,
        inject: Sequence[str],
        roles: Mapping[str, str],
        mpan: str | None = None,
    ) -> Run:
        """Start a run and return it as it stands then. ``seconds``: for each wait for a participant."""
        participants = {name: PLAYERS[role][0] for name, role in roles.items()}
        wish = {
            "scenario": scenario,
            "participants": participants,
            "timeout": seconds,
            "inject": list(inject),
            "mpan": mpan,
        }
        answer = await self._http.post(f"{INTERNAL_URL}/api/runs", json=wish, timeout=40)
        run: Run = answer.raise_for_status().json()
        return run

    async def news(self, run: Run) -> Run:
        """The run as it stands once it has changed, or after a while."""
        query = {"after": run["version"], "wait": 10}
        answer = await self._http.get(f"{INTERNAL_URL}/api/runs/{run['id']}", params=query, timeout=40)
        later: Run = answer.raise_for_status().json()
        return later

    def message(self, role: str, run: Run, interface: str, event: str, **more: Any) -> Mapping[str, Any]:
        """A valid message of a participant about the run's MPAN; ``more`` as for the order ``send``."""
        self.sent += 1
        context = self.composition.context
        distributor = run["siteData"].get("distributorDIPID")
        wanted = Submission(interface=interface, event=event, distributor=distributor, **more)
        world = World((), context.catalogue())
        sender, now = Sender(PLAYERS[role][0], role), context.clock.now(run["mpan"])
        return message(wanted, sender, run["mpan"], now, world, f"message {self.sent}")

    @property
    def _http(self) -> httpx.AsyncClient:
        return self.composition.context.http

    async def send(self, messages: Messages) -> None:
        """Each by the party that it names as its sender, and in a request of its own."""
        for one in messages:
            role = one["payload"]["CommonBlock"]["S1"]["senderRoleID"]
            await self.clients[role].send([dict(one)])


@asynccontextmanager
async def open_stage(folder: Path, webhook_url: str | None = None, **settings: Any) -> AsyncIterator[Stage]:
    """The whole harness in this process; the participants' webhooks are reached over HTTP."""
    async with open_composition(Settings(data=folder, **settings)) as composition:
        await _ready(composition.context.http)
        endpoint = listen("127.0.0.1", 0)
        url = webhook_url or url_of(endpoint)
        async with serving(_webhook, endpoint):
            clients = {role: await _registered(composition, role, url) for role in PLAYERS}
            yield Stage(composition, clients)


async def _registered(composition: Composition, role: str, url: str) -> DipClient:
    context, (dip_id, mpid) = composition.context, PLAYERS[role]
    certificate, key = context.authority.issue(dip_id)
    identity = Identity(dip_id, role, mpid, f"key of {dip_id}", INTERNAL_URL, certificate, key)
    await context.directory.register(identity, organisation="Wires & Co")
    await context.directory.set_webhook(dip_id, ANY_CHANNEL, Webhook(url, max_message_count=1))
    return DipClient(identity, context.http, context.clock)


async def _webhook(scope: Any, receive: Any, send: Any) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 201, "headers": []})
    await send({"type": "http.response.body", "body": b"[]"})


async def _ready(http: httpx.AsyncClient) -> None:
    async with asyncio.timeout(20):
        while (await http.get(f"{INTERNAL_URL}/health/ready")).status_code != 200:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.02)
