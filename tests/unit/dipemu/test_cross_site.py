"""What a browser sends in the name of another site changes nothing here; programs notice nothing."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from dipemu.access import own_pages_only
from dipemu.access.cross_site import objection

HERE = "127.0.0.1:8080"


@pytest.mark.parametrize(
    "headers",
    [
        {},  # a program
        {"sec-fetch-site": "same-origin", "origin": f"http://{HERE}"},
        {"sec-fetch-site": "none"},  # typed by the user
        {"sec-fetch-site": "same-origin", "origin": "https://dip.example.org"},  # behind a proxy with TLS
        {"origin": f"http://{HERE.upper()}"},
    ],
)
def test_our_own_pages_and_programs_may_change_things(headers: dict[str, str]) -> None:
    assert objection("POST", {"host": HERE} | headers) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
        {"sec-fetch-site": "same-site", "origin": "http://127.0.0.1:9999"},  # another port is another site
        {"sec-fetch-site": "cross-site"},
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "null"},  # a sandboxed page, or one without an origin
    ],
)
def test_pages_of_other_sites_may_not(headers: dict[str, str]) -> None:
    refusal = objection("POST", {"host": HERE} | headers)
    assert refusal is not None
    assert headers.get("origin", "another site") in refusal
    assert objection("DELETE", {"host": HERE} | headers) == refusal


def test_reading_is_left_to_the_browsers_own_rules() -> None:
    assert objection("GET", {"host": HERE, "sec-fetch-site": "cross-site"}) is None


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/ui/start", 403),
        ("/api/runs", 403),
        ("/api/faults", 403),
        ("/API/faults", 403),
        ("/dip-channel/IF-031", 200),
    ],
)
async def test_only_what_is_not_the_markets_is_guarded(path: str, status: int) -> None:
    async def served(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})

    transport = httpx.ASGITransport(app=own_pages_only(served))
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{HERE}") as http:
        answer = await http.post(path, headers={"Origin": "https://evil.example"})
    assert answer.status_code == status
    assert ("https://evil.example" in answer.text) == (status == 403)
