"""The addresses by which a tester steers a run: below ``/api/runs/{run_id}``.

Each answers with the run's document, which shows what was done. 404: no such run or step; 409: not as the run
stands, ``detail`` says why; 422: the body is not as it should be. Nothing was done then.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Self

import orjson
from fastapi import APIRouter, Response
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from services.qualification import steering
from services.qualification.actors import actor
from services.qualification.runs import RunManager


def _printable(text: str) -> str:
    if not text.replace("\n", "").isprintable():
        raise ValueError("has characters that cannot be printed")
    return text


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("has characters that cannot be printed, or several lines")
    return text


def _bounded(longest: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=longest)


Label = Annotated[str, _bounded(100), AfterValidator(_one_line)]
Name = Annotated[str, _bounded(100), AfterValidator(_one_line)]
Reason = Annotated[str, _bounded(1000), AfterValidator(_printable)]
Remark = Annotated[str, _bounded(4000), AfterValidator(_printable)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Ruling(_Body):
    """Who decides about a step, and why. ``by``: left out where an access token tells it."""

    by: Name | None = None
    reason: Reason


class Note(_Body):
    """A remark about the run. ``by``: left out where an access token tells it."""

    by: Name | None = None
    text: Remark


class Advance(_Body):
    """Where the clock is to go: one of the two. ``by``: seconds."""

    to: Annotated[AwareDatetime | None, Field(description="A moment with an offset")] = None
    by: Annotated[float | None, Field(gt=0, le=steering.LONGEST_ADVANCE.total_seconds())] = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.to is None) == (self.by is None):
            raise ValueError("give either to, a moment with an offset, or by, a number of seconds")
        return self


class Json(Response):
    """JSON through orjson."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content)


def steering_routes(runs: RunManager) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/runs/{run_id}", tags=["steering"])
    _modes(router, runs)
    _rulings(router, runs)
    return router


def _modes(router: APIRouter, runs: RunManager) -> None:
    @router.post("/steps/{step}/release")
    async def release(run_id: str, step: int) -> Response:
        """Run: let the harness do its part of the step that stepwise mode holds."""
        return Json(await runs.steer(run_id, steering.press_run(step)))

    @router.post("/flow")
    async def flow(run_id: str) -> Response:
        """Let all the rest flow: from now on the run is in automatic mode."""
        return Json(await runs.steer(run_id, steering.let_flow))

    @router.post("/clock")
    async def clock(run_id: str, wish: Advance) -> Response:
        """Move the run's business time forward; waits begin anew."""
        by = None if wish.by is None else timedelta(seconds=wish.by)
        return Json(await runs.steer(run_id, steering.advance(to=wish.to, by=by)))


def _rulings(router: APIRouter, runs: RunManager) -> None:
    @router.post("/steps/{step}/attest")
    async def attest(run_id: str, step: int, ruling: Ruling) -> Response:
        """A person vouches for a step: it counts, marked as such."""
        return Json(await runs.steer(run_id, steering.attest(step, actor(ruling.by), ruling.reason)))

    @router.post("/steps/{step}/skip")
    async def skip(run_id: str, step: int, ruling: Ruling) -> Response:
        """A person leaves a step out: the run goes on without it."""
        return Json(await runs.steer(run_id, steering.skip(step, actor(ruling.by), ruling.reason)))

    @router.post("/notes")
    async def note(run_id: str, remark: Note) -> Response:
        """A person's remark, kept with the run and in its evidence."""
        return Json(await runs.steer(run_id, steering.note(actor(remark.by), remark.text)))
