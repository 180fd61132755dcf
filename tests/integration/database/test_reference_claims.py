"""Sender references claimed by several gateways at once, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from backbone.database import Database
from backbone.errors import LogUnavailable
from services.dip_gateway import store
from services.dip_gateway.claims import LAPSE_SECONDS, Claims
from services.dip_gateway.errors import ReferencesTaken
from tests.all_tables import import_all_tables

import_all_tables()
LARGEST = 2**63 - 1
MOMENT = 1_774_120_000.25


class Watch:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now = MOMENT

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def other(url: str, database: Database) -> AsyncIterator[Database]:
    """The same database as another gateway sees it."""
    opened = await Database.open(url)
    yield opened
    await opened.close()


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def here(database: Database, watch: Watch) -> Claims:
    return Claims(database, watch)


@pytest.fixture
def there(other: Database, watch: Watch) -> Claims:
    return Claims(other, watch)


async def confirm(database: Database, *digests: int) -> None:
    """As the follower of the log does."""
    async with database.begin() as connection:
        await store.save_references(connection, digests)


async def used(database: Database) -> set[int]:
    async with database.read() as connection:
        return await store.load_references(connection)


async def test_what_one_gateway_claimed_another_cannot(here: Claims, there: Claims) -> None:
    await here.take([1, LARGEST, -LARGEST])
    with pytest.raises(ReferencesTaken) as taken:
        await there.take([2, LARGEST, 1])
    assert taken.value.digests == {1, LARGEST}
    assert taken.value.used == set()


async def test_of_what_is_taken_it_is_told_what_is_used(
    here: Claims, there: Claims, database: Database
) -> None:
    await here.take([1, 2])
    await confirm(database, 2)
    with pytest.raises(ReferencesTaken) as taken:
        await there.take([1, 2, 3])
    assert (taken.value.digests, taken.value.used) == ({1, 2}, {2})


async def test_of_a_batch_with_one_taken_nothing_is_claimed(here: Claims, there: Claims) -> None:
    await here.take([1])
    with pytest.raises(ReferencesTaken):
        await there.take([1, 2, 3])
    await here.take([2, 3])


async def test_a_claim_is_no_use_until_the_log_confirms_it(
    here: Claims, database: Database, other: Database
) -> None:
    await here.take([1, 2])
    assert await used(other) == set()
    await confirm(database, 2, 5, 2)
    assert await used(other) == {2, 5}


async def test_what_is_used_stays_used(here: Claims, there: Claims, database: Database, watch: Watch) -> None:
    until = await here.take([1])
    await confirm(database, 1)
    await here.give_back([1], until)
    watch.now += 10 * LAPSE_SECONDS
    with pytest.raises(ReferencesTaken):
        await there.take([1])
    assert await used(database) == {1}


async def test_a_claim_whose_gateway_died_lapses(here: Claims, there: Claims, watch: Watch) -> None:
    await here.take([1])
    watch.now += LAPSE_SECONDS
    with pytest.raises(ReferencesTaken):
        await there.take([1])
    watch.now += 0.001
    await there.take([1])
    with pytest.raises(ReferencesTaken):
        await here.take([1])


async def test_a_lapsed_claim_that_was_made_anew_cannot_be_given_back(
    here: Claims, there: Claims, watch: Watch
) -> None:
    until = await here.take([1])
    watch.now += LAPSE_SECONDS + 1
    await there.take([1])
    await here.give_back([1], until)
    with pytest.raises(ReferencesTaken):
        await here.take([1])


async def test_a_failed_append_gives_its_claim_back(here: Claims, there: Claims) -> None:
    with pytest.raises(LogUnavailable):
        async with here.held([1, 2]):
            raise LogUnavailable("away")
    async with there.held([2, 1]):
        pass
    with pytest.raises(ReferencesTaken):
        await here.take([1])


async def test_a_batch_as_large_as_a_request_may_be(here: Claims, there: Claims) -> None:
    until = await here.take(range(5_000))
    with pytest.raises(ReferencesTaken) as taken:
        await there.take([*range(4_999, 9_999)])
    assert taken.value.digests == {4_999}
    await here.give_back(range(5_000), until)
    await there.take([*range(4_999, 9_999)])


async def test_at_the_same_moment_exactly_one_gets_it(here: Claims, there: Claims) -> None:
    """Batches that overlap in opposite order, too: nobody waits for the other for ever."""

    async def won(claims: Claims, digests: list[int]) -> bool:
        try:
            await claims.take(digests)
        except ReferencesTaken:
            return False
        return True

    for first in range(0, 300, 3):
        batch = [first, first + 1, first + 2]
        outcomes = await asyncio.gather(won(here, batch), won(there, batch[::-1]))
        assert sorted(outcomes) == [False, True]
