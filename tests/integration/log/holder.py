"""A process that fetches, never commits and waits to be killed: ``python -m … WHERE GROUP TOPIC``."""

from __future__ import annotations

import asyncio
import sys

from tests.integration.log.kit import open_log


async def main(where: str, group: str, topic: str) -> None:
    log = await open_log(where)
    async with log.consume(group, [topic]) as subscription:
        print(len(await subscription.fetch()), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
