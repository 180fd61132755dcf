"""Where a record goes that a consumer cannot handle, so that those behind it are not held up."""

from __future__ import annotations

from backbone.log.port import ConsumedRecord, MessageLog, Record

PREFIX = "dead-letter."


def topic_of(group: str) -> str:
    """The dead-letter topic of a consumer group."""
    return PREFIX + group


def dead_letter(group: str, consumed: ConsumedRecord, reason: str) -> Record:
    """The record to append in place of handling ``consumed``: the same key, value and headers, and why."""
    origin = consumed.position
    why = {
        "dead-letter-topic": origin.topic,
        "dead-letter-position": f"{origin.partition}:{origin.offset}",
        "dead-letter-reason": reason,
    }
    headers = {**consumed.record.headers, **why}
    return Record(topic_of(group), consumed.record.key, consumed.record.value, headers)


async def bury(log: MessageLog, group: str, consumed: ConsumedRecord, reason: str) -> None:
    """Append ``consumed`` to the group's dead-letter topic. Commit it afterwards, not before."""
    await log.append([dead_letter(group, consumed, reason)])
