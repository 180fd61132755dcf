"""Sends what the outbox holds: in order per MPAN, different MPANs at the same time, until it is answered.

A thing is taken out of the outbox after it was sent. When the process dies in between, it is sent once
more with the same sender's unique reference, and the DIP's answer "duplicated" then counts as sent.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import httpx
import orjson

from backbone.errors import LogUnavailable
from backbone.journal import JournalEvent, Kind
from backbone.log import Record
from contracts import css, envelope
from participant import outbox
from participant.client import Answer, DipClient, answer_of
from participant.context import Context
from participant.errors import TargetRefused, TargetUnresolved
from participant.identity import Identity
from participant.outbox import OutboxRow, ToSend
from participant.retry import retry_delay, retry_wanted
from participant.signing import sign
from participant.targets import TargetGuard

AT_ONCE = 32
LOOK_AGAIN_SECONDS = 30.0  # for what another process put in
logger = logging.getLogger(__name__)


@dataclass
class _Lanes:
    """What waits, by key, and the numbers of everything that is or was in a lane and may still be read."""

    waiting: dict[str, deque[OutboxRow]] = field(default_factory=dict)
    known: set[int] = field(default_factory=set)


class OutboxSender:
    """The sending side of one service."""

    def __init__(self, service: str, context: Context, identities: Mapping[str, Identity]) -> None:
        self._service = service
        self._context = context
        self._identities = identities
        self._guard = TargetGuard.of(context)
        self._clients = {
            dip_id: DipClient(
                identity.at(context.gateway_url),
                context.http,
                context.clock,
                context.settings.delivery_timeout_seconds,
            )
            for dip_id, identity in identities.items()
        }
        self._offered: deque[OutboxRow] = deque()
        self._news = asyncio.Event()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._settled: list[int] = []
        self._removed: set[int] = set()
        self._to_settle = asyncio.Event()

    def offer(self, rows: Sequence[OutboxRow]) -> None:
        """These were just put into the outbox: send them without looking there."""
        if rows:
            self._offered.extend(rows)
            self._news.set()

    async def run(self) -> None:
        """Send until cancelled."""
        lanes = _Lanes()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._settle())
            while True:
                await self._look(lanes, tasks)
                while await self._has_news():
                    self._take_offered(lanes, tasks)

    async def _look(self, lanes: _Lanes, tasks: asyncio.TaskGroup) -> None:
        """Read the whole outbox: after a start, and for what other processes put in."""
        self._take_offered(lanes, tasks)
        after: int | None = 0
        while after is not None:
            async with self._context.database.read() as connection:
                rows = await outbox.pending(connection, self._service, after)
            for row in rows:
                self._queue(row, lanes, tasks)
            after = rows[-1].id if rows else None

    def _take_offered(self, lanes: _Lanes, tasks: asyncio.TaskGroup) -> None:
        self._news.clear()
        while self._offered:
            self._queue(self._offered.popleft(), lanes, tasks)
        lanes.known -= self._removed  # nothing offered before is left, and what is removed is read no more
        self._removed.clear()

    async def _has_news(self) -> bool:
        try:
            async with asyncio.timeout(LOOK_AGAIN_SECONDS):
                await self._news.wait()
        except TimeoutError:
            return False
        return True

    def _queue(self, row: OutboxRow, lanes: _Lanes, tasks: asyncio.TaskGroup) -> None:
        if row.id in lanes.known:
            return
        lanes.known.add(row.id)
        key = row.what.key
        if key in lanes.waiting:
            lanes.waiting[key].append(row)
            return
        lanes.waiting[key] = deque([row])
        tasks.create_task(self._send_all(key, lanes.waiting))

    async def _send_all(self, key: str, waiting: dict[str, deque[OutboxRow]]) -> None:
        rows = waiting[key]
        while rows:
            await self._send_until_answered(rows[0])
            self._settled.append(rows.popleft().id)
            self._to_settle.set()
        del waiting[key]

    async def _send_until_answered(self, row: OutboxRow) -> None:
        settings = self._context.settings
        attempt = 0
        while True:
            attempt += 1
            async with self._room:
                answer = await self._attempt(row.what)
            if answer is not None and not retry_wanted(answer.status):
                if not (answer.ok or answer.is_duplicate or row.what.kind == "trial"):
                    await self._report(row, answer)
                return
            if row.what.target.startswith("http") and attempt >= settings.retry_attempts:
                await self._report(row, answer)
                return
            delay = retry_delay(
                attempt,
                settings.retry_first_seconds,
                settings.retry_max_seconds,
                answer.retry_after if answer else None,
            )
            logger.info("%s: no success with %s, again in %.1f s", self._service, row.what.target, delay)
            await asyncio.sleep(delay)

    async def _attempt(self, what: ToSend) -> Answer | None:
        """Send once; None when no answer came."""
        try:
            if what.kind == "note":
                await self._context.log.append([_journal_record(what)])
                return Answer(201)
            if what.kind in ("dip", "trial"):
                return await self._clients[what.sender].send_bytes(what.target, what.payload)
            return await self._send_css(what)
        except httpx.InvalidURL as fault:
            return Answer(0, f"not an address: {fault}")
        except (httpx.TransportError, LogUnavailable, TargetUnresolved) as fault:
            logger.info("%s: no answer from %s: %s", self._service, what.target or "the log", fault)
        except TargetRefused as fault:
            return Answer(0, f"not called: {fault}")
        except Exception:  # whatever a service in this process raised: for the sender it is no answer
            logger.exception("%s: %s failed while it was asked", self._service, what.target or "the log")
        return None

    async def _send_css(self, what: ToSend) -> Answer:
        """Signed; with the API key only where the message stays among our own services.

        A callback is looked at each time: what its name stands for may have changed since it was registered.
        """
        identity = self._identities.get(what.sender, self._context.dip_identity)
        url, own = self._css_url(what.target)
        await self._guard.check_resolved(url, own=own)
        headers = sign(identity, "POST", url, what.payload, self._context.clock.now())
        headers["Content-Type"] = "application/json"
        if own:
            headers["X-API-Key"] = identity.api_key
        timeout = self._context.settings.delivery_timeout_seconds
        response = await self._context.http.post(url, content=what.payload, headers=headers, timeout=timeout)
        return answer_of(response)

    def _css_url(self, target: str) -> tuple[str, bool]:
        if target == "CSS":
            return self._context.service_url("css_stub") + "/messages", True
        if target == "REGS":
            return self._context.service_url("registration") + "/css/messages", True
        return target, False

    async def _report(self, row: OutboxRow, answer: Answer | None) -> None:
        """Tell the journal of a message that was finally refused. The same event when told twice."""
        event = refusal_event(self._service, row, answer, self._context.clock.now(row.what.mpan))
        await self._context.journal.write(event)

    async def _settle(self) -> None:
        """Take out of the outbox what was sent, many at a time."""
        try:
            while True:
                await self._to_settle.wait()
                await self._settle_now()
        finally:
            await self._settle_now()

    async def _settle_now(self) -> None:
        self._to_settle.clear()
        if self._settled:
            ids, self._settled = self._settled, []
            async with self._context.database.begin() as connection:
                await outbox.remove(connection, ids)
            self._removed.update(ids)


def refusal_event(service: str, row: OutboxRow, answer: Answer | None, now: datetime) -> JournalEvent:
    """A message of ours that will not be sent again.

    Refused by the DIP or by our own services: our fault. Refused by a party's own callback: its refusal.
    """
    what = row.what
    at_party = what.target.startswith("http")
    event = JournalEvent(
        Kind.CSS_REFUSED if at_party else Kind.SERVICE_FAULT,
        now,
        service,
        mpan=what.mpan,
        sender=what.sender,
        run=what.run,
        body=what.payload.decode(),
        details={
            "reason": "no answer" if answer is None else "refused",
            "to": what.target,
            "status": answer.status or None if answer else None,
            "answer": answer.body if answer else None,
        },
        id=f"{service}-outbox-{row.id}",
    )
    return _with_header(event, what)


def _with_header(event: JournalEvent, what: ToSend) -> JournalEvent:
    content = orjson.loads(what.payload)
    if what.kind == "css":
        read = css.header(content)
        return replace(event, interface=read.event_type, correlation_id=read.correlation_id)
    common = envelope.header(content[0])
    return replace(
        event,
        interface=common.interface,
        event_code=common.event,
        reference=common.reference,
        correlation_id=common.correlation_id,
    )


def _journal_record(what: ToSend) -> Record:
    return JournalEvent.from_bytes(what.payload).to_record()
