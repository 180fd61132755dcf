"""What every message log promises, written once and run on each adapter."""

from __future__ import annotations

import asyncio
import time

import pytest

from backbone.errors import RecordTooLarge
from backbone.log import ConsumedRecord, MessageLog, Record, Subscription
from backbone.log.dead_letters import bury, topic_of
from tests.integration.log.endings import CloseBehaviour, CrashBehaviour
from tests.integration.log.kit import PATIENCE, Kit, by_key, fetch_exactly, numbered, numbers


class AppendBehaviour:
    """What ``append`` promises."""

    async def test_a_record_arrives_exactly_as_it_was_appended(self, kit: Kit, log: MessageLog) -> None:
        sent = [
            Record(kit.name("t"), "1200000000001", bytes(range(256)), {"sender": "2300000001", "ö": "ü"}),
            Record(kit.name("t"), "", b""),
        ]
        await log.append(sent)
        async with log.consume(kit.name("g"), [kit.name("t")]) as subscription:
            came = [consumed.record for consumed in await fetch_exactly(subscription, 2)]
        assert sorted(came, key=lambda r: r.key) == sorted(sent, key=lambda r: r.key)

    async def test_records_of_one_key_keep_their_order(self, kit: Kit, log: MessageLog) -> None:
        sent = numbered(kit.name("t"), 700, keys=7)
        for start in range(0, 700, 50):
            await log.append(sent[start : start + 50])
        async with log.consume(kit.name("g"), [kit.name("t")]) as subscription:
            came = by_key(await fetch_exactly(subscription, 700))
        assert came == {f"key-{k}": list(range(k, 700, 7)) for k in range(7)}

    async def test_concurrent_appenders_lose_nothing_and_keep_their_own_order(
        self, kit: Kit, log: MessageLog
    ) -> None:
        async def appender(key: int) -> None:
            for number in range(20):
                await log.append([Record(kit.name("t"), f"key-{key}", str(number).encode())])

        await asyncio.gather(*(appender(key) for key in range(32)))
        async with log.consume(kit.name("g"), [kit.name("t")]) as subscription:
            came = by_key(await fetch_exactly(subscription, 32 * 20))
        assert came == {f"key-{key}": list(range(20)) for key in range(32)}

    async def test_one_call_reaches_several_topics(self, kit: Kit, log: MessageLog) -> None:
        topics = [kit.name("accepted"), kit.name("journal")]
        await log.append([Record(topic, "k", b"1") for topic in topics])
        async with log.consume(kit.name("g"), topics) as subscription:
            came = await fetch_exactly(subscription, 2)
        assert {consumed.record.topic for consumed in came} == set(topics)

    async def test_given_one_oversized_record_nothing_of_the_call_is_appended(
        self, kit: Kit, log: MessageLog
    ) -> None:
        topic = kit.name("t")
        oversized = Record(topic, "k", bytes(16 * 1024 * 1024 + 1))
        with pytest.raises(RecordTooLarge, match="16777217 bytes"):
            await log.append([Record(topic, "k", b"0"), oversized])
        await log.append([Record(topic, "k", b"1")])
        async with log.consume(kit.name("g"), [topic]) as subscription:
            assert numbers(await fetch_exactly(subscription, 1)) == [1]
            assert await subscription.fetch(wait=0.3) == []

    async def test_an_empty_call_is_fine(self, log: MessageLog) -> None:
        await log.append([])

    @pytest.mark.parametrize("topic", ["", "a b", "ö", "x" * 250, "a/b"])
    async def test_illegal_topic_names_are_refused(self, log: MessageLog, topic: str) -> None:
        with pytest.raises(ValueError, match="illegal topic name"):
            await log.append([Record(topic, "k", b"")])

    async def test_text_that_is_not_unicode_is_refused_and_harms_nobody_else(
        self, kit: Kit, log: MessageLog
    ) -> None:
        with pytest.raises((ValueError, TypeError)):
            await log.append([Record(kit.name("t"), "\ud800", b"")])
        with pytest.raises((ValueError, TypeError)):
            await log.append([Record(kit.name("t"), "k", b"", {"h": "\ud800"})])
        await log.append([Record(kit.name("t"), "k", b"")])

    async def test_large_records_pass(self, kit: Kit, log: MessageLog) -> None:
        megabytes = 4 * 1024 * 1024
        sent = [Record(kit.name("t"), "k", bytes([n]) * megabytes) for n in range(5)]
        await log.append(sent[:2])
        await log.append(sent[2:])
        async with log.consume(kit.name("g"), [kit.name("t")]) as subscription:
            came = await fetch_exactly(subscription, 5)
        assert [consumed.record for consumed in came] == sent

    async def test_more_than_fits_on_the_way_waits_and_arrives(self, kit: Kit, log: MessageLog) -> None:
        """Backpressure: 96 MiB handed in at once, above what the log lets wait."""
        body = bytes(2 * 1024 * 1024)
        await asyncio.gather(
            *(log.append([Record(kit.name("t"), f"key-{n}", body + str(n).encode())]) for n in range(48))
        )
        async with log.consume(kit.name("g"), [kit.name("t")]) as subscription:
            came: set[str] = set()
            while len(came) < 48:
                records = await subscription.fetch(7, wait=PATIENCE)
                assert 0 < len(records) <= 7
                came |= {consumed.record.key for consumed in records}
                await subscription.commit(records)


