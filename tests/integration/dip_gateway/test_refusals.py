"""Every way of being refused: status, code, nothing published, and the journal says why."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import httpx
import orjson
import pytest

from backbone.errors import LogUnavailable
from backbone.journal import JournalEvent, Kind
from backbone.log import MessageLog, Record
from participant import signing
from participant.authority import CertificateAuthority
from services.dip_gateway.settings import GatewaySettings
from tests.integration.dip_gateway.environment import (
    MPAN,
    OTHER_SUPPLIER,
    REGISTRATION,
    SUPPLIER,
    Gateway,
    mint,
    open_gateway,
)

CHANNEL = "/dip-channel/IF-031"


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with open_gateway(tmp_path, max_body_bytes=50_000, max_batch=5) as opened:
        yield opened


async def refused(gateway: Gateway, answer: httpx.Response, status: int, code: str) -> JournalEvent:
    """The one event of a refusal, when the answer was the official one."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert set(body) == {"messageArray", "timestamp"}
    assert body["messageArray"][0]["message"].startswith(f"{code} - ")
    assert body["messageArray"][0]["help"]
    [event] = await gateway.events(Kind.REFUSED)
    assert event.details["status"] == status
    assert event.details["reason"]
    assert "x-api-key" not in {name.lower() for name in event.headers}
    everything = await gateway.events()
    assert all(each.kind is Kind.REFUSED for each in everything)
    return event


async def post(gateway: Gateway, body: bytes, headers: dict[str, str], path: str = CHANNEL) -> httpx.Response:
    return await gateway.http.post(gateway.url + path, content=body, headers=headers)


async def test_no_api_key(gateway: Gateway) -> None:
    body = orjson.dumps([gateway.message()])
    headers = gateway.signed(CHANNEL, body)
    del headers["X-API-Key"]
    event = await refused(gateway, await post(gateway, body, headers), 401, "MSG1000")
    assert event.details["detail"] == "api key missing"


async def test_wrong_api_key(gateway: Gateway) -> None:
    body = orjson.dumps([gateway.message()])
    headers = gateway.signed(CHANNEL, body) | {"X-API-Key": "wrong"}
    event = await refused(gateway, await post(gateway, body, headers), 401, "MSG1000")
    assert event.details["detail"] == "api key unknown"
    assert "wrong" not in event.to_bytes().decode().replace("wrongly", "")


@pytest.mark.parametrize("missing", signing.HEADERS)
async def test_unsigned(gateway: Gateway, missing: str) -> None:
    body = orjson.dumps([gateway.message()])
    headers = gateway.signed(CHANNEL, body)
    del headers[missing]
    event = await refused(gateway, await post(gateway, body, headers), 401, "MSG1000")
    assert event.details["detail"] == "header missing"
    assert event.sender == SUPPLIER


async def test_body_changed_after_signing(gateway: Gateway) -> None:
    body = orjson.dumps([gateway.message()])
    headers = gateway.signed(CHANNEL, body)
    changed = body.replace(b"COS", b"CSP")
    event = await refused(gateway, await post(gateway, changed, headers), 401, "MSG1000")
    assert event.details["detail"] == "content hash mismatch"
    assert event.body == changed.decode()


async def test_signed_with_another_key(gateway: Gateway) -> None:
    body = orjson.dumps([gateway.message()])
    headers = gateway.signed(CHANNEL, body)
    other = gateway.signed(CHANNEL, body, by=OTHER_SUPPLIER)
    headers["X-DIP-Signature"] = other["X-DIP-Signature"]
    event = await refused(gateway, await post(gateway, body, headers), 401, "MSG1000")
    assert event.details["detail"] == "signature mismatch"


async def test_signed_for_another_address(gateway: Gateway) -> None:
    body = orjson.dumps([gateway.message()])
    headers = gateway.signed("/dip-channel/IF-032", body)
    event = await refused(gateway, await post(gateway, body, headers), 401, "MSG1000")
    assert event.details["detail"] == "signature mismatch"


