"""The HTTP interface of qualification, under ``/api``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, FastAPI, HTTPException, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from backbone.caller import Role, caller
from backbone.errors import DatabaseUnavailable, LogUnavailable
from backbone.journal import JournalIndex
from services.qualification.binding import Mode
from services.qualification.errors import (
    BindingInvalid,
    EvidencePruned,
    EvidenceUnsigned,
    NameMissing,
    NameNotTheirs,
    OrderRefused,
    QualificationError,
    RunConflict,
    RunUnknown,
    ScenarioUnknown,
    StepUnknown,
)
from services.qualification.evidence import Environment, evidence_files
from services.qualification.listing import Wanted
from services.qualification.packs import zipped
from services.qualification.redaction import cleaned, redacted
from services.qualification.results import Phase, Verdict
from services.qualification.runs import RunManager, RunRequest
from services.qualification.scenario import find, summary
from services.qualification.steering_api import Json, Label, steering_routes

_STATUS: dict[type[QualificationError], int] = {
    ScenarioUnknown: 404,
    RunUnknown: 404,
    BindingInvalid: 422,
    RunConflict: 409,
    StepUnknown: 404,
    OrderRefused: 409,
    NameMissing: 422,
    NameNotTheirs: 403,
    EvidencePruned: 410,
    EvidenceUnsigned: 500,
}
LONGEST_WAIT_SECONDS = 60.0
SHOWN = 200


class StartRun(BaseModel):
    """The body of ``POST /api/runs``."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)

    scenario: str
    participants: dict[str, str] = Field(default_factory=dict, description="Role name to DIP ID")
    inject: list[str] = Field(default_factory=list, description="Messages the harness sends for you")
    timeout: Annotated[float | None, Field(gt=0, le=86_400)] = None
    mpan: str | None = None
    mode: Annotated[Mode, Field(description="stepwise: each message of the harness waits for Run")] = (
        "automatic"
    )
    label: Annotated[Label | None, Field(description="Your own word for the run, to find it by")] = None


def application(runs: RunManager, index: JournalIndex, environment: Callable[[], Environment]) -> FastAPI:
    """The web application; its paths carry the prefix."""
    app = FastAPI(
        title="DIP Emulator: qualification",
        docs_url="/api/docs",
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    app.include_router(_scenarios(runs))
    app.include_router(_runs(runs, environment))
    app.include_router(steering_routes(runs))
    app.include_router(_journal(index))
    app.add_exception_handler(QualificationError, _refuse)
    for fault in (DatabaseUnavailable, LogUnavailable):
        app.add_exception_handler(fault, _unavailable)
    return app


async def _refuse(_: Request, error: Exception) -> Response:
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 400)
    return Json({"detail": str(error)}, status)


async def _unavailable(_: Request, error: Exception) -> Response:
    return Json({"detail": f"The harness cannot do this now: {error}"}, 503)


def _shown(document: Any) -> Any:
    """What a caller may read of runs: readers without the secrets that participants may have put there."""
    return document if caller().may(Role.TESTER) else cleaned(document)


def _scenarios(runs: RunManager) -> APIRouter:
    router = APIRouter(prefix="/api/scenarios", tags=["scenarios"])

    @router.get("")
    async def scenarios() -> Response:
        """All test cases."""
        return Json([summary(scenario) for scenario in runs.scenarios.values()])

    @router.get("/{scenario_id}")
    async def scenario(scenario_id: str) -> Response:
        """One test case, as its file says."""
        found = find(runs.scenarios, scenario_id)
        return Json(found.model_dump(mode="json", by_alias=True, exclude_unset=True))

    return router


def _runs(runs: RunManager, environment: Callable[[], Environment]) -> APIRouter:
    router = APIRouter(prefix="/api/runs", tags=["runs"])

    @router.post("", status_code=201)
    async def start(wish: StartRun) -> Response:
        """Start a run. Answers when the harness is prepared for it, with all the tester needs to know."""
        return Json(await runs.create(RunRequest(**wish.model_dump())), 201)

    @router.get("")
    async def listing(
        participant: str | None = None,
        scenario: str | None = None,
        verdict: Verdict | None = None,
        phase: Phase | None = None,
        label: str | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = SHOWN,
    ) -> Response:
        """The newest runs first: those that fit all that is given.

        With ``participant`` (DIP ID) those that are ready for that participant, as whole documents.
        """
        return Json(_shown(await runs.documents(limit, Wanted(participant, scenario, verdict, phase, label))))

    @router.get("/{run_id}")
    async def run(
        run_id: str,
        after: int = -1,
        wait: Annotated[float, Query(ge=0, le=LONGEST_WAIT_SECONDS)] = 0,
        ended: bool = False,
    ) -> Response:
        """The run; with ``after`` (a version) and ``wait`` (seconds) as soon as it is newer than that.

        With ``ended`` and ``wait`` as soon as it has ended.
        """
        return Json(_shown(await runs.document(run_id, after, wait, ended=ended)))

    @router.get("/{run_id}/evidence")
    async def evidence(run_id: str) -> Response:
        """The evidence folder as a ZIP archive; of a run that has not ended, as it stands."""
        stored, events, document = await runs.evidence(run_id)
        made = asyncio.to_thread(evidence_files, stored, events, document, environment())
        archive = await asyncio.to_thread(zipped, await made)
        name = f'attachment; filename="{document["name"]}.zip"'
        return Response(archive, media_type="application/zip", headers={"Content-Disposition": name})

    @router.post("/{run_id}/cancel")
    async def cancel(run_id: str) -> Response:
        """End a run now."""
        return Json(await runs.cancel(run_id))

    return router


def _journal(index: JournalIndex) -> APIRouter:
    router = APIRouter(prefix="/api/journal", tags=["journal"])

    @router.get("")
    async def journal(
        mpan: str | None = None,
        party: str | None = None,
        reference: str | None = None,
        correlation: str | None = None,
        transaction: str | None = None,
        interface: str | None = None,
        run: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        after: int | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = SHOWN,
    ) -> Response:
        """What happened, in order: the events that fit all that is given."""
        if any(moment is not None and moment.tzinfo is None for moment in (since, until)):
            raise HTTPException(422, "since and until need an offset, as 2026-03-01T00:00:00+00:00")
        rows = await index.events(
            mpan=mpan,
            party=party,
            reference=reference,
            correlation=correlation,
            transaction=transaction,
            interface=interface,
            run=run,
            since=since,
            until=until,
            after=after,
            limit=limit,
        )
        events = [(number, event if caller().may(Role.TESTER) else redacted(event)) for number, event in rows]
        return Json([{"sequence": number, **orjson.loads(event.to_bytes())} for number, event in events])

    return router