class ConsumeBehaviour:
    """What one consumer may rely on."""

    async def test_every_group_sees_everything_from_the_beginning(self, kit: Kit, log: MessageLog) -> None:
        await log.append(numbered(kit.name("t"), 10))
        for group in ("first", "second"):
            async with log.consume(kit.name(group), [kit.name("t")]) as subscription:
                assert sorted(numbers(await fetch_exactly(subscription, 10))) == list(range(10))

    async def test_a_waiting_consumer_is_woken_by_an_append(self, kit: Kit, log: MessageLog) -> None:
        async with log.consume(kit.name("g"), [kit.name("t")]) as subscription:
            fetching = asyncio.create_task(subscription.fetch(wait=PATIENCE))
            await asyncio.sleep(0)
            await log.append(numbered(kit.name("t"), 1))
            assert numbers(await fetching) == [0]

    async def test_fetch_gives_up_after_the_time_given(self, kit: Kit, log: MessageLog) -> None:
        async with log.consume(kit.name("g"), [kit.name("t")]) as subscription:
            begun = time.monotonic()
            assert await subscription.fetch(wait=0.2) == []
            assert 0.15 < time.monotonic() - begun < 2

    async def test_fetch_never_gives_more_than_asked_for(self, kit: Kit, log: MessageLog) -> None:
        await log.append(numbered(kit.name("t"), 100, keys=20))
        async with log.consume(kit.name("g"), [kit.name("t")]) as subscription:
            came: list[int] = []
            while len(came) < 100:
                part = numbers(await subscription.fetch(9, wait=PATIENCE))
                assert 0 < len(part) <= 9
                came += part
        assert sorted(came) == list(range(100))

    async def test_what_was_fetched_does_not_come_again_to_the_same_member(
        self, kit: Kit, log: MessageLog
    ) -> None:
        await log.append(numbered(kit.name("t"), 3))
        async with log.consume(kit.name("g"), [kit.name("t")]) as subscription:
            await fetch_exactly(subscription, 3)
            assert await subscription.fetch(wait=0.3) == []

    async def test_records_can_be_iterated_one_by_one(self, kit: Kit, log: MessageLog) -> None:
        await log.append(numbered(kit.name("t"), 6, keys=1))
        async with log.consume(kit.name("g"), [kit.name("t")]) as subscription:
            came = []
            async for consumed in subscription:
                came.append(consumed)
                await subscription.commit([consumed])
                if len(came) == 4:
                    break
            assert numbers(came) == [0, 1, 2, 3]
            assert numbers(await fetch_exactly(subscription, 2)) == [4, 5]

    async def test_a_prefix_takes_in_topics_that_appear_later_and_no_others(
        self, kit: Kit, log: MessageLog
    ) -> None:
        prefix = kit.name("dip") + ".if."
        await log.append([Record(prefix + "IF-031", "k", b"1"), Record(kit.name("dip") + ".pub", "k", b"9")])
        async with log.consume(kit.name("g"), [prefix + "*"]) as subscription:
            first = await fetch_exactly(subscription, 1)
            await subscription.commit(first)
            await log.append([Record(prefix + "IF-032", "k", b"2")])
            second = await fetch_exactly(subscription, 1)
            assert await subscription.fetch(wait=0.3) == []
        assert [c.record.topic for c in first + second] == [prefix + "IF-031", prefix + "IF-032"]

    async def test_a_prefix_nobody_wrote_to_yet(self, kit: Kit, log: MessageLog) -> None:
        prefix = kit.name("later") + "."
        async with log.consume(kit.name("g"), [prefix + "*", kit.name("named")]) as subscription:
            await log.append([Record(prefix + "one", "k", b"1"), Record(kit.name("named"), "k", b"2")])
            came: list[int] = []
            while len(came) < 2:
                part = await fetch_exactly(subscription, 1)
                await subscription.commit(part)
                came += numbers(part)
        assert sorted(came) == [1, 2]

    async def test_what_cannot_be_handled_is_buried_with_the_reason(self, kit: Kit, log: MessageLog) -> None:
        await log.append([Record(kit.name("t"), "k", b"0", {"sender": "2300000001"})])
        async with log.consume(kit.name("g"), [kit.name("t")]) as subscription:
            (consumed,) = await fetch_exactly(subscription, 1)
            await bury(log, kit.name("g"), consumed, "no such role")
            await subscription.commit([consumed])
        async with log.consume(kit.name("undertaker"), [topic_of(kit.name("g"))]) as subscription:
            (dead,) = await fetch_exactly(subscription, 1)
        assert dead.record.value == b"0"
        assert dead.record.headers["sender"] == "2300000001"
        assert dead.record.headers["dead-letter-topic"] == kit.name("t")
        assert dead.record.headers["dead-letter-reason"] == "no such role"


