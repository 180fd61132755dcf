"""What the chaos tests share: participants, the load between them, the wait for the rest, the journal."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx

from backbone.clock import SystemClock
from backbone.journal import JOURNAL_TOPIC, JournalEvent, Kind
from backbone.log import MessageLog, Record
from participant.client import DipClient
from participant.identity import Identity
from tests.chaos.history import History, Outcome, check, missing
from tests.chaos.load import Load, appointment, consumption
from tests.chaos.webhooks import Webhooks
from tests.e2e.emulator import dipemu

SUPPLIER, DATA, DISTRIBUTOR = "2300000071", "1400000071", "2500000071"
ROLES: Mapping[str, str] = {SUPPLIER: "SUP", DATA: "SDS", DISTRIBUTOR: "LDSO"}
WATCHED = frozenset({SUPPLIER, DISTRIBUTOR})
CHANNELS: Mapping[str, Sequence[str]] = {SUPPLIER: ["IF-032"], DISTRIBUTOR: ["IF-021", "IF-031"]}
RETRIES: Mapping[str, str] = {
    "DIPEMU_RETRY_FIRST_SECONDS": "0.1",
    "DIPEMU_RETRY_MAX_SECONDS": "1",
    "DIPEMU_RETRY_ATTEMPTS": "1000",
}
_READER = "history"
_ANYWHERE = [f"anywhere {number}" for number in range(100)]  # keys for what is about no MPAN of the load
_READING_SECONDS = 60.0


def size(name: str, small: int) -> int:
    """How much of it: ``DIPEMU_CHAOS_<name>``, else the small size that fits into every test run."""
    return int(os.environ.get(f"DIPEMU_CHAOS_{name}", small))


@dataclass
class Parties:
    """The test's own parties and the load between them."""

    identities: Mapping[str, Identity]
    webhooks: Webhooks

    async def set_webhooks(self) -> None:
        """Register the webhooks under watch."""
        async with httpx.AsyncClient() as http:
            for dip_id, channels in CHANNELS.items():
                client = DipClient(self.identities[dip_id], http, SystemClock())
                for channel in channels:
                    answer = await client.set_webhook(channel, self.webhooks.of(dip_id))
                    assert answer.status == 201, answer

    def load(self, urls: Sequence[str], streams: int = 12, pause: float = 0.05, seed: int = 0) -> Load:
        """Streams of IF-021 and of IF-031 in turn, each about an MPAN of its own."""
        load = Load(urls, pause, seed)
        for number in range(streams):
            if number % 2:
                build = appointment(DISTRIBUTOR)
                load.add(self.identities[SUPPLIER], build, "IF-031", DISTRIBUTOR, [DISTRIBUTOR])
            else:
                load.add(self.identities[DATA], consumption, "IF-021", DISTRIBUTOR, [DISTRIBUTOR])
        return load

    def history(self, load: Load, journal: Sequence[JournalEvent] = ()) -> History:
        return History(load.tally.sent, self.webhooks.received, journal, WATCHED)

    async def drained(self, load: Load, seconds: float = 90) -> None:
        """Wait until everything accepted has arrived, the answers of the registration service too.

        What does not arrive in time is for the checker to find.
        """

        def done() -> bool:
            return not missing(self.history(load)) and not self.unanswered(load)

        await self.webhooks.until(done, seconds)

    def unanswered(self, load: Load) -> dict[str, int]:
        """MPANs whose requests for appointment were not each answered exactly once, with the difference."""
        asked, open_ends = Counter[str](), Counter[str]()
        for one in load.tally.sent:
            if one.channel == "IF-031" and one.outcome is not Outcome.REFUSED:
                asked[one.mpan] += one.outcome is Outcome.ACCEPTED
                open_ends[one.mpan] += one.outcome is Outcome.UNKNOWN
        references = {(got.mpan, got.reference) for got in self.webhooks.received if got.channel == "IF-032"}
        answered = Counter(mpan for mpan, _ in references)
        wrong = {mpan: asked[mpan] - answered[mpan] for mpan in asked | answered}
        return {mpan: short for mpan, short in wrong.items() if not -open_ends[mpan] <= short <= 0}


def add_participants(data: Path, folder: Path, gateway_url: str, **environment: str) -> dict[str, Identity]:
    """Register the test's parties with the command line, as a tester does."""
    identities = {}
    for dip_id, role in ROLES.items():
        out = folder / dip_id
        named = ["--role", role, "--mpid", "CHAO", "--dip-id", dip_id]
        with _environment(environment):
            dipemu("participants", "add", *named, "--out", out, "--data", data, "--gateway-url", gateway_url)
        identities[dip_id] = Identity.load(out)
    return identities


class _environment:  # noqa: N801 - used like a function
    """Variables for the commands of a block."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self._before: dict[str, str | None] = {}

    def __enter__(self) -> None:
        self._before = {name: os.environ.get(name) for name in self._values}
        os.environ.update(self._values)

    def __exit__(self, *exception: object) -> None:
        for name, value in self._before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


async def read_journal(log: MessageLog, load: Load) -> list[JournalEvent]:
    """The journal in order, from the log itself, with everything that was appended before this call.

    Silence is no end: while a busy process has a transaction open, nothing that came later into the same
    partition can be read. Order is kept per key, so a mark is appended for each and read for.
    """
    marks = {key: _mark(key) for key in (*sorted({one.mpan for one in load.tally.sent}), *_ANYWHERE)}
    open_marks = {mark.id for mark in marks.values()}
    await log.append([Record(JOURNAL_TOPIC, key, mark.to_bytes()) for key, mark in marks.items()])
    events: list[JournalEvent] = []
    async with log.consume(f"history-{uuid4().hex}", [JOURNAL_TOPIC]) as subscription:
        async with asyncio.timeout(_READING_SECONDS):
            while open_marks:
                records = await subscription.fetch(1000)
                events += [JournalEvent.from_bytes(consumed.record.value) for consumed in records]
                open_marks -= {event.id for event in events[-len(records) :]}
                await subscription.commit(records)
    return [event for event in events if event.service != _READER]


def _mark(key: str) -> JournalEvent:
    return JournalEvent(kind=Kind.NOTED, at=datetime.now(UTC), service=_READER, details={"text": key})


def verdict(parties: Parties, load: Load, journal: Sequence[JournalEvent], what: str) -> None:
    """Print the figures; fail with every breach."""
    history, tally = parties.history(load, journal), load.tally
    print(f"\n{what}: {history.summary()}; answers {dict(tally.attempts)}; ", end="")
    print(
        f"longest time without an acceptance {tally.longest_silence():.1f} s; journal {len(journal)} events"
    )
    findings = check(history)
    kinds = dict(Counter(finding.rule.value for finding in findings))
    assert not findings, f"{kinds}: " + "\n".join(map(str, findings[:50]))
    assert not parties.unanswered(load), parties.unanswered(load)
    assert not tally.unexpected, tally.unexpected[:5]
    assert not tally.without_retry_after
    faults = [event.details for event in journal if event.kind is Kind.SERVICE_FAULT]
    assert not faults, faults[:5]
