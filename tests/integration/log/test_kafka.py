"""The log on a real Apache Kafka: the behaviour all logs share, and what is its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from backbone.errors import LogUnavailable
from backbone.log import ConsumedRecord, MessageLog, Record, Subscription
from backbone.log.dead_letters import topic_of
from backbone.log.kafka import KafkaLog, TopicSettings
from tests.integration.log.behaviour import LogBehaviour
from tests.integration.log.kit import Kit, fetch_exactly, numbered, numbers
from tests.real_services import KAFKA_SCRIPT, kafka_bootstrap, run

pytestmark = pytest.mark.kafka


@pytest.fixture
def kit() -> Kit:
    return Kit.at(f"kafka:{kafka_bootstrap()}")


@pytest.fixture
async def admin() -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap())
    await client.start()
    yield client
    await client.close()


class TestKafkaLog(LogBehaviour):
    """Everything the port promises."""


async def test_topics_are_created_with_the_partitions_and_retention_that_were_set(
    kit: Kit, admin: AIOKafkaAdminClient
) -> None:
    settings = TopicSettings(partitions=3, retention_hours=2)
    log = await KafkaLog.open(kafka_bootstrap(), settings)
    await log.append(numbered(kit.name("t"), 1))
    await log.close()
    (topic,) = await admin.describe_topics([kit.name("t")])
    assert len(topic["partitions"]) == 3
    (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, kit.name("t"))])
    values = {entry[0]: entry[1] for entry in answer.resources[0][4]}
    assert values["retention.ms"] == str(2 * 3600 * 1000)


async def test_a_record_nobody_of_us_wrote_goes_to_the_dead_letter_topic(kit: Kit, log: KafkaLog) -> None:
    await log.ensure([kit.name("t")])
    stranger = AIOKafkaProducer(bootstrap_servers=kafka_bootstrap())
    await stranger.start()
    await stranger.send_and_wait(kit.name("t"), b"value", key=b"\xff\xfe", partition=0)
    await stranger.stop()
    await log.append([Record(kit.name("t"), f"key-{n}", b"1") for n in range(20)])
    async with log.consume(kit.name("g"), [kit.name("t")]) as subscription:
        assert numbers(await fetch_exactly(subscription, 20)) == [1] * 20
    async with log.consume(kit.name("u"), [topic_of(kit.name("g"))]) as subscription:
        (dead,) = await fetch_exactly(subscription, 1)
    assert dead.record.value == b"value"
    assert "utf-8" in dead.record.headers["dead-letter-reason"]


async def test_opening_without_a_broker_says_so() -> None:
    with pytest.raises(LogUnavailable, match="Kafka"):
        await KafkaLog.open("127.0.0.1:1")


async def test_given_a_killed_member_another_process_takes_over_what_it_had_not_committed(
    kit: Kit, log: MessageLog
) -> None:
    await log.append(numbered(kit.name("t"), 100))
    command = [*kit.appender([])[:2], "tests.integration.log.holder", kit.where, kit.name("g"), kit.name("t")]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    held = int(await process.stdout.readline())
    process.kill()
    await process.communicate()
    assert held > 0
    async with log.consume(kit.name("g"), [kit.name("t")]) as subscription:
        assert sorted(numbers(await fetch_exactly(subscription, 100))) == list(range(100))


@pytest.fixture
def own_broker() -> Iterator[str]:
    """A broker that a test may kill, on ports of its own, with the jars that are there already."""
    kafka_bootstrap()
    run(KAFKA_SCRIPT, "start", **_OWN)
    yield f"127.0.0.1:{_OWN['KAFKA_PORT']}"
    run(KAFKA_SCRIPT, "stop", **_OWN)


_OWN = {"KAFKA_PORT": "19492", "KAFKA_CONTROLLER_PORT": "19493"}


@pytest.mark.slow
async def test_given_the_broker_is_killed_and_comes_back_nobody_needs_a_restart(own_broker: str) -> None:
    """Appends say LogUnavailable meanwhile; a consumer that waited just goes on; nothing is lost."""
    kit = Kit.at(f"kafka:{own_broker}")
    log = await kit.open()
    appended: list[int] = []
    async with log.consume(kit.name("g"), [kit.name("t")]) as subscription:
        await log.append(numbered(kit.name("t"), 1))
        appended.append(0)
        first = await fetch_exactly(subscription, 1)
        await subscription.commit(first)

        await asyncio.to_thread(run, KAFKA_SCRIPT, "kill", **_OWN)
        consuming = asyncio.create_task(_until(subscription, 5))
        for number in (100, 101):
            begun = time.monotonic()
            with pytest.raises(LogUnavailable):
                await log.append([Record(kit.name("t"), "k", str(number).encode())])
            assert time.monotonic() - begun < 10

        await asyncio.to_thread(run, KAFKA_SCRIPT, "start", **_OWN)
        number = 1
        while number <= 5:
            try:
                await log.append([Record(kit.name("t"), "k", str(number).encode())])
            except LogUnavailable:
                continue
            appended.append(number)
            number += 1
        came = await asyncio.wait_for(consuming, 60)
        assert list(dict.fromkeys(came)) == [1, 2, 3, 4, 5]
    await log.close()


@pytest.mark.slow
async def test_given_the_broker_is_killed_under_load_every_acknowledged_record_is_delivered(
    own_broker: str,
) -> None:
    """The history: what was acknowledged, what was refused, what came. In order per key."""
    kit = Kit.at(f"kafka:{own_broker}")
    log = await kit.open()
    acknowledged: dict[str, list[int]] = {f"key-{n}": [] for n in range(8)}
    refused: set[tuple[str, int]] = set()
    came: dict[str, list[int]] = {key: [] for key in acknowledged}
    over, progress = asyncio.Event(), asyncio.Event()

    async def appender(key: str) -> None:
        number = 0
        while not over.is_set():
            try:
                await log.append([Record(kit.name("t"), key, str(number).encode())])
                acknowledged[key].append(number)
                progress.set()
            except LogUnavailable:
                refused.add((key, number))
            number += 1

    async def consumer() -> None:
        async with log.consume(kit.name("g"), [kit.name("t")]) as subscription:
            while not over.is_set() or not all(set(acknowledged[k]) <= set(came[k]) for k in came):
                for consumed in (records := await subscription.fetch(wait=1)):
                    came[consumed.record.key].append(int(consumed.record.value))
                await _commit_when_possible(subscription, records)

    tasks = [asyncio.create_task(appender(key)) for key in acknowledged]
    consuming = asyncio.create_task(consumer())
    await _more_than(acknowledged, 200, progress)
    await asyncio.to_thread(run, KAFKA_SCRIPT, "kill", **_OWN)
    await asyncio.sleep(3)
    await asyncio.to_thread(run, KAFKA_SCRIPT, "start", **_OWN)
    await _more_than(acknowledged, sum(map(len, acknowledged.values())) + 200, progress)
    over.set()
    await asyncio.gather(*tasks)
    await asyncio.wait_for(consuming, 60)
    await log.close()
    for key, numbers_seen in came.items():
        once = list(dict.fromkeys(numbers_seen))
        assert once == sorted(once)
        assert {(key, n) for n in once} - {(key, n) for n in acknowledged[key]} <= refused
    assert refused


async def _more_than(acknowledged: dict[str, list[int]], count: int, progress: asyncio.Event) -> None:
    while sum(map(len, acknowledged.values())) <= count:
        progress.clear()
        await progress.wait()


async def _until(subscription: Subscription, last: int) -> list[int]:
    came: list[int] = []
    while last not in came:
        records = await subscription.fetch()
        came += numbers(records)
        await _commit_when_possible(subscription, records)
    return came


async def _commit_when_possible(subscription: Subscription, records: Sequence[ConsumedRecord]) -> None:
    while True:
        try:
            return await subscription.commit(records)
        except LogUnavailable:
            continue
