"""One run: followed while it goes on, its messages, its evidence, and the way to end it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse, Response

from participant.context import Context
from services.qualification.evidence import Environment, bases_of, evidence_files
from services.qualification.runs import RunManager
from services.qualification.web import steering
from services.qualification.web.live import LONGEST_SECONDS, part
from services.qualification.web.pages import evidence_policy, headers, page, problem, rendered
from services.qualification.web.run_view import KeptChecks, RunView, run_view

NOTHING: Final[Mapping[str, str]] = {}
_TYPES: Final = {"html": "text/html", "json": "application/json", "xml": "application/xml"}


def router(runs: RunManager, context: Context, environment: Callable[[], Environment]) -> APIRouter:
    """``/ui/runs/{run_id}``."""
    routes = APIRouter(prefix="/runs/{run_id}")
    desk = _Desk(runs, context, environment)

    @routes.get("")
    async def run(run_id: str) -> Response:
        return await desk.page(run_id)

    @routes.get("/live")
    async def live(
        run_id: str, known: int = -1, wait: Annotated[float, Query(ge=0, le=LONGEST_SECONDS)] = 0
    ) -> Response:
        document = await runs.document(run_id, known, wait)
        if document["version"] <= known:
            return Response(status_code=204, headers=headers())
        view = await desk.view(run_id)
        return part(
            rendered("run_live.html.j2", view=view, run=view.run, entered=NOTHING), str(view.run["version"])
        )

    @routes.post("/cancel")
    async def cancel(run_id: str) -> Response:
        await runs.cancel(run_id)
        return RedirectResponse(f"/ui/runs/{run_id}", 303, headers())

    routes.include_router(steering.router(runs, desk.page))

    @routes.get("/messages/{event_id}")
    async def message(run_id: str, event_id: str) -> Response:
        return await desk.message(run_id, event_id, "message.html.j2")

    @routes.get("/messages/{event_id}/part")
    async def message_part(run_id: str, event_id: str) -> Response:
        return await desk.message(run_id, event_id, "message_part.html.j2")

    @routes.get("/evidence/{path:path}")
    async def evidence(run_id: str, path: str) -> Response:
        return await desk.file(run_id, path)

    return routes


class _Desk:
    def __init__(self, runs: RunManager, context: Context, environment: Callable[[], Environment]) -> None:
        self._runs = runs
        self._context = context
        self._environment = environment
        self._checks: dict[str, KeptChecks] = {}

    async def page(self, run_id: str, refused: str = "", entered: Mapping[str, str] = NOTHING) -> Response:
        """The page; with what was not done, why, and what was filled in, when it was asked in vain."""
        view, status = await self.view(run_id), 409 if refused else 200
        return page("run.html.j2", status, view=view, run=view.run, refused=refused, entered=entered)

    async def view(self, run_id: str) -> RunView:
        stored, events, document = await self._runs.evidence(run_id)
        now, checks = self._context.clock.now(), await self._checks_of(stored.scenario.contracts[0])
        return await asyncio.to_thread(run_view, stored, events, document, checks, now)

    async def message(self, run_id: str, event_id: str, template: str) -> Response:
        view = await self.view(run_id)
        found = view.by_event.get(event_id)
        if found is None:
            return problem(404, "No such message", "This run has no message of this name.")
        return page(template, view=found, run=view.run)

    async def file(self, run_id: str, path: str) -> Response:
        """One file of the evidence folder, as it stands now."""
        stored, events, document = await self._runs.evidence(run_id)
        files = await asyncio.to_thread(evidence_files, stored, events, document, self._environment())
        if path not in files:
            return problem(404, "No such file", "The evidence of this run holds no file of this name.")
        kind = _TYPES.get(path.rpartition(".")[2], "text/plain")
        return Response(files[path], media_type=kind, headers=headers(evidence_policy()))

    async def _checks_of(self, version: str) -> KeptChecks:
        if version not in self._checks:
            made = self._environment()
            given = (version, made.trust_anchors, made.contracts, bases_of(made.made_by))
            self._checks[version] = await asyncio.to_thread(KeptChecks, *given)
        return self._checks[version]