class CommitBehaviour:
    """What survives a restart, and what comes again."""

    async def test_given_a_commit_in_the_middle_of_a_batch_a_restart_resumes_there(self, kit: Kit) -> None:
        log = await kit.open()
        await log.append(numbered(kit.name("t"), 10, keys=1))
        async with log.consume(kit.name("g"), [kit.name("t")]) as subscription:
            records = await fetch_exactly(subscription, 10)
            await subscription.commit(records[:4])
        await log.close()
        log = await kit.open()
        async with log.consume(kit.name("g"), [kit.name("t")]) as subscription:
            assert numbers(await fetch_exactly(subscription, 6)) == [4, 5, 6, 7, 8, 9]
            assert await subscription.fetch(wait=0.3) == []
        await log.close()

    async def test_given_no_commit_everything_comes_again(self, kit: Kit, log: MessageLog) -> None:
        await log.append(numbered(kit.name("t"), 10))
        for _ in range(2):
            async with log.consume(kit.name("g"), [kit.name("t")]) as subscription:
                assert sorted(numbers(await fetch_exactly(subscription, 10))) == list(range(10))

    async def test_a_commit_covers_everything_fetched_before_it(self, kit: Kit, log: MessageLog) -> None:
        await log.append(numbered(kit.name("t"), 40, keys=10))
        async with log.consume(kit.name("g"), [kit.name("t")]) as subscription:
            records = await fetch_exactly(subscription, 40)
            await subscription.commit([records[29]])
        async with log.consume(kit.name("g"), [kit.name("t")]) as subscription:
            again = await fetch_exactly(subscription, 10)
        assert sorted(numbers(again)) == sorted(numbers(records[30:]))

    async def test_committing_twice_or_late_does_no_harm(self, kit: Kit, log: MessageLog) -> None:
        await log.append(numbered(kit.name("t"), 4, keys=1))
        async with log.consume(kit.name("g"), [kit.name("t")]) as subscription:
            records = await fetch_exactly(subscription, 4)
            await subscription.commit(records)
            await subscription.commit(records[:1])
            await subscription.commit([])
        async with log.consume(kit.name("g"), [kit.name("t")]) as subscription:
            assert await subscription.fetch(wait=0.5) == []

    async def test_groups_commit_independently(self, kit: Kit, log: MessageLog) -> None:
        await log.append(numbered(kit.name("t"), 2, keys=1))
        async with log.consume(kit.name("first"), [kit.name("t")]) as subscription:
            await subscription.commit(await fetch_exactly(subscription, 2))
        async with log.consume(kit.name("second"), [kit.name("t")]) as subscription:
            assert numbers(await fetch_exactly(subscription, 2)) == [0, 1]