@pytest.mark.parametrize(
    ("minutes", "detail"), [(-6, "signature date too old"), (6, "signature date in the future")]
)
async def test_signature_date_outside_the_window(gateway: Gateway, minutes: int, detail: str) -> None:
    body = orjson.dumps([gateway.message()])
    at = gateway.context.clock.now() + timedelta(minutes=minutes)
    headers = gateway.signed(CHANNEL, body, at=at)
    event = await refused(gateway, await post(gateway, body, headers), 401, "MSG1000")
    assert event.details["detail"] == detail


async def test_certificate_of_an_unknown_authority(gateway: Gateway, tmp_path: Path) -> None:
    stranger = CertificateAuthority.open(tmp_path / "stranger")
    identity = mint(tmp_path / "elsewhere", stranger, SUPPLIER, "SUP")
    body = orjson.dumps([gateway.message()])
    url = gateway.url + CHANNEL
    headers = signing.sign(identity, "POST", url, body, gateway.context.clock.now())
    headers["X-API-Key"] = gateway.identities[SUPPLIER].api_key
    event = await refused(gateway, await post(gateway, body, headers), 401, "MSG1000")
    assert event.details["detail"] == "certificate not trusted"


async def test_trusted_certificate_that_nobody_registered(gateway: Gateway, tmp_path: Path) -> None:
    identity = mint(tmp_path / "elsewhere", gateway.context.authority, "2300000077", "SUP")
    body = orjson.dumps([gateway.message()])
    url = gateway.url + CHANNEL
    headers = signing.sign(identity, "POST", url, body, gateway.context.clock.now())
    headers["X-API-Key"] = gateway.identities[SUPPLIER].api_key
    event = await refused(gateway, await post(gateway, body, headers), 403, "MSG1000")
    assert event.details["detail"] == "certificate not registered"


async def test_certificate_of_another_party(gateway: Gateway) -> None:
    body = orjson.dumps([gateway.message()])
    headers = gateway.signed(CHANNEL, body, by=OTHER_SUPPLIER)
    headers["X-API-Key"] = gateway.identities[SUPPLIER].api_key
    event = await refused(gateway, await post(gateway, body, headers), 403, "MSG1000")
    assert event.details["detail"] == "certificate of another party"


async def test_revoked_certificate(gateway: Gateway) -> None:
    party = await gateway.context.directory.party(SUPPLIER)
    assert party is not None
    await gateway.context.directory.revoke_certificate(party.certificates[0].fingerprint)
    answer = await gateway.send(gateway.message())
    event = await refused(gateway, answer, 403, "MSG1000")
    assert event.details["detail"] == "certificate revoked"


async def test_another_partys_dip_id_as_sender(gateway: Gateway) -> None:
    answer = await gateway.send(gateway.message(OTHER_SUPPLIER), by=SUPPLIER)
    event = await refused(gateway, answer, 400, "MSG1009")
    assert event.codes == ("MSG1009",)
    assert event.mpan == MPAN


@pytest.mark.parametrize(
    "body", [b"", b"nonsense", b"{}", b"[]", b"[", b"7", b'"text"', b"\xff\xfe", b"[NaN]"]
)
async def test_body_that_is_no_batch(gateway: Gateway, body: bytes) -> None:
    answer = await gateway.request(CHANNEL, body)
    event = await refused(gateway, answer, 400, "MSG1001")
    assert event.sender == SUPPLIER


async def test_schema_failure_names_the_place(gateway: Gateway) -> None:
    message = gateway.message()
    message["payload"]["CustomBlock"]["B070"]["appointmentScenario"] = "XXX"
    answer = await gateway.send(message)
    event = await refused(gateway, answer, 400, "MSG1001")
    pointer = "/payload/CustomBlock/B070/appointmentScenario"
    assert event.details["violations"][0]["pointer"] == pointer
    assert event.details["violations"][0]["value"] == "XXX"
    assert answer.json()["messageArray"][0]["help"].startswith(pointer)
    assert orjson.loads(event.body or "") == message


