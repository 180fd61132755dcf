"""Starting a run: choose a test case, say who plays what, see what is not ready yet, start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from participant.context import Context
from participant.parties import Party
from services.qualification import preflight
from services.qualification.binding import bind
from services.qualification.errors import BindingInvalid, RunConflict
from services.qualification.format import RoleDefinition, Scenario
from services.qualification.runs import RunManager, RunRequest
from services.qualification.scenario import by_theme, find
from services.qualification.web import wish as wishes
from services.qualification.web.forms import Form, read_form, text
from services.qualification.web.pages import headers, page
from services.qualification.web.wish import WHOLE, Wish

Name = Annotated[str, Query(max_length=200)]


def router(runs: RunManager, context: Context) -> APIRouter:
    """``/ui/start``."""
    routes = APIRouter(prefix="/start")
    desk = _Desk(runs, context)

    @routes.get("")
    async def choose(scenario: Name = "") -> Response:
        if not scenario:
            return page("start_choose.html.j2", themes=by_theme(runs.scenarios.values()))
        return await desk.form(find(runs.scenarios, scenario), Wish(), {})

    @routes.post("")
    async def start(request: Request) -> Response:
        form = await read_form(request)
        return await desk.start(find(runs.scenarios, text(form, "scenario")), form)

    @routes.post("/preflight")
    async def look(request: Request) -> Response:
        form = await read_form(request)
        return await desk.preflight(find(runs.scenarios, text(form, "scenario")), form)

    return routes


class _Desk:
    def __init__(self, runs: RunManager, context: Context) -> None:
        self._runs = runs
        self._context = context

    async def start(self, scenario: Scenario, form: Form) -> Response:
        wish = wishes.wish_of(scenario, form)
        faults = wishes.faults(scenario, wish, await self._context.directory.all())
        if not faults:
            try:
                run = await self._runs.create(_request(scenario, wish))
            except BindingInvalid as fault:
                faults = {WHOLE: str(fault)}
            except RunConflict as fault:
                faults = {"mpan": str(fault)}
            else:
                return RedirectResponse(f"/ui/runs/{run['id']}", 303, headers())
        return await self.form(scenario, wish, faults)

    async def form(self, scenario: Scenario, wish: Wish, faults: dict[str, str]) -> Response:
        parties = await self._context.directory.all()
        return page(
            "start.html.j2",
            status=422 if faults else 200,
            scenario=scenario,
            wish=wish,
            faults=faults,
            roles=_roles(scenario, parties),
            injectable=wishes.injectable(scenario),
            foreseen=await self._foreseen(scenario, wish),
            longest_label=wishes.LONGEST_LABEL,
            longest_timeout=wishes.LONGEST_TIMEOUT,
        )

    async def preflight(self, scenario: Scenario, form: Form) -> Response:
        wish = wishes.wish_of(scenario, form)
        return page("preflight.html.j2", foreseen=await self._foreseen(scenario, wish))

    async def _foreseen(self, scenario: Scenario, wish: Wish) -> dict[str, Any]:
        """What the preflight finds; ``ready`` None where the roles cannot be bound as they are chosen."""
        now, directory = self._context.clock.now(), self._context.directory
        try:
            parties = bind(scenario, wish.participants, await directory.all())
        except BindingInvalid as fault:
            return {"ready": None, "warnings": [str(fault)], "hooks": [], "tested": []}
        binding = wishes.foreseen(scenario, wish, parties, now)
        hooks, warnings = await preflight.look(scenario, binding, directory, now)
        tested = binding.participants()
        return {"ready": not warnings, "warnings": warnings, "hooks": hooks, "tested": tested}


def _request(scenario: Scenario, wish: Wish) -> RunRequest:
    return RunRequest(
        scenario=scenario.id,
        participants=wish.participants,
        inject=wish.inject,
        timeout=wishes.seconds(wish),
        mpan=wish.mpan or None,
        label=wish.label or None,
        mode=wish.mode,
    )


def _roles(scenario: Scenario, parties: Sequence[Party]) -> list[dict[str, Any]]:
    """Every role with the registered systems that could play it."""
    return [
        {
            "name": name,
            "definition": definition,
            "choices": _choices(definition, parties),
        }
        for name, definition in scenario.roles.items()
    ]


def _choices(definition: RoleDefinition, parties: Sequence[Party]) -> list[Party]:
    fit = (party for party in parties if party.role == definition.role and not party.harness)
    return list(fit) if definition.participant else []