class GroupBehaviour:
    """How the members of one group share the work."""

    async def test_members_share_the_work_and_each_key_keeps_its_order(
        self, kit: Kit, log: MessageLog
    ) -> None:
        seen: list[tuple[str, int]] = []
        enough = asyncio.Event()

        async def member(subscription: Subscription) -> int:
            count = 0
            while not enough.is_set():
                for consumed in await subscription.fetch(10, wait=0.2):
                    seen.append((consumed.record.key, int(consumed.record.value)))
                    count += 1
                    await subscription.commit([consumed])
                if len(seen) >= 600:
                    enough.set()
            return count

        async with (
            log.consume(kit.name("g"), [kit.name("t")]) as one,
            log.consume(kit.name("g"), [kit.name("t")]) as two,
        ):
            await _both_are_in(kit, log, one, two)
            tasks = [asyncio.create_task(member(one)), asyncio.create_task(member(two))]
            await log.append(numbered(kit.name("t"), 600, keys=30))
            counts = await asyncio.wait_for(asyncio.gather(*tasks), 60)
        assert min(counts) > 0
        assert len(seen) == len(set(seen)) == 600
        for key in range(30):
            assert [n for k, n in seen if k == f"key-{key}"] == list(range(key, 600, 30))

    async def test_given_a_member_that_leaves_the_other_takes_over_what_it_had_not_committed(
        self, kit: Kit, log: MessageLog
    ) -> None:
        await log.append(numbered(kit.name("t"), 60, keys=12))
        leaving = log.consume(kit.name("g"), [kit.name("t")])
        async with leaving:
            records = await fetch_exactly(leaving, 60)
            await leaving.commit(records[:20])
        async with log.consume(kit.name("g"), [kit.name("t")]) as staying:
            rest = await fetch_exactly(staying, 40)
            await staying.commit(rest)
        assert sorted(numbers(rest)) == sorted(numbers(records[20:]))

    async def test_given_a_member_that_joins_nothing_under_way_is_handed_to_it(
        self, kit: Kit, log: MessageLog
    ) -> None:
        """What the first member is handling reaches the second only if the first does not commit it."""
        await log.append(numbered(kit.name("t"), 40, keys=20))
        second = log.consume(kit.name("g"), [kit.name("t")])
        async with log.consume(kit.name("g"), [kit.name("t")]) as first:
            under_way = await fetch_exactly(first, 40)
            joining = asyncio.create_task(_join_and_fetch(second, wait=1.0))
            await asyncio.sleep(0.7)
            await first.commit(under_way)
            assert await joining == []
            await log.append(numbered(kit.name("t"), 40, keys=20))
            assert all(await asyncio.gather(first.fetch(wait=PATIENCE), second.fetch(wait=PATIENCE)))
            await second.__aexit__(None, None, None)

    async def test_members_may_want_different_topics(self, kit: Kit, log: MessageLog) -> None:
        async with (
            log.consume(kit.name("g"), [kit.name("a")]) as one,
            log.consume(kit.name("g"), [kit.name("b")]) as two,
        ):
            await log.append([Record(kit.name(topic), "k", b"1") for topic in "ab"])
            assert [c.record.topic for c in await fetch_exactly(one, 1)] == [kit.name("a")]
            assert [c.record.topic for c in await fetch_exactly(two, 1)] == [kit.name("b")]


async def _join_and_fetch(subscription: Subscription, wait: float) -> list[ConsumedRecord]:
    await subscription.__aenter__()
    return await subscription.fetch(wait=wait)


async def _both_are_in(kit: Kit, log: MessageLog, one: Subscription, two: Subscription) -> None:
    """Wait until each of two members was given records: the group has settled."""
    got = [0, 0]
    while not all(got):
        await log.append([Record(kit.name("t"), f"settle-{n}", b"-1") for n in range(30)])
        for index, subscription in enumerate((one, two)):
            records = await subscription.fetch(100, wait=0.3)
            got[index] += len(records)
            await subscription.commit(records)
    for subscription in (one, two):
        while records := await subscription.fetch(100, wait=0.5):
            await subscription.commit(records)


class LogBehaviour(
    AppendBehaviour, ConsumeBehaviour, CommitBehaviour, GroupBehaviour, CrashBehaviour, CloseBehaviour
):
    """All of it."""
