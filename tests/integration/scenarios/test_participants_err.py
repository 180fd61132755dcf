"""Scenarios with a participant in them: who does it right passes, who errs is told what is wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio

from backbone.clock import dip_timestamp, uk_midnight
from backbone.journal import Kind
from contracts import envelope
from participant.consumption import Consumption
from tests.integration.scenarios.player import PLAYERS, Messages, Play, Run, Stage, open_stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """One harness for all tests of the module: each run has an MPAN of its own."""
    async with open_stage(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


def failed(run: Run) -> tuple[int, str]:
    """The first step that failed, and everything that is said about it."""
    assert run["verdict"] == "failed", run["summary"]
    step = next(step for step in run["steps"] if step["status"] == "Failed")
    said = " ".join(finding["sentence"] for finding in step["findings"] if not finding.get("passed"))
    return step["step"], f"{step['explanation']} {said}"


def today(stage: Stage) -> str:
    return dip_timestamp(uk_midnight(stage.composition.context.clock.now()))


def removal(stage: Stage, run: Run, meter: str | None = None) -> Messages:
    installed = run["siteData"]["meters"][0]["meterID"]
    block = {"meterIDRemoved": meter or installed, "meterRemovalDate": today(stage)}
    return [stage.message("MSS", run, "IF-005", "[MeterRemoval]", blocks={"B039": block})]


def reading(stage: Stage, run: Run) -> Messages:
    block = {
        "meterID": run["siteData"]["meters"][0]["meterID"],
        "cumulativeRegisterReading": "815.000",
        "cumulativeRegisterReadingDateTime": today(stage),
        "readingMethod": "A",
        "siteVisitCheckCode": None,
    }
    return [stage.message("MSS", run, "IF-041", "[ReadingRemv]", blocks={"B064List": [block]})]


def consumption(stage: Stage, run: Run, **arguments: Any) -> Messages:
    """IF-021 for the settlement day before yesterday."""
    now = stage.composition.context.clock.now(run["mpan"])
    day = dip_timestamp(uk_midnight(now, -2))[:10]
    wanted = Consumption.model_validate({"day": day} | arguments).submission(PLAYERS["SDS"][0], now)
    return [
        stage.message("SDS", run, "IF-021", wanted.event, blocks=wanted.blocks, fields=wanted.fields),
    ]


def energisation(stage: Stage, run: Run, **more: Any) -> Mapping[str, Any]:
    block = {"energisationStatus": "D", "energisationStatusEffectiveFromDate": today(stage)}
    return stage.message("MSS", run, "IF-007", "[EnergisationStatusChange]", blocks={"B025": block}, **more)


async def test_a_metering_service_that_does_it_right_passes(stage: Stage) -> None:
    play: Play = {1: lambda run: removal(stage, run), 8: lambda run: reading(stage, run)}
    run = await stage.play("MTR-Removal-Smart", play, MSS="MSS")
    assert run["verdict"] == "passed", run["summary"]
    assert [step["step"] for step in run["steps"] if step["who"] == "QP"] == [1, 8]


async def test_removing_a_meter_that_is_not_there_fails_at_the_request_itself(stage: Stage) -> None:
    run = await stage.play("MTR-Removal-Smart", {1: lambda run: removal(stage, run, "ELSEWHERE")}, MSS="MSS")
    step, said = failed(run)
    assert step == 1
    assert "The meter removed is the one that is installed (REG1004)." in said
    assert "ELSEWHERE" in said


async def test_a_metering_service_that_says_nothing_is_waited_for_and_named(stage: Stage) -> None:
    step, said = failed(await stage.play("MTR-Removal-Smart", {}, seconds=1, MSS="MSS"))
    assert step == 1
    assert "IF-005 [MeterRemoval]" in said
    assert PLAYERS["MSS"][0] in said


async def test_negative_consumption_fails_with_the_code_that_settlement_would_give(stage: Stage) -> None:
    play: Play = {1: lambda run: consumption(stage, run, consumption="-0.250")}
    step, said = failed(await stage.play("SET-Consumption-48", play, SDS="SDS"))
    assert step == 1
    assert "not negative (ECS1010)" in said


async def test_a_day_one_half_hour_short_fails_for_the_missing_period(stage: Stage) -> None:
    def short(run: Run) -> Messages:
        messages = consumption(stage, run)
        (day,) = envelope.custom(messages[0])["B900"]["settlementDayConsumptionPeriods"]
        del day["consumptionPeriods"][47]
        return messages

    step, said = failed(await stage.play("SET-Consumption-48", {1: short}, SDS="SDS"))
    assert step == 1
    assert "The 48th and last period ends with the day." in said


async def test_an_estimate_without_its_reason_fails(stage: Stage) -> None:
    play: Play = {1: lambda run: consumption(stage, run, quality="E1")}
    step, said = failed(await stage.play("SET-Consumption-Estimated", play, SDS="SDS"))
    assert step == 1
    assert "ECS1015" in said


async def test_a_reference_of_its_own_where_it_should_be_the_same_fails(stage: Stage) -> None:
    play: Play = {
        1: lambda run: [energisation(stage, run)],
        2: lambda run: [energisation(stage, run)],
    }
    step, said = failed(await stage.play("DIP-Duplicate-Reference", play, MSS="MSS"))
    assert step == 2
    assert "should have refused it with MSG1006" in said


async def test_the_same_message_sent_again_for_want_of_an_answer_fails(stage: Stage) -> None:
    def impatient(run: Run) -> Messages:
        return [energisation(stage, run), energisation(stage, run)]

    step, said = failed(await stage.play("DIP-No-Answer", {1: impatient}, MSS="MSS"))
    assert step == 3
    assert "IF-007 [EnergisationStatusChange]" in said


async def test_a_register_that_links_an_import_mpan_as_export_fails(stage: Stage) -> None:
    def accepts(run: Run) -> Messages:
        supplier = next(party["dipId"] for party in run["parties"] if party["key"] == "SUP")
        custom = {"B090List": [{"subsidiaryMPAN": "1000000000030"}]}
        event = "[LinkedImportExportCreate]"
        return [stage.message("REGS", run, "IF-020", event, blocks=custom, recipients=[supplier])]

    step, said = failed(await stage.play("REGD-Link-Rejected", {3: accepts}, REGS="REGS"))
    assert step == 3
    assert "R, rejected" in said


async def test_a_supplier_that_sets_the_wrong_date_fails_with_what_was_expected(stage: Stage) -> None:
    def too_late(run: Run) -> Messages:
        block = {
            "consentGranularity": "H",
            "consentGranularityEffectiveFromDate": "2030-01-01T00:00:00+00:00",
        }
        return [stage.message("SUP", run, "IF-025", "[ConsentGranularity]", blocks={"B068": block})]

    step, said = failed(await stage.play("REGD-Consent", {1: too_late}, SUP="SUP"))
    assert step == 1
    assert "2030-01-01" in said


async def test_acting_on_a_publication_with_a_bad_signature_fails(stage: Stage) -> None:
    def acts(run: Run) -> Messages:
        return [stage.message("SUP", run, "IF-031", "[MSApp]")]

    run = await stage.play("DIP-Bad-Signature", {4: acts}, inject=["CSS01700"], SUPI="SUP")
    step, said = failed(run)
    assert step == 3
    assert "IF-031 [MSApp]" in said


@pytest.mark.parametrize(
    ("scenario", "fault"),
    [
        ("DIP-Webhook-500-Then-201", "answer"),
        ("DIP-Intake-503", "answer"),
        ("DIP-Answer-Lost", "lose answer"),
        ("DIP-Outage-72-Hours", None),
        ("DIP-Late-Delivery", "reorder"),
    ],
)
async def test_a_scenario_of_faults_passes_because_parties_cope_not_because_nothing_happens(
    stage: Stage, scenario: str, fault: str | None
) -> None:
    run = await stage.play(scenario, {})
    assert run["verdict"] == "passed", run["summary"]
    events = await stage.composition.context.index.events(mpan=run["mpan"], limit=1000)
    injected = {event.details["fault"] for _, event in events if event.kind is Kind.FAULT_INJECTED}
    assert injected == ({fault} if fault else set())
    held_back = [event for _, event in events if event.details.get("command") == "fault"]
    assert len(held_back) == 1
