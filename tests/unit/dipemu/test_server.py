"""What the application is told of the caller."""

from __future__ import annotations

from typing import Any

import httpx
import orjson

from dipemu.server import listen, serving, url_of


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answer with what the scope says of the caller."""
    seen = orjson.dumps({"client": scope["client"][0], "scheme": scope["scheme"]})
    length = (b"content-length", str(len(seen)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": seen})


async def test_a_header_does_not_change_who_the_caller_is() -> None:
    endpoint = listen("127.0.0.1", 0)
    async with serving(echo, endpoint), httpx.AsyncClient(trust_env=False) as http:
        headers = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
        answer = await http.get(url_of(endpoint), headers=headers)
    assert answer.json() == {"client": "127.0.0.1", "scheme": "http"}


async def test_the_system_chooses_a_port_and_the_url_names_it() -> None:
    endpoint = listen("127.0.0.1", 0)
    try:
        assert url_of(endpoint) == f"http://127.0.0.1:{endpoint.getsockname()[1]}"
        assert url_of(endpoint, "https").startswith("https://127.0.0.1:")
    finally:
        endpoint.close()
