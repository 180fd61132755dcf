"""A participant plays the load shaping service, whose messages carry no MPAN: rightly, wrongly or not."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio

from dipemu.composition import INTERNAL_URL
from services.qualification.recompute import recompute
from tests.integration.scenarios.player import PLAYERS, Messages, Run, Stage, open_stage
from tests.integration.scenarios.test_participants_err import failed

pytestmark = pytest.mark.asyncio(loop_scope="module")
SHAPER = PLAYERS["LSS"][0]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with open_stage(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


def totals(stage: Stage, run: Run, gsp_group: str = "_A", **more: Any) -> Mapping[str, Any]:
    """IF-023 as the guidance of the run asks for it."""
    guidance = next(one["text"] for one in run["instructions"] if one["step"] == 1)
    day = guidance.partition("settlement day ")[2][:25]
    group = {
        "loadShapeGSPGroupID": gsp_group,
        "connectionTypeIndicator": "W",
        "marketSegmentIndicator": "S",
        "loadShapeDomesticPremiseIndicator": "T",
        "measurementQuantityID": "AI",
    }
    names = ("Day", "DayPeak", "DayOffPeak", "7DayRolling", "7DayRollingPeak", "7DayRollingOffPeak")
    of_group = {
        "LSGroup": group,
        "LSAnnualConsumption": {"annualLoadShapeTotal": "1.000"},
        "LSTTotals": [{f"loadShape{name}Total": "1.000" for name in names}],
    }
    of_day = {"settlementDay": {"settlementDayDate": day, "periodDuration": 30}, "LSGTotals": [of_group]}
    return stage.message("LSS", run, "IF-023", "[LSSTotalsData]", blocks={"B912List": [of_day]}, **more)


async def begun(stage: Stage) -> Run:
    return await stage.begin("SET-Load-Shape-Totals", 20, (), {"LSS": "LSS"})


def right(stage: Stage, run: Run) -> Messages:
    return [totals(stage, run)]


async def test_who_does_it_right_passes_and_is_told_why_the_message_counted(stage: Stage) -> None:
    run = await stage.play("SET-Load-Shape-Totals", {1: lambda run: right(stage, run)}, LSS="LSS", SUP="SUP")
    assert run["verdict"] == "passed", run["summary"]
    because = f"Attributed to this run because no other run waits for IF-023 from {SHAPER}."
    assert [step["explanation"].endswith(because) for step in run["steps"]] == [True] * 3


async def test_a_load_shape_of_the_wrong_group_fails(stage: Stage) -> None:
    play = {1: lambda run: [totals(stage, run, "_P")]}
    step, said = failed(await stage.play("SET-Load-Shape-Totals", play, LSS="LSS"))
    assert step == 1
    assert "They are about the GSP group." in said
    assert "expected _A, seen _P" in said


async def test_a_message_that_the_dip_refuses_fails_its_step(stage: Stage) -> None:
    def beyond_the_list(run: Run) -> Messages:
        return [totals(stage, run, "_Z")]

    step, said = failed(await stage.play("SET-Load-Shape-Totals", {1: beyond_the_list}, LSS="LSS"))
    assert step == 1
    assert "MSG1001" in said
    assert "Attributed to this run because" in said


async def test_who_says_nothing_is_named(stage: Stage) -> None:
    step, said = failed(await stage.play("SET-Load-Shape-Totals", {}, seconds=1, LSS="LSS"))
    assert step == 1
    assert f"Expected IF-023 [LSSTotalsData] from LSS ({SHAPER}) within 1 s; it did not come." in said


async def test_a_message_of_another_interface_does_not_count(stage: Stage) -> None:
    def periods(run: Run) -> Messages:
        return [stage.message("LSS", run, "IF-022", "[LSSPeriodData]")]

    step, said = failed(await stage.play("SET-Load-Shape-Totals", {1: periods}, seconds=1, LSS="LSS"))
    assert step == 1
    assert "it did not come" in said


async def test_two_runs_at_once_with_one_participant_get_a_message_each(stage: Stage) -> None:
    one, other = [await begun(stage) for _ in range(2)]
    await stage.send([totals(stage, one), totals(stage, one)])
    runs = await asyncio.gather(stage.end(one, {}), stage.end(other, {}))
    assert [run["verdict"] for run in runs] == ["passed", "passed"], [run["summary"] for run in runs]
    longest, alone = (run["steps"][0]["explanation"] for run in runs)
    assert f"it has waited longest of the 2 runs that wait for IF-023 from {SHAPER}." in longest
    assert f"no other run waits for IF-023 from {SHAPER}." in alone


async def test_a_reference_that_begins_with_the_run_decides_between_two(stage: Stage) -> None:
    older, younger = [await begun(stage) for _ in range(2)]
    await stage.send([totals(stage, younger, reference=f"{younger['id']}1")])
    run = await stage.end(younger, {})
    assert run["verdict"] == "passed", run["summary"]
    assert "because its sender reference names the run." in run["steps"][0]["explanation"]
    assert (await stage.end(older, {1: lambda run: right(stage, run)}))["verdict"] == "passed"


async def test_the_evidence_holds_the_reason_and_only_the_parties_of_the_run(
    stage: Stage, tmp_path: Path
) -> None:
    run = await stage.play("SET-Load-Shape-Totals", {1: lambda run: right(stage, run)}, LSS="LSS")
    http = stage.composition.context.http
    answer = await http.get(f"{INTERNAL_URL}/api/runs/{run['id']}/evidence")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as pack:
        pack.extractall(tmp_path)
    assert recompute(tmp_path).differences == ()
    events = [orjson.loads(line) for line in (tmp_path / "journal.ndjson").read_bytes().splitlines()]
    (note,) = (event for event in events if event["kind"] == "attributed")
    assert note["details"]["because"] == f"no other run waits for IF-023 from {SHAPER}"
    reached = {event["recipient"] for event in events if event["kind"] == "delivered"}
    assert reached == {party["dipId"] for party in run["parties"] if party["key"] in ("SUP", "SDS")}
    report = (tmp_path / "report.html").read_text()
    assert "Attributed to this run because no other run waits" in report
    assert report.count("IF-023 [LSSTotalsData]") >= 2
