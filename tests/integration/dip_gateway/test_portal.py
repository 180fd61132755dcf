"""The directory over HTTP: what a test manager does without a shell on the emulator's machine."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12
from cryptography.x509 import load_pem_x509_certificate

from backbone.journal import Kind
from participant.identity import Identity
from tests.integration.dip_gateway.environment import REGISTRATION, SUPPLIER, Gateway, open_gateway

NEW = {"role": "SUP", "mpid": "ABCD", "organisation": "Example Energy Ltd"}


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    async with open_gateway(tmp_path) as opened:
        yield opened


async def ask(
    gateway: Gateway, method: str, path: str, body: Any = None, *, status: int = 200, **more: Any
) -> Any:
    """Ask the directory's part of /api; the answer's JSON."""
    arguments = {"json": body} if body is not None else more
    answer = await gateway.http.request(method, f"{gateway.url}/api/{path}", **arguments)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def said(answer: Any) -> str:
    [entry] = answer["messageArray"]
    return str(entry["help"])


def identity_of(answer: Any) -> Identity:
    facts, key = answer["identity"], load_pem_private_key(answer["privateKey"].encode(), None)
    assert isinstance(key, RSAPrivateKey)
    dip_id, role, mpid, api_key, url = (
        facts[name] for name in ("dipId", "role", "mpid", "apiKey", "gatewayUrl")
    )
    return Identity(dip_id, role, mpid, api_key, url, answer["certificate"], key)


async def send_as(gateway: Gateway, identity: Identity) -> httpx.Response:
    """An IF-031 of this supplier, signed by it."""
    dip_id = identity.dip_id
    known = replace(gateway, identities={**gateway.identities, dip_id: identity})
    return await known.send(known.message(dip_id), by=dip_id)


async def test_who_is_added_can_send_at_once(gateway: Gateway) -> None:
    answer = await ask(gateway, "POST", "participants", NEW, status=201)
    identity = identity_of(answer)
    assert identity.dip_id.startswith("23")
    assert identity.gateway_url == gateway.url
    authority = load_pem_x509_certificate(answer["authority"].encode())
    load_pem_x509_certificate(answer["certificate"].encode()).verify_directly_issued_by(authority)
    assert (await send_as(gateway, identity)).status_code == 201


async def test_a_pfx_comes_under_its_password(gateway: Gateway) -> None:
    answer = await ask(gateway, "POST", "participants", NEW | {"pfxPassword": "for the test"}, status=201)
    key, certificate, _ = pkcs12.load_key_and_certificates(base64.b64decode(answer["pfx"]), b"for the test")
    assert key is not None
    assert certificate is not None


async def test_who_brings_a_certificate_gets_no_key(gateway: Gateway) -> None:
    pem, _ = gateway.context.authority.issue("2300000099", organisation="Example")
    answer = await ask(gateway, "POST", "participants", NEW | {"certificate": pem}, status=201)
    assert answer["certificate"] == pem
    assert "privateKey" not in answer
    assert answer["identity"]["apiKey"]


async def test_what_is_shown_tells_no_secret(gateway: Gateway) -> None:
    added = await ask(gateway, "POST", "participants", NEW, status=201)
    dip_id = added["identity"]["dipId"]
    one = await ask(gateway, "GET", f"participants/{dip_id}")
    assert (one["dipId"], one["organisation"], one["playedBy"]) == (
        dip_id,
        "Example Energy Ltd",
        "participant",
    )
    assert one["certificates"][0]["revokedAt"] is None
    listed = await ask(gateway, "GET", "participants")
    assert one in listed["participants"]
    for secret in (added["identity"]["apiKey"], "PRIVATE KEY", "apiKey"):
        assert secret not in str(listed)


@pytest.mark.parametrize(
    ("change", "status", "text"),
    [
        ({"role": "KING"}, 400, "no such role: KING"),
        ({"mpid": "abcd"}, 400, "four capital letters"),
        ({"dipId": "23"}, 400, "exactly ten characters"),
        ({"dipId": SUPPLIER}, 409, "is registered already"),
        ({"certificate": "no PEM"}, 400, "certificate"),
        ({"organisation": "x" * 201}, 400, "more than 200 characters"),
        ({"colour": "red"}, 400, "colour: Extra inputs are not permitted"),
        ({"mpid": None}, 400, "mpid: Input should be a valid string"),
        ({"pfxPassword": ""}, 400, "pfxPassword"),
    ],
)
async def test_what_cannot_be_added_is_named(
    gateway: Gateway, change: dict[str, Any], status: int, text: str
) -> None:
    answer = await ask(gateway, "POST", "participants", NEW | change, status=status)
    assert text in said(answer)


async def test_a_refused_request_leaves_no_password_in_the_journal(gateway: Gateway) -> None:
    body = NEW | {"role": "KING", "pfxPassword": "hunter2-of-the-test"}
    await ask(gateway, "POST", "participants", body, status=400)
    [event] = await gateway.events(Kind.REFUSED)
    assert "hunter2-of-the-test" not in event.to_record().value.decode()
    assert event.body is None


async def test_a_new_key_counts_and_the_one_before_for_as_long_as_asked(gateway: Gateway) -> None:
    identity = identity_of(await ask(gateway, "POST", "participants", NEW, status=201))
    path = f"participants/{identity.dip_id}/api-key"
    key = (await ask(gateway, "POST", path, {"overlapHours": 2}, status=201))["apiKey"]
    for one in (identity, replace(identity, api_key=key)):
        assert (await send_as(gateway, one)).status_code == 201
    gateway.context.clock.advance(timedelta(hours=2, seconds=1))
    assert (await send_as(gateway, identity)).status_code == 401
    assert (await send_as(gateway, replace(identity, api_key=key))).status_code == 201


async def test_certificates_rotate_and_are_revoked(gateway: Gateway) -> None:
    first = identity_of(await ask(gateway, "POST", "participants", NEW, status=201))
    path = f"participants/{first.dip_id}/certificates"
    pem, key = gateway.context.authority.issue(first.dip_id, organisation="Example")
    second = replace(first, certificate_pem=pem, private_key=key)
    await ask(gateway, "POST", path, {"certificate": pem}, status=201)
    assert [(await send_as(gateway, one)).status_code for one in (first, second)] == [201, 201]
    shown = await ask(gateway, "GET", f"participants/{first.dip_id}")
    old = shown["certificates"][0]["fingerprint"]
    await ask(gateway, "DELETE", f"{path}/{old.upper()}", status=204)
    assert [(await send_as(gateway, one)).status_code for one in (first, second)] == [403, 201]
    answer = await ask(gateway, "DELETE", f"{path}/{'0' * 64}", status=404)
    assert "has registered no certificate" in said(answer)


async def test_a_nominated_provider_may_sign(gateway: Gateway) -> None:
    provider = identity_of(await ask(gateway, "POST", "participants", NEW | {"mpid": "DCPX"}, status=201))
    path = f"participants/{SUPPLIER}/connection-provider"
    assert await ask(gateway, "PUT", path, {"dipId": provider.dip_id}) == {"dipId": provider.dip_id}
    own = gateway.identities[SUPPLIER]
    signed_by_provider = replace(
        own, certificate_pem=provider.certificate_pem, private_key=provider.private_key
    )
    assert (await send_as(gateway, signed_by_provider)).status_code == 201
    await ask(gateway, "PUT", path, {"dipId": None})
    assert (await send_as(gateway, signed_by_provider)).status_code == 403
    answer = await ask(gateway, "PUT", path, {"dipId": "9999999999"}, status=400)
    assert "no party with the DIP ID 9999999999" in said(answer)


async def test_a_webhook_that_is_set_lets_go_what_was_held(tmp_path: Path) -> None:
    async with open_gateway(tmp_path, listening=[REGISTRATION]) as gateway:
        path = f"participants/{REGISTRATION}/webhooks"
        receiver = gateway.receivers[REGISTRATION]
        await ask(gateway, "DELETE", f"{path}/*", status=204)
        await gateway.send(gateway.message())
        await gateway.events(Kind.HELD)
        answer = await ask(gateway, "PUT", f"{path}/if-031", {"callbackURL": receiver.url})
        assert answer == {"channel": "IF-031", "url": receiver.url}
        await receiver.until(1, 10)
        await ask(gateway, "DELETE", f"{path}/*", status=404)


@pytest.mark.parametrize(
    ("channel", "body", "text"),
    [
        ("IF-31", {"callbackURL": "https://example.org"}, "is no channel"),
        ("IF-031", {}, "callbackURL is missing"),
        ("IF-031", {"callbackURL": "ftp://example.org"}, "http"),
    ],
)
async def test_a_webhook_that_cannot_be_is_refused(
    gateway: Gateway, channel: str, body: dict[str, Any], text: str
) -> None:
    answer = await ask(gateway, "PUT", f"participants/{SUPPLIER}/webhooks/{channel}", body, status=400)
    assert text in said(answer)


async def test_who_is_removed_is_known_no_more(gateway: Gateway) -> None:
    identity = identity_of(await ask(gateway, "POST", "participants", NEW, status=201))
    await ask(gateway, "DELETE", f"participants/{identity.dip_id}", status=204)
    assert (await send_as(gateway, identity)).status_code == 401
    answer = await ask(gateway, "GET", f"participants/{identity.dip_id}", status=404)
    assert f"no party with the DIP ID {identity.dip_id}" in said(answer)


async def test_what_the_harness_plays_is_not_changed(gateway: Gateway) -> None:
    identity = gateway.identities[REGISTRATION]
    await gateway.context.directory.register(identity, harness=True)
    for method, path, body in (
        ("DELETE", "", None),
        ("POST", "/api-key", {}),
        ("POST", "/certificates", {"certificate": "PEM"}),
        ("PUT", "/webhooks/*", {"callbackURL": "https://example.org"}),
    ):
        answer = await ask(gateway, method, f"participants/{REGISTRATION}{path}", body, status=409)
        assert "played by the harness" in said(answer)


async def test_the_directory_goes_out_and_comes_back_whole(gateway: Gateway) -> None:
    added = await ask(gateway, "POST", "participants", NEW, status=201)
    dip_id = added["identity"]["dipId"]
    hook = {"callbackURL": "https://example.org/dip"}
    await ask(gateway, "PUT", f"participants/{dip_id}/webhooks/STATUS", hook)
    document = await ask(gateway, "GET", "directory")
    await ask(gateway, "DELETE", f"participants/{dip_id}", status=204)
    again = await ask(gateway, "POST", "directory", content=yaml.safe_dump(document))
    assert again == {"parties": len(document["parties"])}
    assert await ask(gateway, "GET", "directory") == document
    assert (await send_as(gateway, identity_of(added))).status_code == 201


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"\xff", "not UTF-8"),
        (b"{", "not YAML"),
        (b'{"version": 1, "parties": [{"dipId": "23"}]}', "parties[0].dipId"),
    ],
)
async def test_a_file_that_cannot_be_used_changes_nothing(
    gateway: Gateway, content: bytes, text: str
) -> None:
    before = await ask(gateway, "GET", "directory")
    assert text in said(await ask(gateway, "POST", "directory", content=content, status=400))
    assert await ask(gateway, "GET", "directory") == before
