"""What a tester may do with a run under way, as forms: run a step, attest, skip, note, move the clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ValidationError

from services.qualification import steering
from services.qualification.actors import actor
from services.qualification.errors import NameMissing, NameNotTheirs, OrderRefused, StepUnknown
from services.qualification.runs import RunManager
from services.qualification.steering import Order
from services.qualification.steering_api import Advance, Note, Ruling
from services.qualification.web.forms import Form, read_form, text
from services.qualification.web.pages import headers

Body = TypeVar("Body", bound=BaseModel)
Refuse = Callable[[str, str, Mapping[str, str]], Awaitable[Response]]
"""Shows the page of a run (its ID) with a sentence about what was not done, and what was filled in."""
_SPANS: Final = {"minutes": timedelta(minutes=1), "hours": timedelta(hours=1), "days": timedelta(days=1)}
_FIELDS: Final = {"by": "Your name", "reason": "The reason", "text": "The note", "to": "The moment"}


class NotFilledIn(Exception):
    """A form that says too little, or what cannot be."""


def router(runs: RunManager, refuse: Refuse) -> APIRouter:
    """Below ``/ui/runs/{run_id}``: each a POST that leads back to the run's page."""
    routes = APIRouter()

    @routes.post("/steps/{step}/{what}")
    async def step(run_id: str, step: int, what: str, request: Request) -> Response:
        return await _done(runs, refuse, run_id, request, lambda form: step_order(step, what, form))

    @routes.post("/{what}")
    async def whole(run_id: str, what: str, request: Request) -> Response:
        return await _done(runs, refuse, run_id, request, lambda form: run_order(what, form))

    return routes


async def _done(
    runs: RunManager, refuse: Refuse, run_id: str, request: Request, order: Callable[[Form], Order]
) -> Response:
    form = await read_form(request)
    try:
        await runs.steer(run_id, order(form))
    except (NotFilledIn, OrderRefused, StepUnknown) as fault:
        return await refuse(run_id, str(fault), {name: text(form, name) for name in form})
    return RedirectResponse(f"/ui/runs/{run_id}", 303, headers())


def step_order(step: int, what: str, form: Form) -> Order:
    """The order that a step's form stands for. Raises NotFilledIn."""
    if what == "release":
        return steering.press_run(step)
    ruling = _read(Ruling, form, "by", "reason")
    if what == "attest":
        return steering.attest(step, _actor(ruling.by), ruling.reason)
    if what == "skip":
        return steering.skip(step, _actor(ruling.by), ruling.reason)
    raise NotFilledIn(f"There is nothing called {what[:40]} to be done with a step.")


def run_order(what: str, form: Form) -> Order:
    """The order that a run's form stands for. Raises NotFilledIn."""
    if what == "flow":
        return steering.let_flow
    if what == "notes":
        remark = _read(Note, form, "by", "text")
        return steering.note(_actor(remark.by), remark.text)
    if what == "clock":
        return _advance(form)
    raise NotFilledIn(f"There is nothing called {what[:40]} to be done with a run.")


def _actor(claimed: str | None) -> str:
    try:
        return actor(claimed)
    except NameMissing as fault:
        raise NotFilledIn(f"{_FIELDS['by']} is missing.") from fault
    except NameNotTheirs as fault:
        raise NotFilledIn(str(fault)) from fault


def _advance(form: Form) -> Order:
    """By a number of minutes, hours or days, or to a moment, which is UTC where it has no offset."""
    amount, to = text(form, "amount"), text(form, "to")
    if bool(amount) == bool(to):
        raise NotFilledIn("Say by how much the clock is to be moved, or to which moment: one of the two.")
    try:
        if amount:
            span = float(amount) * _SPANS[text(form, "unit")]
            return steering.advance(by=timedelta(seconds=Advance(by=span.total_seconds()).by or 0))
        moment = datetime.fromisoformat(to)
    except (ValueError, KeyError, OverflowError) as fault:
        raise NotFilledIn("A number above 0, at most ten years, or a moment as 2026-03-02T09:30.") from fault
    return steering.advance(to=moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _read(kind: type[Body], form: Form, *names: str) -> Body:
    try:
        return kind.model_validate({name: text(form, name) for name in names if name in form})
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
        field = _FIELDS[str(wrong["loc"][0])]
        if wrong["type"] in ("string_too_short", "missing"):
            raise NotFilledIn(f"{field} is missing.") from error
        told = wrong["msg"].removeprefix("Value error, ")
        raise NotFilledIn(f"{field}: {told[:1].lower()}{told[1:]}.") from error
