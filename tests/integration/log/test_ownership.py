"""Who owns a key: the member of the group to which its records come."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from backbone.log import Record, Subscription
from backbone.log.embedded import EmbeddedLog
from backbone.log.kafka import KafkaLog
from tests.integration.log.kit import Kit
from tests.real_services import kafka_bootstrap

KEYS = [f"20000565359{n:02d}" for n in range(40)]


async def test_the_embedded_log_has_one_owner(tmp_path: Path) -> None:
    log = await EmbeddedLog.open(tmp_path / "log")
    async with log.consume("g", ["t"]) as subscription:
        assert subscription.generation == 1
        assert subscription.owns("t", "any key")
    await log.close()


@pytest.mark.kafka
async def test_on_kafka_each_key_has_one_owner_and_its_records_come_there() -> None:
    kit = Kit.at(f"kafka:{kafka_bootstrap()}")
    topic, group = kit.name("t"), kit.name("g")
    log = await KafkaLog.open(kafka_bootstrap())
    await log.append([Record(topic, key, b"") for key in KEYS])
    async with log.consume(group, [topic]) as one, log.consume(group, [topic]) as two:
        await asyncio.gather(settled(one, topic), settled(two, topic))
        for key in KEYS:
            assert one.owns(topic, key) != two.owns(topic, key)
        assert not one.owns(kit.name("elsewhere"), KEYS[0])
        await log.append([Record(topic, key, b"again") for key in KEYS])
        for member in (one, two):
            fetched = await member.fetch(100, wait=5)
            assert fetched
            assert all(member.owns(topic, consumed.record.key) for consumed in fetched)
    await log.close()


async def settled(member: Subscription, topic: str) -> None:
    """Take part in the group until it has shared the keys out: about half of them each."""
    async with asyncio.timeout(30):
        while not 0 < sum(member.owns(topic, key) for key in KEYS) < len(KEYS):
            await member.commit(await member.fetch(100, wait=0.1))
    assert member.generation >= 1
