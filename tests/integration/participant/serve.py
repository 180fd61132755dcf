"""The test service as a process of its own: ``python -m … DIRECTORY PORT GATEWAY_URL``; prints ``ready``."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import httpx
import uvicorn

from backbone.clock import BusinessClock
from backbone.database import Database
from backbone.journal import Journal, JournalIndex
from backbone.log.embedded import EmbeddedLog
from backbone.settings import Settings
from participant.authority import CertificateAuthority
from participant.context import Context
from participant.directory import Directory
from participant.engine import ParticipantService
from participant.identity import Identity
from tests.integration.participant.rig import DIP, REGS
from tests.integration.participant.role import registry


async def main(directory: Path, port: int, gateway_url: str) -> None:
    log = await EmbeddedLog.open(directory / "log")
    database = await Database.open(f"sqlite+aiosqlite:///{directory / 'test.sqlite'}")
    await database.create_tables()
    regs, dip = (Identity.load(directory / dip_id) for dip_id in (REGS, DIP))
    parties = await Directory.open(database)
    await parties.register(regs, harness=True)
    async with httpx.AsyncClient() as http:
        context = Context(
            settings=Settings(data=directory, retry_first_seconds=0.01, retry_max_seconds=0.1),
            log=log,
            database=database,
            clock=BusinessClock(),
            journal=Journal(log),
            index=JournalIndex(database, log),
            directory=parties,
            authority=CertificateAuthority.open(directory / "authority"),
            http=http,
            gateway_url=gateway_url,
            dip_identity=dip,
            service_url=lambda name: f"http://127.0.0.1:{port}/{name}",
        )
        service = ParticipantService("registration", registry(), context, [regs]).service("/registration")
        config = uvicorn.Config(service.app, port=port, log_level="warning", lifespan="off")
        async with asyncio.TaskGroup() as tasks:
            for worker in service.workers:
                tasks.create_task(worker())
            sys.stdout.write("ready\n")
            sys.stdout.flush()
            await uvicorn.Server(config).serve()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
