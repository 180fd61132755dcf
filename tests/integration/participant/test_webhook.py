"""The webhook inbox: who may post, what is answered, and that nothing is answered 201 before it is kept."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
import uvicorn

from backbone.errors import LogUnavailable, RecordTooLarge
from backbone.log import Record
from contracts import envelope
from participant import signing
from tests.integration.participant.rig import HOST, MPAN, REGS, Identities, Rig, open_rig, publication
from tests.integration.participant.role import registry

URL = f"{HOST}/registration/{REGS}/webhook"


def entries(response: httpx.Response) -> list[dict[str, Any]]:
    body = response.json()
    assert set(body) == {"messageArray", "timestamp"}
    assert len(body["timestamp"]) == 25
    for entry in body["messageArray"]:
        assert set(entry) == {
            "transactionID",
            "senderUniqueReference",
            "correlationID",
            "sentTimestamp",
            "senderID",
            "recipientID",
            "DIPConnectionProviderID",
            "message",
            "help",
            "serviceTicketURL",
        }
    return list(body["messageArray"])


async def kept(rig: Rig) -> list[Any]:
    """What stands in the inbox of the log."""
    async with rig.context.log.consume("test", ["inbox.registration"]) as subscription:
        records = await subscription.fetch(wait=0.2)
    return [orjson.loads(r.record.value) for r in records]


async def test_a_delivery_is_answered_message_by_message_once_it_is_kept(
    tmp_path: Path, identities: Identities
) -> None:
    messages = [publication(transaction=f"T-{n}") for n in range(3)]
    async with open_rig(tmp_path, identities, registry(), start=False) as rig:
        response = await rig.deliver(messages)
        records = await kept(rig)
    assert response.status_code == 201
    answered = entries(response)
    assert [e["transactionID"] for e in answered] == ["T-0", "T-1", "T-2"]
    assert {e["message"] for e in answered} == {"RCP0000 - Message Success"}
    assert {(e["senderID"], e["correlationID"]) for e in answered} == {(REGS, "CI-20261124-ab")}
    assert answered[0]["senderUniqueReference"] == envelope.header(messages[0]).reference
    assert [r["message"] for r in records] == messages
    assert {(r["to"], r["mpan"], r["name"], r["event"]) for r in records} == {
        (REGS, MPAN, "PUB-031", "[MSApp]")
    }


class TestSignature:
    async def test_only_the_dip_may_post(self, tmp_path: Path, identities: Identities) -> None:
        async with open_rig(tmp_path, identities, registry(), start=False) as rig:
            for signer in (identities.supplier, identities.outsider):
                response = await rig.deliver([publication()], signer=signer)
                assert response.status_code == 401
                (entry,) = entries(response)
                assert entry["message"] == "RCP9999 - Message Signature Invalid"
                assert "not the DIP" in entry["help"]
            assert await kept(rig) == []

    async def test_an_unsigned_delivery(self, tmp_path: Path, identities: Identities) -> None:
        async with open_rig(tmp_path, identities, registry(), start=False) as rig:
            response = await rig.http.post(URL, content=orjson.dumps([publication()]))
        assert response.status_code == 401
        assert "X-DIP-Content-Hash" in entries(response)[0]["help"]

    @pytest.mark.parametrize(
        ("body", "url", "shift"),
        [
            (b"[{}]", URL, timedelta()),
            (None, URL + "/other", timedelta()),
            (None, URL, timedelta(minutes=6)),
            (None, URL, timedelta(minutes=-6)),
        ],
    )
    async def test_a_signature_over_something_else(
        self, tmp_path: Path, identities: Identities, body: bytes | None, url: str, shift: timedelta
    ) -> None:
        sent = orjson.dumps([publication()])
        async with open_rig(tmp_path, identities, registry(), start=False) as rig:
            at = rig.context.clock.now() + shift
            headers = signing.sign(identities.dip, "POST", url, body or sent, at)
            response = await rig.http.post(URL, content=sent, headers=headers)
            assert await kept(rig) == []
        assert response.status_code == 401
        assert entries(response)[0]["message"].startswith("RCP9999")

    async def test_the_dips_new_certificate_is_known_from_the_directory(
        self, tmp_path: Path, identities: Identities
    ) -> None:
        pem, key = identities.authority.issue("1000000000")
        renewed = replace(identities.dip, certificate_pem=pem, private_key=key)
        async with open_rig(tmp_path, identities, registry(), start=False) as rig:
            assert (await rig.deliver([publication()], signer=renewed)).status_code == 401
            record = (await rig.context.directory.register(renewed)).certificates[0]
            assert (await rig.deliver([publication()], signer=renewed)).status_code == 201
            await rig.context.directory.revoke_certificate(record.fingerprint)
            response = await rig.deliver([publication()], signer=renewed)
        assert response.status_code == 401
        assert "revoked" in entries(response)[0]["help"]

    async def test_behind_a_proxy_the_public_address_is_what_was_signed(
        self, tmp_path: Path, identities: Identities
    ) -> None:
        body = orjson.dumps([publication()])
        async with open_rig(tmp_path, identities, registry(), start=False) as rig:
            inside = f"http://inside:9000/registration/{REGS}/webhook"
            for url in (URL, inside):
                headers = signing.sign(identities.dip, "POST", url, body, rig.context.clock.now())
                assert (await rig.http.post(inside, content=body, headers=headers)).status_code == 201


class TestRefused:
    @pytest.mark.parametrize("body", [b"", b"{", b"{}", b"[]", b'["a"]', b"[{}, 1]", b"null", b"\xff"])
    async def test_what_is_no_batch_of_messages(
        self, tmp_path: Path, identities: Identities, body: bytes
    ) -> None:
        async with open_rig(tmp_path, identities, registry(), start=False) as rig:
            response = await rig.post(URL, body)
            assert await kept(rig) == []
        assert response.status_code == 400
        assert entries(response)[0]["message"] == "RCP1001 - Schema Failure"

    async def test_a_party_that_is_not_played_here(self, tmp_path: Path, identities: Identities) -> None:
        async with open_rig(tmp_path, identities, registry(), start=False) as rig:
            assert (await rig.deliver([publication()], to="2300000001")).status_code == 404

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
    async def test_another_method(self, tmp_path: Path, identities: Identities, method: str) -> None:
        async with open_rig(tmp_path, identities, registry(), start=False) as rig:
            assert (await rig.http.request(method, URL)).status_code == 405

    async def test_a_body_above_the_limit(self, tmp_path: Path, identities: Identities) -> None:
        async with open_rig(tmp_path, identities, registry(), start=False, max_body_bytes=1000) as rig:
            assert (await rig.post(URL, b"[" + b" " * 2000 + b"]")).status_code == 413

    @pytest.mark.parametrize(
        ("fault", "status"), [(LogUnavailable("away"), 503), (RecordTooLarge("too large"), 413)]
    )
    async def test_what_cannot_be_kept_is_not_accepted(
        self,
        tmp_path: Path,
        identities: Identities,
        fault: Exception,
        status: int,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        async with open_rig(tmp_path, identities, registry(), start=False) as rig:

            async def fail(records: Sequence[Record]) -> None:
                raise fault

            monkeypatch.setattr(rig.context.log, "append", fail)
            response = await rig.deliver([publication()])
        assert response.status_code == status
        assert entries(response)[0]["message"] == "RCP1000 - Message Processing Failed"


async def test_strange_messages_are_kept_and_harm_nobody(tmp_path: Path, identities: Identities) -> None:
    strange: list[Any] = [
        {},
        {"payload": None},
        {"payload": {"CommonBlock": []}},
        {"payload": {"CommonBlock": {"S0": {"interfaceID": 5}, "M0": {"MPANCore": ["x"]}}}},
        {"message": "MSG1037 - …", "transactionID": "T-9"},
    ]
    async with open_rig(tmp_path, identities, registry()) as rig:
        assert (await rig.deliver(strange)).status_code == 201
        assert (await rig.deliver([*strange, publication()])).status_code == 201
        await rig.outside.received(1)


async def test_it_serves_real_http(tmp_path: Path, identities: Identities) -> None:
    async with open_rig(tmp_path, identities, registry()) as rig:
        transport = rig.http._transport
        assert isinstance(transport, httpx.ASGITransport)
        listening = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(transport.app, log_level="warning", lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/registration/{REGS}/webhook"
        body = orjson.dumps([publication()])
        headers = signing.sign(identities.dip, "POST", url, body, rig.context.clock.now())
        async with httpx.AsyncClient() as http:
            response = await http.post(url, content=body, headers=headers)
        server.should_exit = True
        await serving
        assert response.status_code == 201
        assert len(entries(response)) == 1
        await rig.outside.received(1)
