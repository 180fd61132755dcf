"""The client: what it sends, seen by the one who receives it, and how it reads answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest

from contracts import envelope
from participant.client import Answer, DipClient
from participant.signing import Verifier
from tests.unit.participant.keys import NOW, FixedClock, authority, identity


class Receiver:
    """Checks each request's signature and answers."""

    def __init__(self, status: int = 201, content: bytes = b"{}", **headers: str) -> None:
        self.requests: list[httpx.Request] = []
        self._response = (status, content, headers)
        self._verifier = Verifier([authority().certificate_pem], timedelta(seconds=1))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self._verifier.verify(request.method, str(request.url), request.headers, request.content, NOW)
        self.requests.append(request)
        status, content, headers = self._response
        return httpx.Response(status, content=content, headers=headers)


async def ask(receiver: Receiver, method: str, *arguments: Any) -> Answer:
    async with httpx.AsyncClient(transport=httpx.MockTransport(receiver)) as http:
        answer: Answer = await getattr(DipClient(identity(), http, FixedClock()), method)(*arguments)
        return answer


def message() -> dict[str, Any]:
    return envelope.build("IF-031", "[MSApp]", sender=envelope.Sender("2300000001", "SUP"), now=NOW)


async def test_messages_go_to_their_channel_with_key_and_signature() -> None:
    receiver = Receiver()
    answer = await ask(receiver, "send", [message(), message()])
    (request,) = receiver.requests
    assert str(request.url) == "http://dip.test/dip-channel/IF-031"
    assert request.method == "POST"
    assert request.headers["X-API-Key"] == identity().api_key
    assert request.headers["Content-Type"] == "application/json"
    assert len(orjson.loads(request.content)) == 2
    assert answer.ok


async def test_an_empty_batch_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least one"):
        await ask(Receiver(), "send", [])


async def test_webhooks_are_set_and_removed_for_messages_and_for_status() -> None:
    receiver = Receiver()
    await ask(receiver, "set_webhook", "IF-032", "https://me/hook")
    await ask(receiver, "remove_webhook", "IF-032")
    await ask(receiver, "set_webhook", "STATUS", "https://me/hook")
    await ask(receiver, "remove_webhook", "STATUS")
    assert [(r.method, r.url.path) for r in receiver.requests] == [
        ("POST", "/dip-channel/IF-032/pubconfig/2300000001"),
        ("DELETE", "/dip-channel/IF-032/pubconfig/2300000001"),
        ("POST", "/statusmessage/config/2300000001"),
        ("DELETE", "/statusmessage/config/2300000001"),
    ]
    assert orjson.loads(receiver.requests[0].content) == {"callbackURL": "https://me/hook"}


async def test_no_answer_is_httpx_own_fault() -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    async with httpx.AsyncClient(transport=httpx.MockTransport(silent)) as http:
        with pytest.raises(httpx.TransportError):
            await DipClient(identity(), http, FixedClock()).send([message()])


@pytest.mark.parametrize(
    ("content", "body"), [(b'{"a": 1}', {"a": 1}), (b"<html>", "<html>"), (b"", None), (b"[]", [])]
)
async def test_an_answer_is_json_or_text_or_nothing(content: bytes, body: object) -> None:
    answer = await ask(Receiver(503, content, **{"Retry-After": "7"}), "send", [message()])
    assert (answer.status, answer.body, answer.retry_after) == (503, body, "7")
    assert not answer.ok


DUPLICATED = {"message": "MSG1006 - Sender Unique Reference Duplicated"}


@pytest.mark.parametrize(
    ("body", "duplicate"),
    [
        ({"messageArray": [DUPLICATED]}, True),
        ([DUPLICATED], True),
        ({"messageArray": [DUPLICATED, {"message": "MSG1001 - Schema Failure"}]}, False),
        ({"messageArray": []}, False),
        ({"messageArray": "MSG1006"}, False),
        ({"messageArray": [None, 3]}, False),
        ("MSG1006", False),
        (None, False),
    ],
)
def test_which_answer_means_duplicated(body: object, *, duplicate: bool) -> None:
    assert Answer(400, body).is_duplicate is duplicate
