"""The first page: all runs, newest first."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from fastapi.responses import Response

from backbone.journal import JournalIndex
from services.qualification.listing import Wanted
from services.qualification.redaction import cleaned
from services.qualification.results import Verdict
from services.qualification.runs import RunManager
from services.qualification.web.live import LONGEST_SECONDS, next_part, token_of
from services.qualification.web.pages import page, rendered

SHOWN: Final = 50  # runs on one page
LOOKED_AT: Final = 2_000  # the newest so many are filtered
STATES: Final = {
    "": "any",
    "open": "not ended",
    "passed": "passed",
    "failed": "failed",
    "error": "error",
    "unknown": "unknown",
}
Short = Annotated[str, Query(max_length=120)]
Sheet = Annotated[int, Query(ge=1, le=LOOKED_AT // SHOWN)]


@dataclass(frozen=True)
class Filter:
    """What of the runs is shown; an empty text filters nothing."""

    verdict: str = ""
    scenario: str = ""
    text: str = ""

    def asked(self) -> Wanted:
        """What of it the store can look for."""
        verdict = self.verdict if self.verdict in set(Verdict) else None
        return Wanted(scenario=self.scenario or None, verdict=verdict)

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
        "label": cleaned(run.get("label") or ""),
        "scenario": run["scenario"],
        "title": run["title"],
        "testCase": run["testCase"],
        "mpan": run["mpan"],
        "created": run["created"],
        "state": run["verdict"] or run["phase"],
        "summary": cleaned(run["summary"]),
        "tested": _tested(run),
        "done": sum(result in ("passed", "attested", "skipped") for result in results),
        "steps": len(results),
        "waiting": current,
    }


async def fitting(newest: AsyncIterator[dict[str, Any]], wanted: Filter, most: int) -> list[dict[str, Any]]:
    """Rows of the first runs that fit, at most so many, among those that are looked at."""
    found: list[dict[str, Any]] = []
    looked_at = 0
    async for run in newest:
        looked_at += 1
        if wanted.fits(run):
            found.append(summary(run))
        if len(found) == most or looked_at == LOOKED_AT:
            break
    return found


def _query(wanted: Filter, sheet: int) -> str:
    given = {name: value for name, value in asdict(wanted).items() if value}
    return urlencode(given | ({"sheet": sheet} if sheet > 1 else {}))


def _address(wanted: Filter, sheet: int) -> str:
    return f"/ui/?{_query(wanted, sheet)}"


def router(runs: RunManager, index: JournalIndex) -> APIRouter:
    """``/ui/`` and its living part."""
    routes = APIRouter()

    async def rows(wanted: Filter, sheet: int) -> str:
        found = await fitting(runs.each(wanted.asked()), wanted, sheet * SHOWN + 1)
        first = (sheet - 1) * SHOWN
        return rendered(
            "run_rows.html.j2",
            runs=found[first : first + SHOWN],
            first=first + 1,
            filtered=wanted != Filter(),
            looked_at=LOOKED_AT,
            older=_address(wanted, sheet + 1) if len(found) > first + SHOWN else None,
            newer=_address(wanted, sheet - 1) if sheet > 1 else None,
        )

    @routes.get("/")
    async def listing(
        verdict: Short = "", scenario: Short = "", text: Short = "", sheet: Sheet = 1
    ) -> Response:
        wanted = Filter(verdict, scenario, text)
        shown = await rows(wanted, sheet)
        return page(
            "runs.html.j2",
            rows=shown,
            token=token_of(shown),
            wanted=wanted,
            live="/ui/live?" + _query(wanted, sheet),
            states=STATES,
            scenarios=sorted(runs.scenarios),
        )

    @routes.get("/live")
    async def live(
        verdict: Short = "",
        scenario: Short = "",
        text: Short = "",
        sheet: Sheet = 1,
        known: Short = "",
        wait: Annotated[float, Query(ge=0, le=LONGEST_SECONDS)] = 0,
    ) -> Response:
        wanted = Filter(verdict, scenario, text)
        return await next_part(lambda: rows(wanted, sheet), runs, index, known, wait)

    return routes
