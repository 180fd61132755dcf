"""Requests find their service by prefix; health tells which parts are ready."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from backbone.service import Service
from dipemu.dispatch import dispatch


def named(name: str) -> Callable[..., Any]:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": f"{name} {scope['path']}".encode()})

    return app


SERVICES = [
    Service("dip_gateway", named("gateway"), ""),
    Service("qualification", named("judge"), "/api"),
    Service("journal", named("journal"), "/api/journal"),
    Service("worker", None, "/worker"),
]


def client(
    services: list[Service], health: dict[str, bool] | None = None, reasons: dict[str, str] | None = None
) -> httpx.AsyncClient:
    app = dispatch(services, lambda: health or {}, lambda: reasons or {})
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://dip")


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/dip-channel/IF-031", "gateway /dip-channel/IF-031"),
        ("/api/runs", "judge /api/runs"),
        ("/api", "judge /api"),
        ("/apiary", "gateway /apiary"),
        ("/api/journal", "journal /api/journal"),
        ("/worker/anything", "gateway /worker/anything"),
    ],
)
async def test_the_longest_prefix_wins_and_the_path_stays_whole(path: str, answer: str) -> None:
    async with client(SERVICES) as http:
        assert (await http.get(path)).text == answer


async def test_without_a_gateway_an_unclaimed_path_is_not_found() -> None:
    async with client(SERVICES[1:]) as http:
        answer = await http.get("/dip-channel/IF-031")
    assert answer.status_code == 404
    assert "/dip-channel/IF-031" in answer.json()["error"]


async def test_live_while_parts_are_not_ready() -> None:
    reasons = {"qualification": "It is reading."}
    async with client(SERVICES, {"dip_gateway": True, "qualification": False}, reasons) as http:
        live, ready = await http.get("/health/live"), await http.get("/health/ready")
    assert live.json() == {"status": "live"}
    assert ready.status_code == 503
    parts = {"dip_gateway": True, "qualification": False}
    assert ready.json() == {"status": "not ready", "parts": parts, "reasons": reasons}


async def test_ready_when_every_part_is() -> None:
    async with client(SERVICES, {"dip_gateway": True}) as http:
        answer = await http.get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
