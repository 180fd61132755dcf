"""Speaks to a running DIP Emulator: start a run, follow it, fetch its evidence."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Any

import httpx

from dipemu.errors import ServerRefused, ServerUnreachable

LONG_POLL_SECONDS = 20.0
TOKEN_VARIABLE = "DIPEMU_TOKEN"  # noqa: S105 - its name, not its value


def authorisation() -> dict[str, str]:
    """Headers that show the access token of ``DIPEMU_TOKEN``; none where it is not set.

    A variable and not an option: command lines are seen by everybody on the machine.
    """
    token = os.environ.get(TOKEN_VARIABLE, "").strip()
    return {"Authorization": f"Bearer {token}"} if token else {}


class RunClient:
    """The runs of one DIP Emulator, over its HTTP interface."""

    def __init__(self, http: httpx.AsyncClient, server: str) -> None:
        self._http = http
        self.server = server.rstrip("/")

    async def scenarios(self) -> list[dict[str, Any]]:
        """The test cases that the server has, as it lists them."""
        listed: list[dict[str, Any]] = (await self._request("GET", "/api/scenarios")).json()
        return listed

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

    async def end(self, run: dict[str, Any]) -> dict[str, Any]:
        """The run's document once it has its verdict; what happens meanwhile is not asked for."""
        while not run["finished"]:
            parameters = {"ended": True, "wait": LONG_POLL_SECONDS}
            run = await self._json("GET", f"/api/runs/{run['id']}", params=parameters)
        return run

    async def evidence(self, run_id: str) -> bytes:
        """The evidence folder of a run, as the bytes of a ZIP archive."""
        return (await self._request("GET", f"/api/runs/{run_id}/evidence")).content

    async def _json(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        document: dict[str, Any] = (await self._request(method, path, **arguments)).json()
        return document

    async def _request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        url = self.server + path
        try:
            answer = await self._http.request(
                method, url, timeout=LONG_POLL_SECONDS + 20, headers=authorisation(), **arguments
            )
        except httpx.TransportError as fault:
            raise ServerUnreachable(
                f"no DIP Emulator answers at {self.server} ({fault}). Is `dipemu up` running there?"
            ) from fault
        if answer.is_error:
            raise ServerRefused(reason(answer))
        return answer


def reason(answer: httpx.Response) -> str:
    """What a refusal says, in the gateway's form (``messageArray``) or in that of the rest (``detail``)."""
    try:
        body = answer.json()
    except ValueError:
        return f"the server answered {answer.status_code}"
    if not isinstance(body, dict):
        return f"the server answered {answer.status_code}: {body}"
    helps = [entry.get("help") for entry in body.get("messageArray", ()) if isinstance(entry, dict)]
    said = body.get("detail") if isinstance(body.get("detail"), str) else next(filter(None, helps), None)
    return said or f"the server answered {answer.status_code}: {body}"