async def test_nesting_beyond_the_limit_is_named(gateway: Gateway) -> None:
    deep: object = 1
    for _ in range(60):
        deep = [deep]
    event = await refused(gateway, await gateway.send({"payload": deep}), 400, "MSG1001")
    assert "nested" in event.details["reason"]


async def test_too_many_messages(gateway: Gateway) -> None:
    answer = await gateway.send(*(gateway.message() for _ in range(6)))
    event = await refused(gateway, answer, 400, "MSG1001")
    assert "5 are allowed" in event.details["reason"]


async def test_time_in_the_future(gateway: Gateway) -> None:
    ahead = gateway.context.clock.now() + timedelta(minutes=6)
    await refused(gateway, await gateway.send(gateway.message(now=ahead)), 400, "MSG1007")


async def test_role_that_is_not_the_senders(gateway: Gateway) -> None:
    message = gateway.message()
    message["payload"]["CommonBlock"]["S1"]["senderRoleID"] = "REGS"
    await refused(gateway, await gateway.send(message), 400, "MSG1010")


async def test_role_that_does_not_send_this_interface(gateway: Gateway) -> None:
    message = gateway.message(REGISTRATION)
    await refused(gateway, await gateway.send(message, by=REGISTRATION), 400, "MSG1010")


async def test_connection_provider_that_was_not_nominated(gateway: Gateway) -> None:
    message = gateway.message(connection_provider="1000000009")
    await refused(gateway, await gateway.send(message), 400, "MSG1011")


async def test_correlation_id_that_the_dip_never_gave(gateway: Gateway) -> None:
    await refused(gateway, await gateway.send(gateway.message(correlation_id="mine")), 400, "MSG1012")


async def test_body_that_does_not_arrive_in_time(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, GatewaySettings(request_timeout_seconds=0.2)) as gateway:
        host, port = gateway.url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"POST {CHANNEL} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 10\r\n\r\n[".encode())
        assert b" 408 " in await reader.readline()
        writer.close()
        [event] = await gateway.events(Kind.REFUSED)
        assert event.details["status"] == 408


async def test_connection_provider_sends_for_who_nominated_it(gateway: Gateway) -> None:
    await gateway.context.directory.nominate(OTHER_SUPPLIER, SUPPLIER)
    message = gateway.message(OTHER_SUPPLIER, connection_provider=SUPPLIER)
    assert (await gateway.send(message, by=SUPPLIER)).status_code == 201
    path = f"/dip-channel/IF-036/pubconfig/{OTHER_SUPPLIER}"
    assert (await gateway.request(path, {"callbackURL": "https://a.example/x"})).status_code == 201


async def test_log_that_is_away_means_nothing_was_accepted(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, workers=False) as gateway:
        message = gateway.message()
        append = gateway.context.log.append
        away = AwayLog(gateway.context.log)
        object.__setattr__(gateway.context, "log", away)
        answer = await gateway.send(message)
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
        object.__setattr__(gateway.context, "log", away.real)
        assert away.real.append == append
        assert (await gateway.send(message)).status_code == 201


class AwayLog:
    """A log that cannot be reached; what is behind it is untouched."""

    def __init__(self, real: MessageLog) -> None:
        self.real = real

    async def append(self, records: Sequence[Record]) -> None:
        raise LogUnavailable("the broker is away")


async def test_channel_of_another_interface(gateway: Gateway) -> None:
    answer = await gateway.send(gateway.message(), channel="IF-021")
    await refused(gateway, answer, 400, "MSG1002")


async def test_channel_that_does_not_exist(gateway: Gateway) -> None:
    answer = await gateway.send(gateway.message(), channel="IF-999")
    await refused(gateway, answer, 404, "MSG1002")


