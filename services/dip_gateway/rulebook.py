"""Keeps the fault rules, so that every process of a gateway knows the same ones and a restart loses none.

Rules of the file of ``DIPEMU_FAULTS`` belong to the process that read it; those put in while it runs are in
the database. Of one name, the one in the database counts. How often a rule has struck is counted there, too.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from backbone.database import Database
from services.dip_gateway.faults import Fault, FaultPlan, FaultRule, FaultSubject
from services.dip_gateway.patience import until_done
from services.dip_gateway.store import fault_table

LOOK_SECONDS: Final = 1.0  # after so long at most a rule put in at another process counts here
_columns = fault_table.c


class RuleBook:
    """The rules in force. ``shared``: other processes may change them."""

    def __init__(
        self, database: Database, seed: int = 0, given: Sequence[FaultRule] = (), *, shared: bool = False
    ) -> None:
        self._database = database
        self._given = {rule.name: rule for rule in given}
        self._shared = shared
        self._revisions: dict[str, int] = {}
        self._watchers: list[Callable[[], None]] = []
        self.plan = FaultPlan(seed, given)
        self.loaded = asyncio.Event()

    def watch(self, changed: Callable[[], None]) -> None:
        """``changed`` is called whenever the rules have changed: what held deliveries may be gone."""
        self._watchers.append(changed)

    async def run(self) -> None:
        """Read the rules; where others may change them, again and again until cancelled."""
        await self._look()
        while self._shared:
            await asyncio.sleep(LOOK_SECONDS)
            await self._look()

    async def put(self, rules: Iterable[FaultRule], now: datetime) -> list[FaultRule]:
        """Take rules in for all processes, in place of those of the same names; an outage begins ``now``.

        The answer is the rules as they are kept.
        """
        kept = [rule.begun(now) for rule in rules]
        async with self._database.begin() as connection:
            for rule in kept:
                await connection.execute(delete(fault_table).where(_columns.name == rule.name))
                await connection.execute(fault_table.insert().values(_row(rule)))
            found = await _read(connection)
        self._take_in(found)
        return kept

    async def remove(self, name: str) -> bool:
        """Take a rule out for all processes; whether there was one. The file's of that name counts again."""
        async with self._database.begin() as connection:
            gone = await connection.execute(delete(fault_table).where(_columns.name == name))
            found = await _read(connection)
        self._take_in(found)
        return gone.rowcount > 0

    def given(self, name: str) -> bool:
        """Whether the rule of this name is the file's."""
        return name in self._given and name not in self._revisions

    async def struck(
        self, where: str, subjects: Sequence[FaultSubject], kinds: Iterable[Fault] | None = None
    ) -> list[FaultRule]:
        """The rules that strike one of these now, outages apart; each counts. ``kinds``: only these."""
        drawn = self.plan.draw(where, subjects, kinds)
        return [rule for rule in drawn if await self._counted(rule)]

    async def _counted(self, rule: FaultRule) -> bool:
        """Whether a rule that may strike so many times may do so once more, all processes together."""
        if rule.times is None or self.given(rule.name):
            return True
        counted = await until_done(partial(self._count, rule), "the count of a fault rule")
        if not counted:
            self.plan.exhaust(rule.name)
        return counted

    async def _count(self, rule: FaultRule) -> bool:
        one = (_columns.name == rule.name) & (_columns.remaining > 0)
        statement = update(fault_table).where(one).values(remaining=_columns.remaining - 1)
        async with self._database.begin() as connection:
            return (await connection.execute(statement)).rowcount > 0

    async def _look(self) -> None:
        self._take_in(await until_done(self._found, "the fault rules"))
        self.loaded.set()

    async def _found(self) -> dict[str, tuple[int, int | None, str]]:
        async with self._database.read() as connection:
            return await _read(connection)

    def _take_in(self, found: dict[str, tuple[int, int | None, str]]) -> None:
        gone = self._revisions.keys() - found.keys()
        new = [name for name, entry in found.items() if self._revisions.get(name) != entry[0]]
        for name in gone:
            self._forget(name)
        for name in new:
            self._revisions[name], remaining, rule = found[name]
            self.plan.put(FaultRule.model_validate_json(rule), remaining)
        if gone or new:
            for changed in self._watchers:
                changed()

    def _forget(self, name: str) -> None:
        del self._revisions[name]
        if name in self._given:
            self.plan.put(self._given[name])
        else:
            self.plan.remove(name)


async def _read(connection: AsyncConnection) -> dict[str, tuple[int, int | None, str]]:
    """Revision, how often it may still strike, and the rule itself, by name."""
    query = select(_columns.name, _columns.revision, _columns.remaining, _columns.rule)
    rows = await connection.execute(query.order_by(_columns.name))
    return {row.name: (row.revision, row.remaining, row.rule) for row in rows}


def _row(rule: FaultRule) -> dict[str, object]:
    return {
        "name": rule.name,
        "revision": secrets.randbits(62),  # another one than before, whoever writes it
        "remaining": rule.times,
        "rule": rule.model_dump_json(exclude_none=True),
    }
