"""The pages as one application, to be mounted at ``/ui``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from backbone.errors import DatabaseUnavailable, LogUnavailable
from participant.context import Context
from services.qualification.errors import EvidenceUnsigned, QualificationError, RunUnknown, ScenarioUnknown
from services.qualification.evidence import Environment
from services.qualification.runs import RunManager
from services.qualification.web import message_pages, participants, run_list, run_page, scenarios, start
from services.qualification.web.forms import FormUnreadable
from services.qualification.web.pages import asset, problem

_MISSING: Final = (RunUnknown, ScenarioUnknown)


def pages(runs: RunManager, context: Context, environment: Callable[[], Environment]) -> FastAPI:
    """The application; every answer of it is a page, refusals too."""
    app = FastAPI(title="DIP Emulator: pages", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/static/{name}")
    async def static(name: str) -> Response:
        return asset(name)

    for router in (
        run_list.router(runs, context.index),
        start.router(runs, context),
        run_page.router(runs, context, environment),
        message_pages.router(context.index),
        participants.router(context),
        scenarios.router(runs),
    ):
        app.include_router(router)
    app.add_exception_handler(QualificationError, _refused)
    app.add_exception_handler(FormUnreadable, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    for fault in (DatabaseUnavailable, LogUnavailable):
        app.add_exception_handler(fault, _unavailable)
    return app


async def _refused(_: Request, error: Exception) -> Response:
    if isinstance(error, _MISSING):
        return problem(404, "Not found", str(error))
    ours = isinstance(error, EvidenceUnsigned)  # our own fault, not the tester's
    return problem(500 if ours else 400, "This cannot be done", str(error))


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for nothing else
    fields = ", ".join(str(item["loc"][-1]) for item in error.errors())
    return problem(422, "This address cannot be read", f"A value in it is too long or wrong: {fields}.")


async def _http(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    return problem(status, "Not found" if status == 404 else "This cannot be done", "There is no such page.")


async def _unavailable(_: Request, error: Exception) -> Response:
    return problem(503, "Not now", f"The harness cannot do this now: {error} Try again in a moment.")