async def test_address_that_does_not_exist(gateway: Gateway) -> None:
    await refused(gateway, await gateway.request("/dip-chanel/IF-031", []), 404, "MSG1000")


async def test_method_that_is_not_allowed(gateway: Gateway) -> None:
    event = await refused(gateway, await gateway.request(CHANNEL, method="GET"), 405, "MSG1000")
    assert "POST" in event.details["reason"] or event.details["method"] == "GET"


async def test_accept_without_json(gateway: Gateway) -> None:
    answer = await gateway.request(CHANNEL, [gateway.message()], Accept="text/xml")
    await refused(gateway, answer, 406, "MSG1000")


async def test_body_above_the_limit_is_refused_before_it_is_read(gateway: Gateway) -> None:
    answer = await gateway.request(CHANNEL, b" " * 50_001)
    await refused(gateway, answer, 413, "MSG1000")


async def test_body_above_the_limit_without_a_length(gateway: Gateway) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(6):
            yield b" " * 10_000

    answer = await gateway.http.post(gateway.url + CHANNEL, content=pieces())
    await refused(gateway, answer, 413, "MSG1000")


async def test_duplicate_reference_within_the_batch(gateway: Gateway) -> None:
    answer = await gateway.send(gateway.message(unique="aa"), gateway.message(unique="aa"), gateway.message())
    assert answer.status_code == 400
    messages = [entry["message"][:7] for entry in answer.json()["messageArray"]]
    assert messages == ["MSG1006", "MSG1006", "MSG1000"]
    assert "message 1, 2" in answer.json()["messageArray"][2]["help"]
    events = await gateway.events(Kind.REFUSED, count=3)
    assert [event.codes for event in events] == [("MSG1006",), ("MSG1006",), ("MSG1000",)]


async def test_a_refused_reference_may_be_used_again(gateway: Gateway) -> None:
    wrong = gateway.message(unique="aa")
    wrong["payload"]["CommonBlock"]["S1"]["environmentTag"] = "NOWHERE"
    assert (await gateway.send(wrong)).status_code == 400
    assert (await gateway.send(gateway.message(unique="aa"))).status_code == 201


async def test_duplicate_reference_is_refused_the_second_time(gateway: Gateway) -> None:
    assert (await gateway.send(gateway.message(unique="aa"))).status_code == 201
    answer = await gateway.send(gateway.message(unique="aa"))
    assert answer.status_code == 400
    assert answer.json()["messageArray"][0]["message"].startswith("MSG1006")


async def test_strangers_cannot_fill_the_journal(tmp_path: Path) -> None:
    slow = GatewaySettings(unauthenticated_events_per_second=0.1)
    async with open_gateway(tmp_path, slow) as gateway:
        for _ in range(20):
            await gateway.http.post(gateway.url + CHANNEL, content=b"[]")
        await gateway.send(gateway.message())
        await gateway.events(Kind.ACCEPTED)
        assert len(await gateway.events(Kind.REFUSED)) == 1


async def test_known_by_certificate_alone_where_no_api_key_is_required(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, api_key_required=False, listening=[REGISTRATION]) as gateway:
        body = orjson.dumps([gateway.message()])
        headers = gateway.signed(CHANNEL, body)
        del headers["X-API-Key"]
        assert (await post(gateway, body, headers)).status_code == 201


async def test_address_and_header_names_in_any_case(gateway: Gateway) -> None:
    path = "/DIP-Channel/if-031"
    body = orjson.dumps([gateway.message()])
    headers = {name.upper(): value for name, value in gateway.signed(path, body).items()}
    assert (await post(gateway, body, headers, path)).status_code == 201


async def test_starting_gateway_asks_to_come_back(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, starting=True) as gateway:
        assert not gateway.service.ready()
        answer = await gateway.send(gateway.message())
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) > 0
