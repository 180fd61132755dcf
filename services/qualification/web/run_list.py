"""The first page: all runs, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from fastapi.responses import Response

from backbone.journal import JournalIndex
from services.qualification.runs import RunManager
from services.qualification.web.live import LONGEST_SECONDS, next_part, token_of
from services.qualification.web.pages import page, rendered

LOOKED_AT: Final = 500
STATES: Final = {
    "": "any",
    "open": "not ended",
    "passed": "passed",
    "failed": "failed",
    "error": "error",
    "unknown": "unknown",
}
Short = Annotated[str, Query(max_length=120)]


@dataclass(frozen=True)
class Filter:
    """What of the runs is shown; an empty text filters nothing."""

    verdict: str = ""
    scenario: str = ""
    text: str = ""

    def fits(self, run: Mapping[str, Any]) -> bool:
        """Whether a run (its document) is to be shown."""
        state = run["verdict"] or "open"
        if self.verdict and state != self.verdict:
            return False
        if self.scenario and run["scenario"] != self.scenario:
            return False
        return not self.text or self.text.strip().lower() in _searched(run)


def _searched(run: Mapping[str, Any]) -> str:
    names = ("id", "name", "label", "scenario", "title", "testCase", "testScenario", "mpan", "summary")
    texts = [str(run.get(name) or "") for name in names]
    texts += [f"{party['dipId']} {party['mpid']} {party['organisation']}" for party in _tested(run)]
    return " ".join(texts).lower()


def _tested(run: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [party for party in run["parties"] if party["who"] == "QP"]


def summary(run: Mapping[str, Any]) -> dict[str, Any]:
    """One row of the list, from a run's document."""
    results = [step["result"] for step in run["steps"]]
    current = next((s for s in run["steps"] if s["step"] == run["currentStep"]), None)
    return {
        "id": run["id"],
        "name": run["name"],
        "label": run.get("label") or "",
        "scenario": run["scenario"],
        "title": run["title"],
        "testCase": run["testCase"],
        "mpan": run["mpan"],
        "created": run["created"],
        "state": run["verdict"] or run["phase"],
        "summary": run["summary"],
        "tested": _tested(run),
        "done": sum(result in ("passed", "attested", "skipped") for result in results),
        "steps": len(results),
        "waiting": current,
    }


def router(runs: RunManager, index: JournalIndex) -> APIRouter:
    """``/ui/`` and its living part."""
    routes = APIRouter()

    async def rows(wanted: Filter) -> str:
        found = [summary(run) for run in await runs.newest(LOOKED_AT) if wanted.fits(run)]
        return rendered("run_rows.html.j2", runs=found, filtered=wanted != Filter(), looked_at=LOOKED_AT)

    @routes.get("/")
    async def listing(verdict: Short = "", scenario: Short = "", text: Short = "") -> Response:
        wanted = Filter(verdict, scenario, text)
        shown = await rows(wanted)
        return page(
            "runs.html.j2",
            rows=shown,
            token=token_of(shown),
            wanted=wanted,
            states=STATES,
            scenarios=sorted(runs.scenarios),
        )

    @routes.get("/live")
    async def live(
        verdict: Short = "",
        scenario: Short = "",
        text: Short = "",
        known: Short = "",
        wait: Annotated[float, Query(ge=0, le=LONGEST_SECONDS)] = 0,
    ) -> Response:
        wanted = Filter(verdict, scenario, text)
        return await next_part(lambda: rows(wanted), runs, index, known, wait)

    return routes
