"""What a tester orders over HTTP, on a real port, while a participant's system is silent."""

from __future__ import annotations

import asyncio
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from participant.identity import Identity
from services.qualification.recompute import recompute
from tests.databases import BOTH, fresh_database
from tests.integration.qualification.steered import Desk, Document, open_harness

SUPPLIER = "2300000012"
RULING: dict[str, Any] = {"by": "A. Tester", "reason": "seen on screen"}


@asynccontextmanager
async def opened(folder: Path, kind: str) -> AsyncIterator[Desk]:
    """A harness that knows a supplier."""
    async with fresh_database(kind, folder) as url, open_harness(folder / "data", url) as desk:
        context = desk.composition.context
        certificate, key = context.authority.issue(SUPPLIER)
        identity = Identity(SUPPLIER, "SUP", "ABCD", "a key for tests", desk.url, certificate, key)
        await context.directory.register(identity, organisation="Northern Lights Energy")
        yield desk


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with opened(tmp_path, "sqlite") as one:
        yield one


@pytest.fixture(params=BOTH)
async def desk_on_both(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    """Where what is tested is mostly the store."""
    async with opened(tmp_path, request.param) as one:
        yield one


async def silent(desk: Desk, **wish: Any) -> Document:
    """A run that waits for a supplier that does nothing."""
    run = await desk.start(participants={"SUPI": SUPPLIER}, **wish)
    return await desk.until(run, currentStep=1)


async def refused(desk: Desk, path: str, status: int, **body: Any) -> str:
    answer = await desk.post(path, status, **body)
    assert set(answer) == {"detail"}
    return str(answer["detail"])


async def test_a_run_whose_every_step_a_person_decides_ends_and_its_evidence_says_so(
    desk: Desk, tmp_path: Path
) -> None:
    run = await silent(desk)
    where = f"/{run['id']}"
    noted = await desk.post(f"{where}/notes", by="A. Tester", text="Done by hand:\nthe line was down.")
    assert [note["text"] for note in noted["notes"]] == ["Done by hand:\nthe line was down."]
    attested = await desk.post(f"{where}/steps/1/attest", **RULING)
    assert attested["steps"][0]["status"] == "Attested"
    assert attested["steps"][0]["explanation"].endswith("A. Tester, seen on screen.")
    for step in range(2, 9):
        run = await desk.post(f"{where}/steps/{step}/skip", **RULING)
    assert (run["finished"], run["verdict"]) == (True, "passed")
    assert run["summary"].startswith("0 of 8 steps passed. Vouched for by a person: step 1.")
    archive = (await desk.http.get(f"/api/runs/{run['id']}/evidence")).content
    zipfile.ZipFile(BytesIO(archive)).extractall(tmp_path / "evidence")
    assert recompute(tmp_path / "evidence").agrees
    report = (tmp_path / "evidence" / "report.html").read_text()
    assert "the line was down." in report
    assert "attested by a person" in report
    assert '"noted"' in (tmp_path / "evidence" / "journal.ndjson").read_text()


async def test_what_cannot_be_done_is_refused_in_words_and_changes_nothing(desk: Desk) -> None:
    run = await silent(desk)
    where = f"/{run['id']}"
    assert "no step 9" in await refused(desk, f"{where}/steps/9/attest", 404, **RULING)
    await desk.post(f"{where}/steps/3/skip", **RULING)
    assert "decided already" in await refused(desk, f"{where}/steps/3/attest", 409, **RULING)
    assert "automatic mode" in await refused(desk, f"{where}/steps/1/release", 409)
    assert "automatic mode" in await refused(desk, f"{where}/flow", 409)
    assert "never runs backwards" in await refused(desk, f"{where}/clock", 409, to=run["created"])
    assert "There is no run" in await refused(desk, "/no-such-run/notes", 404, by="A", text="B")
    before = await desk.run(run["id"])
    for path, body in BAD_BODIES:
        answer = await desk.http.post(f"/api/runs{where}{path}", json=body)
        assert answer.status_code == 422, (path, body, answer.text)
    after = await desk.run(run["id"])
    assert (after["steps"], after["notes"]) == (before["steps"], before["notes"])


BAD_BODIES: list[tuple[str, dict[str, Any]]] = [
    ("/steps/1/attest", {}),
    ("/steps/1/attest", {"by": "A"}),
    ("/steps/1/attest", {"by": " ", "reason": "B"}),
    ("/steps/1/attest", {"by": "A", "reason": "x" * 1001}),
    ("/steps/1/skip", {"by": "A\u0000", "reason": "B"}),
    ("/notes", {"by": "A", "text": ""}),
    ("/notes", {"by": "A", "text": "x", "more": 1}),
    ("/clock", {}),
    ("/clock", {"by": -1}),
    ("/clock", {"by": 1, "to": "2099-01-01T00:00:00+00:00"}),
    ("/clock", {"to": "2099-01-01T00:00:00"}),
]


async def test_an_ended_run_takes_no_orders(desk: Desk) -> None:
    run = await silent(desk)
    where = f"/{run['id']}"
    run = await desk.post(f"{where}/cancel")
    orders: dict[str, dict[str, Any]] = {
        "/steps/1/release": {}, "/flow": {}, "/notes": {"by": "A", "text": "B"},
        "/steps/1/attest": RULING, "/steps/1/skip": RULING, "/clock": {"by": 60},
    }  # fmt: skip
    for path, body in orders.items():
        text = await refused(desk, where + path, 409, **body)
        assert text == f"Run {run['name']} has ended with the verdict unknown."
    assert await desk.run(run["id"]) == run


async def test_two_who_advance_the_clock_at_once_both_count(desk_on_both: Desk) -> None:
    desk = desk_on_both
    run = await silent(desk)
    await asyncio.gather(*(desk.post(f"/{run['id']}/clock", by=3600) for _ in range(3)))
    run = await desk.run(run["id"])
    assert run["clockAheadSeconds"] == 3 * 3600
    ahead = desk.composition.context.clock.ahead(run["mpan"])
    assert ahead.total_seconds() == 3 * 3600
    assert run["currentStep"] == 1


async def test_a_list_shows_the_runs_asked_for_newest_first(desk_on_both: Desk) -> None:
    desk = desk_on_both
    first = await silent(desk, label="nightly 7")
    second = await silent(desk, label="nightly 7")
    third = await silent(desk)
    await desk.post(f"/{first['id']}/cancel")

    async def ids(**query: Any) -> list[str]:
        return [run["id"] for run in await desk.listed(**query)]

    assert await ids() == [third["id"], second["id"], first["id"]]
    assert await ids(label="nightly 7") == [second["id"], first["id"]]
    assert await ids(label="nightly 7", limit=1) == [second["id"]]
    assert await ids(verdict="unknown") == [first["id"]]
    assert await ids(phase="running") == [third["id"], second["id"]]
    assert await ids(scenario="no such") == []
    assert await ids(participant=SUPPLIER, label="nightly 7") == [second["id"], first["id"]]
    assert (await desk.http.get("/api/runs", params={"phase": "asleep"})).status_code == 422
