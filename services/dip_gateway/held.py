"""Deliveries that wait for a tester: a run in stepwise mode holds each publication that a step waits for.

What is held stands in the table of deliveries with the number of its step, so that a restart and other
processes know it. Whoever has it queued looks again whether it was let go, and meanwhile sends nothing that
comes after it on its lane.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, and_, delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from participant.holding import Hold, Holds, hold_table
from services.dip_gateway import queueing, store
from services.dip_gateway.lanes import Item
from services.dip_gateway.status import CHANNEL as STATUS

DROPPED: Final = "dropped: the run that held it has ended"
_holds = hold_table.c
_deliveries = store.delivery_table.c
_WANTED = and_(_holds.message.startswith("PUB-"), _holds.state != "full")
_ANY = select(exists().where(_WANTED))


def enter(connection: Connection, rows: Sequence[dict[str, Any]]) -> list[Item]:
    """Put these into the table; the new ones, those held that a step of a run waits for.

    For one writer at a time, as ``store.add_deliveries``. Where nothing is held it costs one look.
    """
    items = queueing.items_added(rows, store.add_deliveries(connection, rows))
    if items and connection.scalar(_ANY):
        _hold(connection, items)
    return items


def _hold(connection: Connection, items: Sequence[Item]) -> None:
    mpans = {item.mpan for item in items if item.mpan and item.channel != STATUS}
    query = select(hold_table).where(_WANTED, _holds.mpan.in_(sorted(mpans)))
    rows = connection.execute(query.order_by(_holds.mpan, _holds.step).with_for_update())
    holds = Holds([Hold(*row) for row in rows])
    for item in items:
        item.held = holds.claim(item.mpan or "", item.recipient, item.publication, item.event)
        if item.held is not None:
            mine = _deliveries.id == item.id
            connection.execute(update(store.delivery_table).where(mine).values(held=item.held))
    for hold in holds.changed:
        connection.execute(update(hold_table).where(_is(hold)).values(state=hold.state))
    for hold in holds.used_up:
        connection.execute(delete(hold_table).where(_is(hold)))


def _is(hold: Hold) -> Any:
    return and_(_holds.mpan == hold.mpan, _holds.step == hold.step)


async def let_go(connection: AsyncConnection, mpan: str, step: int | None) -> None:
    """Let go the delivery that a step holds, or all of an MPAN. Done again it changes nothing."""
    which = _deliveries.held.is_not(None) if step is None else _deliveries.held == step
    where = and_(_deliveries.mpan == mpan, which)
    await connection.execute(update(store.delivery_table).where(where).values(held=None))


async def drop(connection: AsyncConnection, mpan: str, now: str) -> None:
    """Never deliver what is held about an MPAN: nobody will let it go."""
    where = and_(_deliveries.mpan == mpan, _deliveries.held.is_not(None))
    gone = {"held": None, "state": "dropped", "answer": DROPPED, "finished_at": now}
    await connection.execute(update(store.delivery_table).where(where).values(**gone))


async def no_longer(connection: AsyncConnection, ids: Sequence[int]) -> Mapping[int, bool]:
    """Those of the deliveries that nothing holds any more, and whether they are still to be delivered."""
    columns = (_deliveries.id, _deliveries.state)
    query = select(*columns).where(_deliveries.id.in_(ids), _deliveries.held.is_(None))
    return {row.id: row.state == "waiting" for row in await connection.execute(query)}
