"""Messages of the harness that wait for a tester: a run in stepwise mode holds each until it is let go.

A hold is set before the message is made, for one step of a run. Whichever service then makes the message
puts it into its outbox as held; letting the step go makes it an ordinary one. No message is made twice, and
a restart forgets neither the hold nor what it holds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from sqlalchemy import Column, ColumnElement, Integer, String, Table, and_, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from backbone.database import metadata
from backbone.journal import Kind
from contracts import css, envelope
from participant.handlers import CssOut, DipOut, JournalNote, Outgoing, WholeOut
from participant.outbox import outbox_table

LET_GO: Final = "messages let go"
"""The command that tells a service to look for held messages of an MPAN that may be sent now."""
HoldState = Literal["set", "open", "full"]  # no message yet; let go before there was one; holds its message
_CHUNK = 500  # values in one IN list

hold_table = Table(
    "participant_hold",
    metadata,
    Column("mpan", String(13), primary_key=True),
    Column("step", Integer, primary_key=True),
    Column("sender", String(10), nullable=False),
    Column("message", String(16), nullable=False),
    Column("event", String(64)),
    Column("state", String(4), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Hold:
    """One message to be held. ``sender``: DIP ID, or ``CSS``; of a publication its recipient.

    ``event``: with brackets; None: any.
    """

    mpan: str
    step: int
    sender: str
    message: str
    event: str | None = None
    state: HoldState = "set"


@dataclass
class Holds:
    """The holds on the MPANs of one batch, and how the messages of the batch change them."""

    standing: list[Hold] = field(default_factory=list)
    changed: list[Hold] = field(default_factory=list)
    used_up: list[Hold] = field(default_factory=list)

    def steps_of(self, mpan: str, outgoing: Sequence[Outgoing]) -> list[int | None]:
        """For each thing to send the step that holds it back; None: it goes at once.

        What CSS writes down about a message, and a copy of it to another party, wait with the message.
        """
        if not any(hold.mpan == mpan for hold in self.standing):
            return [None] * len(outgoing)
        by_event = {css.header(out.message).event_id: self._of(mpan, out) for out in _once(outgoing)}
        return [self._step(mpan, out, by_event) for out in outgoing]

    def _step(self, mpan: str, out: Outgoing, by_event: dict[str | None, int | None]) -> int | None:
        if isinstance(out, DipOut):
            return self.claim(mpan, out.sender, out.interface, out.event)
        if isinstance(out, WholeOut):
            return self._batch(mpan, out)
        if isinstance(out, CssOut):
            return by_event.get(css.header(out.message).event_id)
        written_down = isinstance(out, JournalNote) and out.kind is Kind.CSS_MESSAGE
        return by_event.get(out.reference) if written_down else None

    def _batch(self, mpan: str, out: WholeOut) -> int | None:
        """The step of the first message of a request; the steps of the others have theirs with it.

        A message whose event is wrong on purpose is that of the step whose turn it is.
        """
        steps: list[int | None] = []
        for message in out.messages:
            event = envelope.header(message).event
            known = [hold for hold in self.standing if _fits(hold, mpan, out.sender, out.interface)]
            right = [hold for hold in known if hold.event in (None, event)]
            turn = next(iter(right or known), None)
            steps.append(self.claim(mpan, out.sender, out.interface, turn.event if turn else event))
        return steps[0]

    def _of(self, mpan: str, out: CssOut) -> int | None:
        return self.claim(mpan, out.sender, css.header(out.message).event_type or "", None)

    def claim(self, mpan: str, sender: str, message: str, event: str | None) -> int | None:
        """The step whose message this is, the first that has none yet; each has one."""
        for hold in self.standing:
            if _fits(hold, mpan, sender, message) and hold.event in (None, event):
                self.standing.remove(hold)
                if hold.state == "open":
                    self.used_up.append(hold)
                    return None
                self.changed.append(replace(hold, state="full"))
                return hold.step
        return None


def _fits(hold: Hold, mpan: str, sender: str, message: str) -> bool:
    return (hold.mpan, hold.sender, hold.message) == (mpan, sender, message)


def _once(outgoing: Iterable[Outgoing]) -> list[CssOut]:
    """The CSS messages, each once, however many parties it goes to."""
    found = {css.header(out.message).event_id: out for out in outgoing if isinstance(out, CssOut)}
    return list(found.values())


async def set_holds(connection: AsyncConnection, mpan: str, holds: Sequence[Hold]) -> None:
    """Hold these messages of an MPAN, and none that an earlier run may have left held."""
    await drop(connection, mpan)
    if holds:
        await connection.execute(hold_table.insert(), [_row(hold) for hold in holds])


async def holds_on(connection: AsyncConnection, mpans: Collection[str]) -> Holds:
    """The holds on these MPANs that have no message yet; nobody else changes them in the meantime."""
    found: list[Hold] = []
    ordered, columns = sorted(mpans), hold_table.c
    for start in range(0, len(ordered), _CHUNK):
        where = and_(columns.mpan.in_(ordered[start : start + _CHUNK]), columns.state != "full")
        query = select(hold_table).where(where).order_by(columns.mpan, columns.step).with_for_update()
        found += [Hold(*row) for row in await connection.execute(query)]
    return Holds(found)


async def save(connection: AsyncConnection, holds: Holds) -> None:
    """Keep what the messages of a batch have changed."""
    for hold in holds.changed:
        await connection.execute(update(hold_table).where(_is(hold.mpan, hold.step)).values(state=hold.state))
    for hold in holds.used_up:
        await connection.execute(delete(hold_table).where(_is(hold.mpan, hold.step)))


async def let_go(connection: AsyncConnection, mpan: str, step: int | None = None) -> set[str]:
    """Let go the message of a step, or all of an MPAN; the services that have something to send now.

    Done again it changes nothing. A message that has not been made yet goes at once when it is.
    """
    query = select(hold_table.c.step, hold_table.c.state).where(_is(mpan, step)).with_for_update()
    for hold in (await connection.execute(query)).all():
        this = _is(mpan, hold.step)
        if step is None or hold.state == "full":
            await connection.execute(delete(hold_table).where(this))
        else:
            await connection.execute(update(hold_table).where(this).values(state="open"))
    columns = outbox_table.c
    held = and_(columns.mpan == mpan, columns.held == step if step is not None else columns.held.is_not(None))
    freed = update(outbox_table).where(held).values(held=None).returning(columns.service)
    return set(await connection.scalars(freed))


async def drop(connection: AsyncConnection, mpan: str) -> None:
    """Forget the holds on an MPAN and the messages that they hold: nobody will let them go."""
    await connection.execute(delete(hold_table).where(hold_table.c.mpan == mpan))
    columns = outbox_table.c
    await connection.execute(delete(outbox_table).where(columns.mpan == mpan, columns.held.is_not(None)))


def _is(mpan: str, step: int | None) -> ColumnElement[bool]:
    columns = hold_table.c
    return columns.mpan == mpan if step is None else and_(columns.mpan == mpan, columns.step == step)


def _row(hold: Hold) -> dict[str, object]:
    return {
        "mpan": hold.mpan,
        "step": hold.step,
        "sender": hold.sender,
        "message": hold.message,
        "event": hold.event,
        "state": hold.state,
    }
