"""What goes out: signed, again until it is accepted, given up when refused, and holding up nobody else."""

from __future__ import annotations

from pathlib import Path

import httpx
import orjson
import pytest

from backbone.journal import Kind
from contracts import envelope
from participant.wire import command_record
from tests.integration.participant.rig import (
    MPAN,
    OTHER_MPAN,
    REGS,
    Identities,
    Outside,
    Reply,
    Request,
    open_rig,
    publication,
    switch_request,
)
from tests.integration.participant.role import registry, tell_css


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_a_message_is_sent_again_unchanged_until_accepted(
    tmp_path: Path, identities: Identities, status: int
) -> None:
    outside = Outside()
    outside.reply = lambda request: (status if len(outside.requests) < 2 else 201, {})
    async with open_rig(tmp_path, identities, registry(), outside=outside) as rig:
        await rig.deliver([publication()])
        sent = await outside.received(3)
    assert len({request.body for request in sent}) == 1
    assert len({request.headers["x-dip-signature"] for request in sent}) >= 1


@pytest.mark.parametrize(
    "fault",
    [httpx.ReadTimeout("nothing came"), ZeroDivisionError("a fault of a service in this process")],
    ids=["no answer", "fault in this process"],
)
async def test_no_answer_at_all_is_tried_again(
    tmp_path: Path, identities: Identities, fault: Exception
) -> None:
    outside = Outside()

    def reply(request: Request) -> Reply:
        if not outside.requests:
            outside.requests.append(request)
            raise fault
        return 201, {}

    outside.reply = reply
    async with open_rig(tmp_path, identities, registry(), outside=outside) as rig:
        await rig.deliver([publication()])
        sent = await outside.received(2)
    assert sent[0].body == sent[1].body


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 406, 413, 505, 302])
async def test_any_other_answer_is_final(tmp_path: Path, identities: Identities, status: int) -> None:
    outside = Outside()
    outside.reply = lambda request: (status, "no")
    async with open_rig(tmp_path, identities, registry(), outside=outside) as rig:
        await rig.deliver([publication()])
        (event,) = await rig.journal(1)
    assert (event.details["status"], event.details["answer"]) == (status, "no")
    assert len(outside.requests) == 1


async def test_a_duplicate_answer_to_our_own_retry_counts_as_sent(
    tmp_path: Path, identities: Identities
) -> None:
    outside = Outside()
    duplicated = {"messageArray": [{"message": "MSG1006 - Sender Unique Reference Duplicated"}]}

    def reply(request: Request) -> Reply:
        own = [r for r in outside.requests if r.reference == request.reference]
        return (400, duplicated) if own else (504 if not outside.requests else 201, {})

    outside.reply = reply
    async with open_rig(tmp_path, identities, registry(), outside=outside) as rig:
        await rig.deliver([publication(transaction="T-1")])
        await rig.deliver([publication(transaction="T-2")])
        await outside.received(3)
        await rig.command(
            command_record("registration", "load_mpan", to=REGS, mpan=MPAN, run="r", id="c", arguments={})
        )
        (event,) = await rig.journal(1)
    assert event.kind is Kind.HARNESS_PREPARED  # and no fault before it


async def test_a_refused_message_is_journalled_as_a_fault_of_the_harness(
    tmp_path: Path, identities: Identities
) -> None:
    outside = Outside()
    answer = {"messageArray": [{"message": "MSG1001 - Schema Failure", "help": "look"}]}
    outside.reply = lambda request: (400, answer)
    async with open_rig(tmp_path, identities, registry(), outside=outside) as rig:
        await rig.deliver([publication()])
        (event,) = await rig.journal(1)
    assert event.kind is Kind.SERVICE_FAULT
    assert (event.mpan, event.interface, event.sender) == (MPAN, "IF-032", REGS)
    assert event.details["status"] == 400
    assert event.details["answer"] == answer
    assert event.reference == outside.requests[0].reference
    assert len(outside.requests) == 1


async def test_what_was_not_sent_before_a_stop_is_sent_after_it_unchanged(
    tmp_path: Path, identities: Identities
) -> None:
    down = Outside()
    down.reply = lambda request: (503, {})
    async with open_rig(tmp_path, identities, registry(), outside=down) as rig:
        await rig.deliver([publication()])
        (first, *_) = await down.received(1)
    async with open_rig(tmp_path, identities, registry()) as rig:
        (again,) = await rig.outside.received(1)
        await rig.deliver([publication(transaction="T-2")])
        await rig.outside.received(2)
    assert again.body == first.body
    async with open_rig(tmp_path, identities, registry()) as rig:
        await rig.deliver([publication(transaction="T-3")])
        sent = await rig.outside.received(1)
    assert first.body not in [request.body for request in sent]


async def test_an_mpan_that_waits_holds_up_no_other(tmp_path: Path, identities: Identities) -> None:
    outside = Outside()
    outside.reply = lambda request: (
        503 if envelope.header(request.message).mpan == MPAN else 201,
        {},
    )
    async with open_rig(tmp_path, identities, registry(), outside=outside) as rig:
        await rig.deliver([publication(transaction="T-1")])
        await outside.received(2)
        await rig.deliver([publication(transaction="T-2", mpan=OTHER_MPAN)])
        async with rig.outside.changed:
            await rig.outside.changed.wait_for(
                lambda: any(envelope.header(r.message).mpan == OTHER_MPAN for r in outside.requests)
            )


async def test_css_messages_go_out_signed_and_the_api_key_stays_at_home(
    tmp_path: Path, identities: Identities
) -> None:
    message = switch_request()
    order = tell_css(message, "CSS", "http://partner.test/callback")
    async with open_rig(tmp_path, identities, registry()) as rig:
        await rig.command(order)
        await rig.outside.received(2)
    (at_css,), (at_partner,) = rig.outside.at("/css_stub/messages"), rig.outside.at("/callback")
    assert at_css.headers["x-api-key"] == identities.regs.api_key
    assert "x-api-key" not in at_partner.headers
    assert "x-dip-signature" in at_partner.headers
    assert orjson.loads(at_partner.body) == orjson.loads(orjson.dumps(message))


async def test_a_callback_that_never_answers_is_given_up_and_holds_up_nobody(
    tmp_path: Path, identities: Identities
) -> None:
    outside = Outside()
    outside.reply = lambda request: (503 if request.path == "/callback" else 201, {})
    order = tell_css(switch_request(), "http://partner.test/callback", "CSS")
    async with open_rig(tmp_path, identities, registry(), outside=outside, retry_attempts=3) as rig:
        await rig.command(order)
        (event,) = await rig.journal(1)
        await outside.received(1, "/css_stub/messages")
    assert len(outside.at("/callback")) == 3
    assert event.kind is Kind.CSS_REFUSED
    assert (event.interface, event.details["status"]) == ("CSS01700", 503)


async def test_an_address_that_is_none_is_given_up_at_once(tmp_path: Path, identities: Identities) -> None:
    order = tell_css(switch_request(), "http://no\nsense", run="r 1")
    async with open_rig(tmp_path, identities, registry()) as rig:
        await rig.command(order)
        (event,) = await rig.journal(1)
    assert event.kind is Kind.CSS_REFUSED
    assert (event.run, event.details["status"]) == ("r 1", None)
    assert "not an address" in event.details["answer"]
