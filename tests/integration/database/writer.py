"""A process that writes until it is killed: ``python -m … URL``; prints each number once committed."""

from __future__ import annotations

import asyncio
import itertools
import sys

from backbone.database import Database
from tests.integration.database.tables import account


async def main(url: str) -> None:
    database = await Database.open(url)
    for number in itertools.count():
        async with database.begin() as connection:
            await connection.execute(account.insert().values(name=str(number), balance=number))
            await connection.execute(account.insert().values(name=f"{number}-twin", balance=number))
        print(number, flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
