"""Starts what bench_gateway measures: ``python -m tests.bench.serve_gateway bare|sketch|intake|all DIRECTORY
[<DIP ID>=<webhook> …]``.

Prints the port it listens on. ``sketch``: the least that any gateway in Python must do for a message, and
nothing else (see ``Sketch``); ``intake``: the gateway's way in alone; ``all``: with routing, delivery and
the journal's index beside it in the same process, as ``dipemu up`` has them.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import uvloop

from backbone.clock import BusinessClock
from backbone.database import Database
from backbone.journal import Journal, JournalIndex
from backbone.log import Record
from backbone.log.embedded import EmbeddedLog
from backbone.settings import Settings
from contracts.validation import Validator
from dipemu.server import listen, serving
from participant.authority import CertificateAuthority
from participant.context import Context
from participant.directory import Directory, Webhook
from participant.identity import Identity
from services.dip_gateway.app import build
from services.dip_gateway.asgi import headers_of, send_bytes
from services.dip_gateway.settings import GatewaySettings

ANSWER = orjson.dumps({"messageArray": [{"message": "MSG0000 - Success", "help": None}] * 3})


async def bare(scope: Any, receive: Any, send: Any) -> None:
    """The yardstick: read the body, answer 201."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send_bytes(send, 201, ANSWER)


class Sketch:
    """What cannot be left out: SHA-256, RSA-2048, one parse, the compiled schema, one durable append.

    It knows one sender, keeps no journal, gives no IDs and explains nothing: a lower bound, no product.
    """

    def __init__(self, context: Context) -> None:
        self._log = context.log
        self._verifier = context.verifier
        self._validator = Validator(context.catalogue(), semantics=None)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Verify, parse, check, append, answer 201."""
        if scope["type"] != "http":
            return
        headers = headers_of(scope)
        body = (await receive())["body"]
        url = f"http://{headers['host']}{scope['path']}"
        self._verifier.verify(scope["method"], url, headers, body, datetime.now(UTC))
        for message in orjson.loads(body):
            assert self._validator.check(message).valid
        await self._log.append([Record("sketch", headers["x-dip-content-hash"], body)])
        await send_bytes(send, 201, ANSWER)


async def open_context(stack: AsyncExitStack, folder: Path) -> Context:
    """The gateway's surroundings, with the identities that the folder holds."""
    log = await EmbeddedLog.open(folder / "log")
    stack.push_async_callback(log.close)
    database = await Database.open(f"sqlite+aiosqlite:///{folder / 'db.sqlite'}")
    stack.push_async_callback(database.close)
    await database.create_tables()
    directory = await Directory.open(database)
    identities = {path.name: Identity.load(path) for path in (folder / "identities").iterdir()}
    for identity in identities.values():
        await directory.register(identity)
    return Context(
        settings=Settings(data=folder),
        log=log,
        database=database,
        clock=BusinessClock(),
        journal=Journal(log),
        index=JournalIndex(database, log),
        directory=directory,
        authority=CertificateAuthority.open(folder / "authority"),
        http=await stack.enter_async_context(httpx.AsyncClient()),
        gateway_url="http://harness.internal",
        dip_identity=identities["1000000000"],
        service_url=lambda name: f"http://harness.internal/{name}",
    )


async def terminated() -> None:
    """Wait for the signal to end."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()


async def main(kind: str, folder: Path, webhooks: Sequence[str]) -> None:
    async with AsyncExitStack() as stack:
        app: Any = bare
        tasks = []
        if kind == "sketch":
            app = Sketch(await open_context(stack, folder))
        elif kind != "bare":
            context = await open_context(stack, folder)
            for webhook in webhooks:
                dip_id, _, url = webhook.partition("=")
                await context.directory.set_webhook(dip_id, "*", Webhook(url))
            everything = kind == "all"
            service = build(
                context, settings=GatewaySettings(gateway_parts="all" if everything else "intake")
            )
            app = service.app
            workers = [*service.workers, *([context.index.run] if everything else [])]
            tasks = [asyncio.create_task(worker()) for worker in workers]
            while not service.ready():  # noqa: ASYNC110 - has no event of its own
                await asyncio.sleep(0.01)
        endpoint = listen("127.0.0.1", 0)
        await stack.enter_async_context(serving(app, endpoint))
        print(endpoint.getsockname()[1], flush=True)
        await terminated()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:]))
