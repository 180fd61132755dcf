"""Handles what came in: a batch of records, one database transaction.

Handlers are pure and quick, so a batch costs one read, one write and one commit whatever its size; within
it, what belongs to one MPAN is handled in order. The passing of time is handled in the same way.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from backbone.journal import JournalEvent, Kind
from backbone.log import Record
from contracts import envelope
from participant import holding, outbox, timers
from participant.context import Context
from participant.errors import SenderUnknown, TimeStandsStill
from participant.handlers import (
    TIME_HAS_PASSED,
    CssOut,
    DipOut,
    HandlerRegistry,
    Incoming,
    JournalNote,
    Outgoing,
    WholeOut,
    World,
)
from participant.holding import LET_GO, Holds
from participant.identity import Identity
from participant.outbox import OutboxRow, OutgoingKind, ToSend
from participant.standing_back import spoken
from participant.timers import Timer
from participant.wire import read_record, state_key

CSS = "CSS"
BeforeBatch = Callable[[AsyncConnection], Awaitable[None]]
logger = logging.getLogger(__name__)


@dataclass
class Batch:
    """What a batch of incoming things leads to."""

    world: World
    saved: Mapping[str, bytes]
    holds: Holds = field(default_factory=Holds)
    states: dict[str, BaseModel] = field(default_factory=dict)  # those that changed
    timers: dict[str, Timer | None] = field(default_factory=dict)  # of the same
    ids: list[str] = field(default_factory=list)
    to_send: list[ToSend] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Handled:
    """What came of it and is saved: what there is to send now, and the timers that were set."""

    to_send: Sequence[OutboxRow]
    timers: Sequence[Timer]


class Processor:
    """Runs a service's handlers over batches of records."""

    def __init__(
        self,
        service: str,
        registry: HandlerRegistry[Any],
        context: Context,
        identities: Mapping[str, Identity],
        before_batch: BeforeBatch | None = None,
    ) -> None:
        self._service = service
        self._lock = f"participant.{service}"
        self._before_batch = before_batch
        self._registry = registry
        self._context = context
        self._identities = identities

    async def process(self, records: Sequence[Record]) -> Handled:
        """Handle the records not handled before. Raises DatabaseUnavailable; nothing was handled then."""
        incomings = [incoming for record in records if (incoming := _read(record)) is not None]
        let_go = {i.mpan for i in incomings if (i.kind, i.name) == ("command", LET_GO)}
        async with self._context.database.begin(self._lock) as connection:
            batch = await self._begin(connection, {state_key(i) for i in incomings})
            done = await outbox.handled(connection, self._service, {i.id for i in incomings})
            for incoming in incomings:
                if incoming.id not in done:
                    done.add(incoming.id)
                    batch.ids.append(incoming.id)
                    self._handle(batch, incoming)
            waiting = await outbox.pending_for(connection, self._service, let_go)
            return await self._save(connection, batch, waiting)

    async def pass_time(self, due: Sequence[Timer]) -> Handled:
        """Hand the time to the states of these timers, as far as they are still set.

        Raises DatabaseUnavailable; nothing was handled then.
        """
        async with self._context.database.begin(self._lock) as connection:
            still_due = await timers.still_set(connection, self._service, due)
            batch = await self._begin(connection, {timer.key for timer in still_due})
            for timer in still_due:
                batch.timers[timer.key] = None
                self._handle(batch, _time_passed(timer))
            return await self._save(connection, batch)

    async def _begin(self, connection: AsyncConnection, keys: set[str]) -> Batch:
        if self._before_batch is not None:
            await self._before_batch(connection)
        world = World(
            catalogue=self._context.catalogue(),
            environment=self._context.settings.environment_tag,
            snapshot=await self._context.directory.latest(connection),
        )
        saved = await outbox.states(connection, self._service, keys)
        return Batch(world, saved, await holding.holds_on(connection, keys))

    async def _save(
        self, connection: AsyncConnection, batch: Batch, waiting: Sequence[OutboxRow] = ()
    ) -> Handled:
        """``waiting``: what is in the outbox already and was let go just now."""
        await holding.save(connection, batch.holds)
        changed = {key: _json(state) for key, state in batch.states.items()}
        rows = await outbox.save(
            connection, self._service, changed=changed, ids=batch.ids, to_send=batch.to_send
        )
        if self._registry.takes_time:
            await timers.save(connection, self._service, batch.timers)
        return Handled([*waiting, *rows], [timer for timer in batch.timers.values() if timer is not None])

    def _handle(self, batch: Batch, incoming: Incoming) -> None:
        """Run the handler; when it fails, state and world stay as they were and the journal says so."""
        handler = self._registry.find(incoming)
        if handler is None:
            logger.debug("%s takes no %s %s", self._service, incoming.name, incoming.event)
            return
        key, now = state_key(incoming), self._context.clock.now(incoming.mpan or None)
        try:
            before = self._state(batch, key)
            state, outgoing = handler(before, incoming, now, batch.world)
            timer = self._timer(state, incoming, now)
            to_send = self._held(batch, incoming, spoken(before, outgoing), now)
        except Exception as fault:  # whatever a handler did wrong must not stop the others; it is reported
            logger.exception("%s failed on %s %s", self._service, incoming.name, incoming.id)
            batch.to_send.append(self._to_send(_fault_note(incoming, fault), incoming, now))
            return
        if state is not None and state is not before:
            batch.states[key] = state
            batch.timers[key] = timer
        batch.to_send.extend(to_send)

    def _held(
        self, batch: Batch, incoming: Incoming, outgoing: Sequence[Outgoing], now: datetime
    ) -> list[ToSend]:
        """What a handler wants sent, each with the step that holds it back, if any."""
        to_send = [self._to_send(out, incoming, now) for out in outgoing]
        steps = batch.holds.steps_of(incoming.mpan, outgoing)
        pairs = zip(to_send, steps, strict=True)
        return [what if step is None else replace(what, held=step) for what, step in pairs]

    def _timer(self, state: BaseModel | None, incoming: Incoming, now: datetime) -> Timer | None:
        """The timer of a state that a handler leaves. Raises TimeStandsStill."""
        due = None if state is None else self._registry.due(state)
        if due is None:
            return None
        if incoming.kind == "time" and due <= now:
            raise TimeStandsStill(f"what was due at {due} is still due after it was handled")
        return Timer(state_key(incoming), due, incoming.to, incoming.mpan or None)

    def _state(self, batch: Batch, key: str) -> BaseModel | None:
        if key in batch.states or key not in batch.saved:
            return batch.states.get(key)
        state: BaseModel = self._registry.state_type.model_validate_json(batch.saved[key])
        return state

    def _to_send(self, out: Outgoing, incoming: Incoming, now: datetime) -> ToSend:
        if isinstance(out, DipOut):
            return self._dip(out, incoming, now)
        if isinstance(out, WholeOut):
            return self._whole(out, incoming)
        if isinstance(out, CssOut):
            return self._css(out, incoming)
        return self._note(out, incoming, now)

    def _dip(self, out: DipOut, incoming: Incoming, now: datetime) -> ToSend:
        """The message with its sender reference: minted here, once, so that a retry is the same message."""
        identity = self._identity(out.sender)
        message = envelope.build(
            out.interface,
            out.event,
            sender=envelope.Sender(identity.dip_id, identity.role),
            now=now,
            schema_version=self._context.catalogue().schema_version(out.interface),
            environment=self._context.settings.environment_tag,
            custom=out.custom,
            mpan=out.mpan,
            response=out.response,
            primary=out.primary,
            correlation_id=out.correlation_id,
            unique=secrets.token_hex(16),
        )
        mpan = out.mpan.mpan if out.mpan else incoming.mpan or None
        return ToSend(
            mpan or incoming.to, "dip", out.sender, out.interface, orjson.dumps([message]), mpan, incoming.run
        )

    def _whole(self, out: WholeOut, incoming: Incoming) -> ToSend:
        self._identity(out.sender)
        kind: OutgoingKind = "trial" if out.may_be_refused else "dip"
        body, mpan = orjson.dumps(list(out.messages)), incoming.mpan or None
        return ToSend(state_key(incoming), kind, out.sender, out.interface, body, mpan, incoming.run)

    def _css(self, out: CssOut, incoming: Incoming) -> ToSend:
        if out.sender != CSS:
            self._identity(out.sender)
        key = state_key(incoming)
        if out.to.startswith("http"):  # a callback that does not answer must hold up nobody else
            key += ":" + hashlib.sha256(out.to.encode()).hexdigest()[:16]
        body = orjson.dumps(out.message)
        return ToSend(key, "css", out.sender, out.to, body, incoming.mpan or None, incoming.run)

    def _note(self, note: JournalNote, incoming: Incoming, now: datetime) -> ToSend:
        mpan, run = note.mpan or incoming.mpan or None, note.run or incoming.run
        event = JournalEvent(
            note.kind,
            now,
            self._service,
            mpan=mpan,
            interface=note.interface,
            event_code=note.event_code,
            sender=note.sender,
            recipient=note.recipient,
            reference=note.reference,
            transaction_id=note.transaction_id,
            correlation_id=note.correlation_id,
            run=run,
            codes=note.codes,
            body=note.body,
            details=note.details,
        )
        return ToSend(state_key(incoming), "note", incoming.to[:10], "", event.to_bytes(), mpan, run)

    def _identity(self, dip_id: str) -> Identity:
        try:
            return self._identities[dip_id]
        except KeyError as fault:
            raise SenderUnknown(f"{self._service} does not play {dip_id} and cannot send as it") from fault


def _read(record: Record) -> Incoming | None:
    try:
        return read_record(record)
    except ValueError as fault:
        logger.error("%s: %s", record.topic, fault)
        return None


def _time_passed(timer: Timer) -> Incoming:
    return Incoming(
        kind="time",
        to=timer.to,
        mpan=timer.mpan or "",
        name=TIME_HAS_PASSED,
        event=None,
        message={},
        id=f"time:{timer.key}:{timer.due.isoformat()}",
    )


def _json(state: BaseModel) -> bytes:
    return state.model_dump_json().encode()


def _fault_note(incoming: Incoming, fault: Exception) -> JournalNote:
    return JournalNote(
        Kind.SERVICE_FAULT,
        {
            "fault": f"{type(fault).__name__}: {fault}",
            "kind": incoming.kind,
            "name": incoming.name,
            "event": incoming.event,
        },
        recipient=incoming.to,
    )
