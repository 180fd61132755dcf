"""A process that appends until it is killed: ``python -m tests.integration.log.appender WHERE TOPIC…``.

Eight appenders at once; each call appends one record to every topic. What was acknowledged is written to
standard output, one number a line, after the log said that it is durable.
"""

from __future__ import annotations

import asyncio
import itertools
import sys

from backbone.log import Record
from tests.integration.log.kit import open_log


async def main(where: str, topics: list[str]) -> None:
    log = await open_log(where)
    counter = itertools.count()

    async def append_for_ever(key: str) -> None:
        for number in counter:
            await log.append([Record(topic, key, str(number).encode()) for topic in topics])
            print(number, flush=True)

    await asyncio.gather(*(append_for_ever(f"key-{n}") for n in range(8)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2:]))
