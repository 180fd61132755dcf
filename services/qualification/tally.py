"""How many runs there are by verdict: of what is known already nothing is read again."""

from __future__ import annotations

import asyncio
from collections import Counter

from sqlalchemy import select

from backbone.database import Database
from backbone.measures import Measure
from services.qualification.results import Verdict
from services.qualification.store import facts_table

_BATCH = 200


class RunTally:
    """Counts runs. Reads all of them once, afterwards those that are new or had not ended."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn = asyncio.Lock()
        self._last = 0
        self._open: set[str] = set()
        self._ended: Counter[str] = Counter()

    async def measures(self) -> list[Measure]:
        """The runs that ended by verdict, and those under way. Raises DatabaseUnavailable."""
        async with self._turn:
            while await self._read() == _BATCH:
                pass
        meaning = "Runs that have ended, by verdict."
        found = [
            Measure(
                "dipemu_runs_total",
                meaning,
                "counter",
                self._ended[verdict.value],
                {"verdict": verdict.value},
            )
            for verdict in Verdict
        ]
        return [
            *found,
            Measure("dipemu_runs_under_way", "Runs that have not ended.", "gauge", len(self._open)),
        ]

    async def _read(self) -> int:
        """Take in a batch; how many were new."""
        columns = facts_table.c
        changed = columns.id.in_(self._open) & columns.ended
        query = select(columns.id, columns.order_number, columns.ended, columns.verdict)
        fresh = query.where(columns.order_number > self._last).order_by(columns.order_number).limit(_BATCH)
        async with self._database.read() as connection:
            concluded = list(await connection.execute(query.where(changed))) if self._open else []
            new = list(await connection.execute(fresh))
        for row in (*concluded, *new):
            self._open.discard(row.id)
            if row.ended:
                self._ended[row.verdict] += 1
            else:
                self._open.add(row.id)
            self._last = max(self._last, row.order_number)
        return len(new)
