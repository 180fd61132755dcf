"""Speaks to a running DIP Emulator: start a run, follow it, fetch its evidence."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx

from dipemu.errors import ServerRefused, ServerUnreachable

LONG_POLL_SECONDS = 20.0


class RunClient:
    """The runs of one DIP Emulator, over its HTTP interface."""

    def __init__(self, http: httpx.AsyncClient, server: str) -> None:
        self._http = http
        self._server = server.rstrip("/")

    async def start(self, request: dict[str, Any]) -> dict[str, Any]:
        """Start a run; the answer is its document.

        Raises ServerRefused for what the server cannot run (unknown scenario, participant, role) and
        ServerUnreachable when nothing answers.
        """
        return await self._json("POST", "/api/runs", json=request)

    async def follow(self, run: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """Yield the run's document at every change, up to and including the one with the verdict."""
        while not run["finished"]:
            parameters = {"after": run["version"], "wait": LONG_POLL_SECONDS}
            run = await self._json("GET", f"/api/runs/{run['id']}", params=parameters)
            yield run

    async def evidence(self, run_id: str) -> bytes:
        """The evidence folder of a run, as the bytes of a ZIP archive."""
        return (await self._request("GET", f"/api/runs/{run_id}/evidence")).content

    async def _json(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        document: dict[str, Any] = (await self._request(method, path, **arguments)).json()
        return document

    async def _request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        url = self._server + path
        try:
            answer = await self._http.request(method, url, timeout=LONG_POLL_SECONDS + 20, **arguments)
        except httpx.TransportError as fault:
            raise ServerUnreachable(
                f"no DIP Emulator answers at {self._server} ({fault}). Is `dipemu up` running there?"
            ) from fault
        if answer.is_error:
            raise ServerRefused(_reason(answer))
        return answer


def _reason(answer: httpx.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        return f"the server answered {answer.status_code}"
    detail = body.get("detail") if isinstance(body, dict) else None
    return detail if isinstance(detail, str) else f"the server answered {answer.status_code}: {body}"
