"""Under load, with failures, restarts and several copies: nothing lost, nothing twice, all in order."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from pathlib import Path

import httpx
import pytest

from contracts import envelope
from participant import outbox
from tests.databases import BOTH, fresh_database
from tests.integration.participant.rig import (
    REGS,
    Identities,
    Outside,
    Reply,
    Request,
    Rig,
    open_rig,
    publication,
)
from tests.integration.participant.role import registry

MPANS = [f"12000000000{number:02d}" for number in range(10)]
DUPLICATED = {"messageArray": [{"message": "MSG1006 - Sender Unique Reference Duplicated"}]}


class UnreliableDip(Outside):
    """Accepts each reference once, in spite of all the ways in which it fails to say so."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.accepted: dict[str, Request] = {}
        self._random = random.Random(seed)
        self.reply = self.answer

    def answer(self, request: Request) -> Reply:
        reference = request.reference or ""
        chance = self._random.random()
        if chance < 0.15:
            return 503, {}
        if chance < 0.25:
            raise httpx.ReadTimeout("lost on the way there")
        if reference in self.accepted:
            return 400, DUPLICATED
        self.accepted[reference] = request
        if chance < 0.35:
            return 504, {}
        if chance < 0.45:
            raise httpx.ReadTimeout("lost on the way back")
        return 201, {}

    def handled(self) -> dict[str, list[str]]:
        """What the accepted messages answer, by MPAN, in the order in which they were accepted."""
        by_mpan: defaultdict[str, list[str]] = defaultdict(list)
        for request in self.accepted.values():
            mpan = envelope.header(request.message).mpan or ""
            by_mpan[mpan].append(request.message["payload"]["CustomBlock"]["heard"])
        return dict(by_mpan)


def expected(count: int) -> dict[str, list[str]]:
    return {mpan: [f"T-{mpan}-{number}:{REGS}" for number in range(count)] for mpan in MPANS}


async def deliver(rig: Rig, numbers: range) -> None:
    """The DIP's part: in order per MPAN, at the same time for all, some of it twice."""

    async def one(mpan: str) -> None:
        for number in numbers:
            message = publication(transaction=f"T-{mpan}-{number}", mpan=mpan)
            for _ in range(1 + (number % 4 == 0)):
                assert (await rig.deliver([message])).status_code == 201

    await asyncio.gather(*(one(mpan) for mpan in MPANS))


async def all_sent(rig: Rig, dip: UnreliableDip, count: int) -> None:
    async with asyncio.timeout(30), dip.changed:
        await dip.changed.wait_for(lambda: len(dip.accepted) >= count)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_failures_and_restarts(tmp_path: Path, identities: Identities, seed: int) -> None:
    dip = UnreliableDip(seed)
    for start in range(0, 12, 4):
        async with open_rig(tmp_path, identities, registry(), outside=dip) as rig:
            await deliver(rig, range(start, start + 4))
            await asyncio.sleep(0.02 * (seed - 1))  # stop it at different moments of its work
    async with open_rig(tmp_path, identities, registry(), outside=dip) as rig:
        await all_sent(rig, dip, 12 * len(MPANS))
    assert dip.handled() == expected(12)


@pytest.mark.parametrize("kind", BOTH)
async def test_several_copies_share_the_work(tmp_path: Path, identities: Identities, kind: str) -> None:
    """Each thing is handled once, in order per MPAN; a reference is never accepted twice."""
    dip = UnreliableDip(7)
    async with (
        fresh_database(kind, tmp_path) as url,
        open_rig(tmp_path, identities, registry(), outside=dip, database_url=url, copies=3) as rig,
    ):
        await deliver(rig, range(6))
        await all_sent(rig, dip, 6 * len(MPANS))
    assert {mpan: sorted(heard) for mpan, heard in dip.handled().items()} == expected(6)


@pytest.mark.parametrize("kind", BOTH)
async def test_the_outbox_is_empty_when_all_is_sent(
    tmp_path: Path, identities: Identities, kind: str
) -> None:
    async with fresh_database(kind, tmp_path) as url:
        async with open_rig(tmp_path, identities, registry(), database_url=url) as rig:
            await deliver(rig, range(3))
            await rig.outside.received(3 * len(MPANS))
            for mpan in MPANS:  # one more each: what was answered before it is settled by then
                await rig.deliver([publication(transaction=f"last {mpan}", mpan=mpan)])
            await rig.outside.received(4 * len(MPANS))
        async with (
            open_rig(tmp_path, identities, registry(), database_url=url, start=False) as rig,
            rig.context.database.read() as connection,
        ):
            left = await outbox.pending(connection, "registration", 0)
            states = [await outbox.state(connection, "registration", mpan) for mpan in MPANS]
    assert len(left) <= len(MPANS)
    assert all("T-" not in str(row.what.payload) for row in left)
    assert all(states)
