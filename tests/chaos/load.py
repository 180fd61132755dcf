"""Load that knows what it was told: streams of messages, one after another per sender, channel and MPAN."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from random import Random
from secrets import token_hex
from time import perf_counter
from typing import Any

import httpx
import orjson

from backbone.clock import SystemClock
from contracts import envelope, load_catalogue
from contracts.identifiers import make_mpan
from contracts.samples import sample
from participant.client import Answer, DipClient
from participant.identity import Identity
from tests.chaos.history import Outcome, Sent
from tests.integration.dip_gateway.environment import MSAPP

Builder = Callable[[Identity, envelope.MpanBlock, str], dict[str, Any]]
_GIVES_UP = 0.1  # share of clients that leave it at a broken connection
_PATIENCE = 30.0  # seconds after the end of the load in which what is under way may still be answered
_IMPATIENCE = 0.25  # seconds until a request is sent again, whatever Retry-After says
_CUSTOM = envelope.custom(sample(load_catalogue("2.1.0"), "IF-021", "[ActivePower]"))


def consumption(sender: Identity, block: envelope.MpanBlock, unique: str) -> dict[str, Any]:
    """IF-021: to the distributor that the MPAN block names, and to the harness's MDS and LSS."""
    return envelope.build(
        "IF-021",
        "[ActivePower]",
        sender=envelope.Sender(sender.dip_id, sender.role),
        now=datetime.now(UTC),
        custom=_CUSTOM,
        mpan=block,
        unique=unique,
    )


def appointment(to: str) -> Builder:
    """IF-031: to the registration service, which answers IF-032, and to ``to`` as its primary recipient."""

    def build(sender: Identity, block: envelope.MpanBlock, unique: str) -> dict[str, Any]:
        return envelope.build(
            "IF-031",
            "[MSApp]",
            sender=envelope.Sender(sender.dip_id, sender.role),
            now=datetime.now(UTC),
            custom=MSAPP,
            mpan=block,
            unique=unique,
            primary=[to],
        )

    return build


@dataclass
class Tally:
    """What all clients saw."""

    sent: list[Sent] = field(default_factory=list)
    attempts: Counter[str] = field(default_factory=Counter)  # by status, or name of the transport's fault
    without_retry_after: int = 0
    unexpected: list[str] = field(default_factory=list)
    accepted: asyncio.Event = field(default_factory=asyncio.Event)
    told: list[tuple[float, str]] = field(default_factory=list)  # moment and kind of every attempt's end

    @property
    def accepted_count(self) -> int:
        return sum(one.outcome is Outcome.ACCEPTED for one in self.sent)

    def longest_silence(self) -> float:
        """Seconds between two acceptances, the longest time."""
        moments = [moment for moment, kind in self.told if kind == "201"]
        return max((b - a for a, b in pairwise(moments)), default=0.0)


class Load:
    """Sends until ``stop``; every message has its outcome in ``tally`` when ``run`` returns.

    ``urls``: gateways, taken in turn. ``pause``: seconds between an answer and the stream's next message.
    """

    def __init__(self, urls: Sequence[str], pause: float = 0.05, seed: int = 0) -> None:
        self._urls = urls
        self._pause = pause
        self._random = Random(seed)
        self._streams: list[tuple[Identity, Builder, str, envelope.MpanBlock, tuple[str, ...]]] = []
        self._turn = 0
        self._until = math.inf
        self.tally = Tally()
        self.stopped = asyncio.Event()

    def add(
        self, sender: Identity, build: Builder, channel: str, distributor: str, recipients: Sequence[str]
    ) -> None:
        """One more stream, about an MPAN of its own."""
        block = envelope.MpanBlock(make_mpan(20, 7_000_000 + len(self._streams)), distributor, "_H")
        self._streams.append((sender, build, channel, block, tuple(recipients)))

    async def run(self) -> Tally:
        limits = httpx.Limits(max_connections=100)
        async with httpx.AsyncClient(limits=limits) as http, asyncio.TaskGroup() as group:
            for number, stream in enumerate(self._streams):
                group.create_task(self._stream(http, number, *stream))
        return self.tally

    async def _stream(
        self,
        http: httpx.AsyncClient,
        stream: int,
        sender: Identity,
        build: Builder,
        channel: str,
        block: envelope.MpanBlock,
        recipients: tuple[str, ...],
    ) -> None:
        number = 0
        await self._wait(self._random.random() * self._pause)
        while not self.stopped.is_set():
            number += 1
            message = build(sender, block, f"{stream:03x}{number:05x}{token_hex(4)}")
            outcome, transaction = await self._send(http, sender, channel, orjson.dumps([message]))
            reference = envelope.header(message).reference or ""
            record = Sent(
                reference, channel, block.mpan, number, outcome, recipients, transaction, sender.dip_id
            )
            self.tally.sent.append(record)
            await self._wait(self._pause)

    async def _wait(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self.stopped.wait()
        except TimeoutError:
            return

    async def _send(
        self, http: httpx.AsyncClient, sender: Identity, channel: str, body: bytes
    ) -> tuple[Outcome, str | None]:
        """Until there is an answer that is final; the same bytes each time.

        Long after ``stopped`` nobody waits any more: then the last answer counts.
        """
        last = Outcome.UNKNOWN
        while not self._too_late():
            self._turn += 1
            url = self._urls[self._turn % len(self._urls)]
            client = DipClient(_at(sender, url), http, SystemClock(), timeout_seconds=60)
            try:
                answer = await client.send_bytes(channel, body)
            except httpx.TransportError as fault:
                self._told(type(fault).__name__)
                if self._random.random() < _GIVES_UP:
                    return Outcome.UNKNOWN, None
                last = Outcome.UNKNOWN
                await asyncio.sleep(_IMPATIENCE)
                continue
            self._told(str(answer.status))
            outcome = self._judged(answer)
            if outcome is not None:
                return outcome, _transaction(answer)
            last = Outcome.REFUSED
            await asyncio.sleep(_IMPATIENCE)
        return last, None

    def stop(self) -> None:
        """No new messages; those under way are sent until they are answered, for half a minute."""
        self._until = perf_counter() + _PATIENCE
        self.stopped.set()

    def _too_late(self) -> bool:
        return perf_counter() > self._until

    def _told(self, kind: str) -> None:
        self.tally.attempts[kind] += 1
        self.tally.told.append((perf_counter(), kind))

    def _judged(self, answer: Answer) -> Outcome | None:
        """The outcome; None to try again."""
        if answer.status == 201 or answer.is_duplicate:
            self.tally.accepted.set()
            return Outcome.ACCEPTED
        if answer.status == 503:
            self.tally.without_retry_after += answer.retry_after is None
            return None
        self.tally.unexpected.append(f"{answer.status}: {answer.body}")
        return Outcome.REFUSED


def _at(sender: Identity, url: str) -> Identity:
    return replace(sender, gateway_url=url)


def _transaction(answer: Answer) -> str | None:
    """The transaction ID of a 201; a duplicate is told none."""
    if answer.status != 201 or not isinstance(answer.body, dict):
        return None
    return str(answer.body["messageArray"][0]["transactionID"])
