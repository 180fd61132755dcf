"""Who did what: the token's name stands in the run's record, and nobody does it in another's name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from backbone.caller import Role
from tests.integration.access.serving import Served, served

SCENARIO = "SITFTS0020-Smart-Single"
pytestmark = pytest.mark.asyncio(loop_scope="module")
READER, TESTER, ADMIN = Role.READER, Role.TESTER, Role.ADMIN


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def emulator(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with served(tmp_path_factory.mktemp("emulator") / "data") as running:
        yield running


async def started(emulator: Served, role: Role = TESTER, **more: Any) -> dict[str, Any]:
    """A run that waits at its first step."""
    body = {"scenario": SCENARIO, "mode": "stepwise"} | more
    run: dict[str, Any] = (await emulator.ask(role, "POST", "/api/runs", json=body)).raise_for_status().json()
    return run


async def events(emulator: Served, run: str) -> list[dict[str, Any]]:
    answer = await emulator.ask(TESTER, "GET", f"/api/journal?run={run}")
    found: list[dict[str, Any]] = answer.raise_for_status().json()
    return found


async def test_who_started_and_steered_a_run_stands_in_its_record(emulator: Served) -> None:
    run = await started(emulator)
    assert run["startedBy"] == "the-tester"
    place = f"/api/runs/{run['id']}"
    ruling = {"reason": "seen on screen"}
    attested = await emulator.ask(TESTER, "POST", f"{place}/steps/1/attest", json=ruling)
    assert "the-tester, seen on screen" in attested.json()["steps"][0]["explanation"]
    noted = await emulator.ask(ADMIN, "POST", f"{place}/notes", json={"by": "the-admin", "text": "looked"})
    assert [note["by"] for note in noted.json()["notes"]] == ["the-admin"]
    await emulator.ask(TESTER, "POST", f"{place}/clock", json={"by": 60})
    await emulator.ask(ADMIN, "POST", f"{place}/cancel")
    by = {
        (one["kind"], one["details"].get("order")): one["details"].get("by")
        for one in await events(emulator, run["id"])
    }
    assert by["attested", None] == by["clock advanced", None] == "the-tester"
    assert by["step released", "cancel"] == "the-admin"


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("steps/1/attest", {"by": "the-admin", "reason": "seen"}),
        ("steps/1/skip", {"by": "A. Tester", "reason": "left out"}),
        ("notes", {"by": "the-reader", "text": "not me"}),
    ],
)
async def test_nobody_does_it_in_anothers_name(emulator: Served, what: str, body: dict[str, str]) -> None:
    run = await started(emulator)
    refused = await emulator.ask(TESTER, "POST", f"/api/runs/{run['id']}/{what}", json=body)
    assert refused.status_code == 403
    assert f"the name of the access token, the-tester, not as {body['by']}" in refused.json()["detail"]
    page = await emulator.ask(TESTER, "POST", f"/ui/runs/{run['id']}/{what}", data=body)
    assert page.status_code == 409
    assert f"not as {body['by']}" in page.text
    after = (await emulator.ask(TESTER, "POST", f"/api/runs/{run['id']}/cancel")).json()
    assert not after.get("notes")
    assert not [step for step in after["steps"] if step["result"] in ("attested", "skipped")]


async def test_a_form_without_a_name_is_recorded_under_the_tokens(emulator: Served) -> None:
    run = await started(emulator)
    done = await emulator.ask(TESTER, "POST", f"/ui/runs/{run['id']}/notes", data={"text": "from the page"})
    assert done.status_code == 303
    page = (await emulator.ask(TESTER, "GET", f"/ui/runs/{run['id']}")).text
    assert "<b>the-tester</b>" in page
    assert "from the page" in page
    assert 'name="by"' not in page
    await emulator.ask(TESTER, "POST", f"/api/runs/{run['id']}/cancel")


async def test_a_readers_page_has_nothing_to_press_but_sign_out(emulator: Served) -> None:
    run = await started(emulator)
    for address in (
        f"/ui/runs/{run['id']}",
        f"/ui/runs/{run['id']}/live",
        "/ui/",
        f"/ui/scenarios/{SCENARIO}",
    ):
        page = (await emulator.ask(READER, "GET", address)).text
        assert page.count('method="post"') == page.count('action="/ui/logout"') <= 1, address
        assert "/ui/start" not in page, address
    form = (await emulator.ask(READER, "GET", f"/ui/start?scenario={SCENARIO}")).text
    assert "Start the run" not in form
    assert "Starting needs the role tester; yours is reader." in form
    await emulator.ask(TESTER, "POST", f"/api/runs/{run['id']}/cancel")


async def test_a_reader_is_told_no_secret_that_somebody_put_into_a_run(emulator: Served) -> None:
    run = await started(emulator, label="see https://me:geheim@x/")
    note = {"text": "https://me:geheim@y/"}
    await emulator.ask(TESTER, "POST", f"/api/runs/{run['id']}/notes", json=note)
    places = (f"/api/runs/{run['id']}", "/api/runs", f"/api/journal?run={run['id']}")
    for address in (*places, f"/ui/runs/{run['id']}", "/ui/"):
        seen = await emulator.ask(READER, "GET", address)
        assert seen.status_code == 200
        assert "geheim" not in seen.text, address
        assert "(withheld)@" in seen.text, address
    for address in places:
        assert "geheim" in (await emulator.ask(TESTER, "GET", address)).text, address
    await emulator.ask(TESTER, "POST", f"/api/runs/{run['id']}/cancel")


async def test_a_tester_lets_faults_happen_to_a_run_and_to_nothing_else(emulator: Served) -> None:
    run = await started(emulator)
    rule = {"name": "slow", "fault": "delay", "run": run["id"]}
    kept = await emulator.ask(TESTER, "POST", "/api/faults", json=rule)
    assert kept.json()["faults"][0]["mpan"] == run["mpan"]
    for wide in ({"name": "x", "fault": "outage"}, rule | {"mpan": "2200000000012"}):
        refused = await emulator.ask(TESTER, "POST", "/api/faults", json=[rule, wide])
        assert refused.status_code == 403
        assert "name its run, and no mpan" in refused.text
    await emulator.ask(ADMIN, "POST", "/api/faults", json={"name": "all", "fault": "duplicate"})
    taken = await emulator.ask(TESTER, "POST", "/api/faults", json=rule | {"name": "all"})
    removed = await emulator.ask(TESTER, "DELETE", "/api/faults/all")
    assert (taken.status_code, removed.status_code) == (403, 403)
    assert (await emulator.ask(TESTER, "DELETE", "/api/faults/slow")).status_code == 204
    assert (await emulator.ask(ADMIN, "DELETE", "/api/faults/all")).status_code == 204
    await emulator.ask(TESTER, "POST", f"/api/runs/{run['id']}/cancel")
