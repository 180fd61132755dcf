"""Sender references claimed by several gateways at once, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress

import pytest
from sqlalchemy import event, text

from backbone.database import Database
from backbone.errors import DatabaseUnavailable, LogUnavailable
from services.dip_gateway import claims, store
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


POSTGRES_ONLY = pytest.mark.parametrize(
    "url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)


@asynccontextmanager
async def contended(database: Database, digest: int) -> AsyncIterator[None]:
    """Claims that want this one wait for the end of the block, which leaves it free."""
    with suppress(LookupError):  # rolled back
        async with database.begin() as connection:
            await store.claim_references(connection, [digest], MOMENT, MOMENT)
            yield
            raise LookupError


async def started(gateway: Claims, *wanted: Collection[int]) -> list[asyncio.Task[float]]:
    """Requests whose claims go to the database together, and are on their way there."""
    tasks = [asyncio.create_task(gateway.take(digests)) for digests in wanted]
    for _ in range(3):  # each is entered; then the transaction for them begins, without the later ones
        await asyncio.sleep(0)
    return tasks


async def outcomes(tasks: Collection[asyncio.Task[float]]) -> list[type]:
    return [type(outcome) for outcome in await asyncio.gather(*tasks, return_exceptions=True)]


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
    assert (taken.value.digests, taken.value.used) == (frozenset({1, 2}), frozenset({2}))


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


async def test_requests_that_come_together_share_a_transaction(here: Claims, database: Database) -> None:
    commits: list[object] = []
    event.listen(database.engine.sync_engine, "commit", commits.append)
    await asyncio.gather(*(here.take([digest]) for digest in range(100)))
    assert len(commits) == 1


async def test_of_those_together_each_gets_all_it_wants_or_nothing(here: Claims, there: Claims) -> None:
    await there.take([7])
    tasks = await started(here, [1, 2], [2, 3], [3, 4], [5, 7], [5])
    assert await outcomes(tasks) == [float, ReferencesTaken, float, ReferencesTaken, float]
    with pytest.raises(ReferencesTaken) as taken:
        await there.take(range(10))
    assert taken.value.digests == {1, 2, 3, 4, 5, 7}


async def test_each_is_told_what_it_lacks(here: Claims, there: Claims, database: Database) -> None:
    await there.take([1, 2])
    await confirm(database, 2)
    one, two = await started(here, [1, 8], [2, 9])
    with pytest.raises(ReferencesTaken) as first:
        await one
    with pytest.raises(ReferencesTaken) as second:
        await two
    assert (first.value.digests, first.value.used) == (frozenset({1}), frozenset())
    assert (second.value.digests, second.value.used) == (frozenset({2}), frozenset({2}))


async def test_claims_made_together_lapse(here: Claims, there: Claims, watch: Watch) -> None:
    assert await outcomes(await started(here, [1], [2])) == [float, float]
    watch.now += LAPSE_SECONDS + 0.001
    await there.take([1, 2])


async def test_a_claim_given_back_leaves_those_made_with_it(here: Claims, there: Claims) -> None:
    one, two = await started(here, [1], [2])
    await here.give_back([1], await one)
    assert await one == await two
    await there.take([1])
    with pytest.raises(ReferencesTaken):
        await there.take([2])


async def test_more_than_go_together_wait_for_the_next_transaction(here: Claims, there: Claims) -> None:
    wanted = [range(first, first + 900) for first in range(0, 18_000, 900)]
    await asyncio.gather(*(here.take(digests) for digests in wanted))
    with pytest.raises(ReferencesTaken) as taken:
        await there.take([0, 899, 900, 17_999, 18_000])
    assert taken.value.digests == {0, 899, 900, 17_999}


async def test_given_one_cancelled_the_others_get_theirs_and_its_own_is_free(
    here: Claims, there: Claims, other: Database
) -> None:
    async with contended(other, 1):
        under_way = await started(here, [1, 2], [3])
        waiting = await started(here, [4], [5])
        for task in (under_way[0], waiting[0]):
            task.cancel()
        await asyncio.wait([under_way[0], waiting[0]])
    assert await outcomes([under_way[1], waiting[1]]) == [float, float]
    await there.take([1, 2, 4])
    with pytest.raises(ReferencesTaken) as taken:
        await there.take([3, 5])
    assert taken.value.digests == {3, 5}


async def test_given_all_cancelled_the_next_gets_what_they_wanted(
    here: Claims, there: Claims, other: Database
) -> None:
    async with contended(other, 1):
        tasks = await started(here, [1], [2])
        tasks += await started(here, [3])
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    await here.take([4])
    await there.take([1, 2, 3])


@POSTGRES_ONLY
async def test_given_the_database_fails_in_the_middle_all_are_told_and_nothing_is_claimed(
    here: Claims, there: Claims, other: Database
) -> None:
    async with contended(other, 1):
        tasks = await started(here, [1], [2])
        async with asyncio.timeout(10):
            while not await terminated_waiters(other):  # noqa: ASYNC110 - PostgreSQL does not say
                await asyncio.sleep(0.01)
        assert await outcomes(tasks) == [DatabaseUnavailable, DatabaseUnavailable]
    await here.take([1])
    await there.take([2])


async def terminated_waiters(database: Database) -> int:
    """How many connections that waited for a lock were cut."""
    waiting = "datname = current_database() AND wait_event_type = 'Lock'"
    async with database.read() as connection:
        query = text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {waiting}")
        return len((await connection.execute(query)).all())


@POSTGRES_ONLY
async def test_given_a_database_that_hangs_nobody_waits_for_ever(
    here: Claims, there: Claims, other: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "_SECONDS", 0.2)
    async with contended(other, 1):
        tasks = await started(here, [1], [2])
        assert await outcomes(tasks) == [DatabaseUnavailable, DatabaseUnavailable]
        await here.take([3])
    monkeypatch.undo()
    await there.take([1, 2])


async def test_at_the_same_moment_exactly_one_gets_it(here: Claims, there: Claims) -> None:
    """Batches that overlap in opposite order, too: nobody waits for the other for ever."""

    async def won(gateway: Claims, digests: list[int]) -> bool:
        try:
            await gateway.take(digests)
        except ReferencesTaken:
            return False
        return True

    for first in range(0, 300, 3):
        batch = [first, first + 1, first + 2]
        winners = await asyncio.gather(won(here, batch), won(there, batch[::-1]))
        assert sorted(winners) == [False, True]


async def test_of_many_at_the_same_moment_each_has_one_winner(here: Claims, there: Claims) -> None:
    """Requests for the same references come to both gateways, many together, in opposite order."""
    wanted = [[first, first + 1] for first in range(0, 400, 2)]
    ours = [asyncio.create_task(here.take(digests)) for digests in wanted]
    theirs = [asyncio.create_task(there.take(digests[::-1])) for digests in reversed(wanted)]
    won = await outcomes(ours), reversed(await outcomes(theirs))
    for both in zip(*won, strict=True):
        assert set(both) == {float, ReferencesTaken}
