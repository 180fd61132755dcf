"""Which request a message goes back to can be followed through the log and the journal."""

from __future__ import annotations

from pathlib import Path

from backbone.journal import Kind
from backbone.trace import TRACEPARENT, trace_of
from tests.integration.dip_gateway.environment import REGISTRATION, SUPPLIER, open_gateway

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
PATH = "/dip-channel/IF-031"


async def test_given_a_trace_when_sent_then_record_and_journal_carry_it(tmp_path: Path) -> None:
    async with open_gateway(tmp_path) as gateway:
        await gateway.request(PATH, [gateway.message()], traceparent=f"00-{TRACE}-{PARENT}-01")
        [accepted] = await gateway.events(Kind.ACCEPTED)
        async with gateway.context.log.consume("reader", ["dip.if.IF-031"]) as subscription:
            [consumed] = await subscription.fetch()
    assert accepted.trace == TRACE
    assert trace_of(consumed.record.headers) == TRACE
    assert PARENT not in consumed.record.headers[TRACEPARENT], "the gateway is the parent of what follows"


async def test_given_a_trace_when_delivered_then_every_event_of_the_message_has_it(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        await gateway.request(PATH, [gateway.message()], traceparent=f"00-{TRACE}-{PARENT}-01")
        await gateway.events(Kind.DELIVERED)
        events = await gateway.events()
    assert [event.kind for event in events] == [Kind.ACCEPTED, Kind.ROUTED, Kind.DELIVERED]
    assert {event.trace for event in events} == {TRACE}


async def test_given_nobody_to_address_when_told_so_then_the_status_message_belongs_to_the_trace(
    tmp_path: Path,
) -> None:
    async with open_gateway(tmp_path, listening=[SUPPLIER]) as gateway:
        nobody = gateway.message(primary=["9999999999"])
        await gateway.request(PATH, [nobody], traceparent=f"00-{TRACE}-{PARENT}-01")
        told = await gateway.events(Kind.STATUS_SENT)
    assert {event.trace for event in told} == {TRACE}


async def test_given_no_trace_or_a_broken_one_when_sent_then_each_message_begins_its_own(
    tmp_path: Path,
) -> None:
    async with open_gateway(tmp_path) as gateway:
        await gateway.request(PATH, [gateway.message(), gateway.message()], traceparent="00-none")
        traces = {event.trace for event in await gateway.events(Kind.ACCEPTED, count=2)}
    assert len(traces) == 2
    assert None not in traces
