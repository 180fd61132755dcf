"""kill -9 in a loop under load: nothing accepted is lost, nothing arrives out of order per MPAN.

The number of kills is 4, or ``DIPEMU_KILLS``.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import httpx
import orjson
import pytest

from backbone.clock import SystemClock
from contracts import envelope, identifiers
from participant import signing
from participant.identity import Identity
from tests.bench.bench_gateway import prepare
from tests.integration.dip_gateway.environment import (
    DISTRIBUTOR,
    MSAPP,
    REGISTRATION,
    SUPPLIER,
    Receiver,
    serving,
    until,
)

KILLS = int(os.environ.get("DIPEMU_KILLS", "4"))
MPANS = [identifiers.make_mpan(20, serial) for serial in range(6)]


class Victim:
    """The gateway as a process of its own, killed and started again on the same data."""

    def __init__(self, folder: Path, webhook: str) -> None:
        self._command = ["-m", "tests.bench.serve_gateway", "all", str(folder), f"{REGISTRATION}={webhook}"]
        self._process: asyncio.subprocess.Process | None = None
        self.up = asyncio.Event()
        self.url = ""

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, *self._command, stdout=asyncio.subprocess.PIPE
        )
        assert self._process.stdout is not None
        port = int(await self._process.stdout.readline())
        self.url = f"http://127.0.0.1:{port}"
        self.up.set()

    async def kill(self) -> None:
        assert self._process is not None
        self.up.clear()
        self._process.send_signal(signal.SIGKILL)
        await self._process.communicate()


@asynccontextmanager
async def victim(folder: Path, webhook: str) -> AsyncIterator[Victim]:
    process = Victim(folder, webhook)
    await process.start()
    try:
        yield process
    finally:
        await process.kill()


class History:
    """What was accepted, in order per MPAN. An answer that was lost is asked for again."""

    def __init__(self) -> None:
        self.accepted: defaultdict[str, list[str]] = defaultdict(list)
        self.stop = asyncio.Event()

    async def send(self, mpan: str, process: Victim, identity: Identity, http: httpx.AsyncClient) -> None:
        """Send one message after another for this MPAN until told to stop."""
        sender = envelope.Sender(SUPPLIER, "SUP")
        block = envelope.MpanBlock(mpan, DISTRIBUTOR, "_H")
        while not self.stop.is_set():
            now = SystemClock().now()
            message = envelope.build("IF-031", "[MSApp]", sender=sender, now=now, custom=MSAPP, mpan=block)
            await self._until_accepted(orjson.dumps([message]), process, identity, http)
            self.accepted[mpan].append(envelope.header(message).reference or "")

    async def _until_accepted(
        self, body: bytes, process: Victim, identity: Identity, http: httpx.AsyncClient
    ) -> None:
        while True:
            await process.up.wait()
            url = f"{process.url}/dip-channel/IF-031"
            headers = signing.sign(identity, "POST", url, body, SystemClock().now())
            headers["X-API-Key"] = identity.api_key
            try:
                answer = await http.post(url, content=body, headers=headers)
            except httpx.TransportError:
                await asyncio.sleep(0.02)
                continue
            if answer.status_code == 201 or "MSG1006" in answer.text:  # accepted now, or before the kill
                return
            assert answer.status_code == 503, answer.text


def arrivals(receiver: Receiver) -> dict[str, list[str]]:
    """References by MPAN, in the order in which each came first."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for message in receiver.messages():
        header = envelope.header(message)
        reference = header.reference or ""
        if reference not in found[header.mpan or ""]:
            found[header.mpan or ""].append(reference)
    return found


@pytest.mark.slow
@pytest.mark.timeout(60 + 20 * KILLS)
async def test_killed_in_a_loop_under_load(tmp_path: Path) -> None:
    prepare(tmp_path)
    identity = Identity.load(tmp_path / "identities" / SUPPLIER)
    receiver, history, random = Receiver(), History(), Random(5)
    async with (
        serving(receiver) as url,
        httpx.AsyncClient() as http,
        victim(tmp_path, f"{url}/hook") as process,
    ):
        senders = [asyncio.create_task(history.send(m, process, identity, http)) for m in MPANS]
        for _ in range(KILLS):
            await asyncio.sleep(random.uniform(0.2, 1.2))
            await process.kill()
            await process.start()
        await asyncio.sleep(0.5)
        history.stop.set()
        await asyncio.gather(*senders)
        total = sum(map(len, history.accepted.values()))
        await until(lambda: sum(map(len, arrivals(receiver).values())) >= total, 60)
        assert total > 20
        assert arrivals(receiver) == history.accepted
