"""What is passed on to another process arrives as it was sent, and comes back as it was answered."""

from __future__ import annotations

from typing import Any

import httpx

from dipemu.forward import forward


async def behind(scope: Any, receive: Any, send: Any) -> None:
    """A service that answers with what it saw."""
    message = await receive()
    headers = dict(scope["headers"])
    place = f"{scope['path']}?{scope['query_string'].decode()}"
    seen = f"{scope['method']} {place} host={headers[b'host'].decode()} "
    content = seen.encode() + message["body"]
    await send({"type": "http.response.start", "status": 202, "headers": [(b"x-seen", b"yes")]})
    await send({"type": "http.response.body", "body": content})


def client(target: Any) -> httpx.AsyncClient:
    inner = httpx.AsyncClient(transport=target)
    app = forward(inner, "http://registration:8080")
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1:8080")


async def test_method_path_query_host_and_body_are_kept() -> None:
    async with client(httpx.ASGITransport(app=behind)) as http:
        answer = await http.post("/registration/css/messages?a=1", content=b'{"x": 1}')
    assert answer.status_code == 202
    assert answer.headers["x-seen"] == "yes"
    assert answer.text == 'POST /registration/css/messages?a=1 host=127.0.0.1:8080 {"x": 1}'


async def test_a_service_that_does_not_answer_is_a_503_to_try_again() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    async with client(httpx.MockTransport(refuse)) as http:
        answer = await http.get("/registration/anything")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"
    assert "registration:8080" in answer.json()["detail"]
