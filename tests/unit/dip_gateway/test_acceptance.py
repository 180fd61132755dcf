"""The records of an accepted message: what the journal is told, and the text that the router reads."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson

from backbone.journal import JournalEvent, Kind
from contracts.envelope import Header
from participant.signing import Signed
from services.dip_gateway.acceptance import Accepted, journal_record, message_record, number
from services.dip_gateway.asgi import Request
from services.dip_gateway.judgement import Judged

NOON = datetime(2026, 3, 21, 12, tzinfo=UTC)
HEADER = Header("IF-031", "[MSApp]", reference="S-1", sender="2300000001", role="SUP", mpan="2000000000016")
SIGNED = Signed("ab" * 32, "CN=2300000001", NOON, "PEM")
RAW = '{"payload": {"note": "as it was sent"}}'
REQUEST = Request(
    "POST",
    "/dip-channel/IF-031",
    b"",
    {"host": "dip", "x-api-key": "secret"},
    "http",
    b"[" + b"]",
    "127.0.0.1",
)


def accepted(header: Header = HEADER, *, respelled: bool = False) -> Accepted:
    message = orjson.loads(RAW)
    judged = Judged(header, message, warnings=("told",), respelled=respelled)
    return number([judged], [RAW], REQUEST, lambda _: NOON)[0]


def as_event(one: Accepted) -> JournalEvent:
    header = one.judged.header
    return JournalEvent(
        kind=Kind.ACCEPTED,
        at=one.at,
        service="dip_gateway",
        mpan=header.mpan,
        interface=header.interface,
        event_code=header.event,
        sender=header.sender,
        reference=header.reference,
        transaction_id=one.transaction_id,
        correlation_id=one.correlation_id,
        headers={"host": "dip"},
        body=RAW,
        details={
            "schema": "valid",
            "url": "http://dip/dip-channel/IF-031",
            "method": "POST",
            "signature": SIGNED.shown,
            "warnings": ("told",),
        },
        trace=one.trace,
        id=one.event_id,
    )


def test_the_journal_line_is_the_one_that_the_event_itself_would_write() -> None:
    for header in (HEADER, HEADER._replace(mpan=None), HEADER._replace(reference="", correlation_id="CI-1")):
        one = accepted(header)
        assert journal_record(one, REQUEST, SIGNED) == as_event(one).to_record()


def test_the_router_reads_the_senders_own_text_unless_names_were_spelled_otherwise() -> None:
    assert message_record(accepted(), "IF-031").value == RAW.encode()
    assert message_record(accepted(respelled=True), "IF-031").value == orjson.dumps(orjson.loads(RAW))


def test_the_ids_follow_from_what_was_sent() -> None:
    hashed = REQUEST._replace(headers={**REQUEST.headers, "x-dip-content-hash": "another"})
    same, again = accepted(), accepted()
    other = number([same.judged], [RAW], hashed, lambda _: NOON)[0]
    assert same == again
    assert other.transaction_id != same.transaction_id
