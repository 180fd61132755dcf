"""Runs from their start to their evidence, with everything real but the services that would act."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import orjson
import pytest

from backbone.journal.events import Kind
from contracts.identifiers import is_mpan
from services.qualification.recompute import recompute
from tests.integration.qualification.beginnings import begun, story_of
from tests.integration.qualification.bench import HOST, Bench
from tests.unit.qualification.given import PARTICIPANT, SCENARIO_ID

OpenBench = Callable[[], AbstractAsyncContextManager[Bench]]


def unpack(archive: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        opened.extractall(folder)
    return folder


async def evidence(bench: Bench, run: dict[str, Any], folder: Path) -> Path:
    answer = await bench.http.get(f"{HOST}/api/runs/{run['id']}/evidence")
    assert answer.status_code == 200, answer.text
    return unpack(answer.content, folder)


async def test_given_a_start_then_the_tester_is_told_all_that_is_needed(bench: Bench) -> None:
    run, _ = await begun(bench, timeout=20)
    assert is_mpan(run["mpan"])
    assert run["supplyStartDate"].endswith(("+00:00", "+01:00"))
    assert run["siteData"]["supplierMPID"] == "SUPA"
    parties = {party["key"]: party for party in run["parties"]}
    assert (parties["SUPI"]["dipId"], parties["SUPI"]["who"]) == (PARTICIPANT, "QP")
    assert (parties["MSS"]["dipId"], parties["MSS"]["mpid"], parties["MSS"]["who"]) == (
        "1200000001",
        "MSSA",
        "QTE",
    )
    assert [(hook["channel"], hook["text"]) for hook in run["webhooks"]] == [
        ("IF-002", "http://127.0.0.1:9000/webhook"),
        ("IF-032", "none registered yet"),
    ]
    no_webhook, no_certificate = run["preflight"]
    assert "no webhook for IF-032. Set it with POST" in no_webhook
    assert "has no signing certificate" in no_certificate
    assert [item["step"] for item in run["instructions"]] == [1, 4, 5, 8]
    assert run["mpan"] in run["instructions"][2]["text"]
    assert run["currentStep"] == 1


async def test_given_a_start_then_the_register_is_told_to_load_the_mpan(bench: Bench) -> None:
    run, _ = await begun(bench)
    (command,) = await bench.commands("registration")
    assert (command["name"], command["to"], command["mpan"]) == ("load_mpan", "2200000001", run["mpan"])
    assert command["arguments"]["siteData"] == run["siteData"]


async def test_given_all_steps_done_then_the_run_passes_and_its_evidence_recomputes(
    bench: Bench, tmp_path: Path
) -> None:
    run, story = await begun(bench)
    before = len(story.events)
    story.switch()
    story.pending()
    story.delivery(story.site_information(), story.supplier, 500, 201)
    story.delivery(story.appointment(), "2200000001", 201)
    story.delivery(story.response(), story.supplier, 201)
    await bench.tell(story, before)
    run = await bench.finished(run)
    assert (run["verdict"], run["summary"]) == ("passed", "All 8 steps passed.")
    folder = await evidence(bench, run, tmp_path / "evidence")
    again = recompute(folder)
    assert again.agrees
    assert [attempt.status for attempt in again.state.steps[3].attempts] == [500, 201]


async def test_given_a_passed_run_then_it_reads_the_same_after_a_restart(
    opened: OpenBench, tmp_path: Path
) -> None:
    async with opened() as bench:
        run, story = await begun(bench)
        before = len(story.events)
        story.switch()
        story.pending()
        await bench.tell(story, before)
        waiting = await bench.at_step(run, 3)
    async with opened() as bench:
        before = len(story.events)
        story.delivery(story.site_information(), story.supplier, 201)
        story.delivery(story.appointment(), "2200000001", 201)
        story.delivery(story.response(), story.supplier, 201)
        await bench.tell(story, before)
        ended = await bench.finished(waiting)
        assert ended["verdict"] == "passed"
        assert ended["version"] > waiting["version"]
        folder = await evidence(bench, ended, tmp_path / "evidence")
        assert recompute(folder).agrees
    async with opened() as bench:
        assert await bench.run(run["id"]) == ended


async def test_given_a_restart_while_preparing_then_the_same_order_is_given_again(opened: OpenBench) -> None:
    async with opened() as bench:
        starting = asyncio.ensure_future(bench.start())
        story = await story_of(bench, starting)
        starting.cancel()
    async with opened() as bench:
        first, second = await bench.commands("registration", 2)
        assert first["id"] == second["id"]
        story.prepared()
        await bench.tell(story)
        assert (await bench.at_step(await bench.run(story.binding.run), 1))["phase"] == "running"


async def test_given_a_restart_then_the_services_are_told_again_how_far_ahead_the_clock_is(
    opened: OpenBench,
) -> None:
    async with opened() as bench:
        run, story = await begun(bench)
        before = len(story.events)
        details = {"step": 1, "aheadSeconds": 86400.0}
        story.add(Kind.CLOCK_ADVANCED, service="qualification", run=run["id"], details=details)
        await bench.tell(story, before)
        await bench.journal(Kind.CLOCK_ADVANCED, run=run["id"])
    async with opened() as bench:
        (told,) = await bench.commands("metering_service_stub")
        assert (told["name"], told["mpan"], told["run"]) == ("clock_advanced", run["mpan"], run["id"])
        assert told["arguments"] == {"aheadSeconds": 86400.0}


async def test_whoever_waits_for_the_end_of_a_run_is_told_of_nothing_before_it(bench: Bench) -> None:
    run, _ = await begun(bench, timeout=0.2)
    early = await bench.run(run["id"], ended=True, wait=0)
    assert (early["finished"], early["currentStep"]) == (False, 1)
    waiting = asyncio.ensure_future(bench.run(run["id"], ended=True, wait=20))
    assert (await bench.finished(run))["verdict"] == (await waiting)["verdict"] == "failed"
    assert (await bench.run(run["id"], ended=True, wait=20))["finished"], (
        "and of one that ended long ago, at once"
    )


async def test_given_no_message_in_time_then_the_run_fails_by_itself(bench: Bench) -> None:
    run, _ = await begun(bench, timeout=0.2)
    run = await bench.finished(run)
    assert run["verdict"] == "failed"
    assert run["steps"][0]["status"] == "Failed"
    assert run["steps"][1]["status"] == "Not Run"
    assert "within 0.2 s" in run["summary"]


async def test_given_twenty_runs_at_once_then_each_is_judged_by_its_own_events(
    bench: Bench, tmp_path: Path
) -> None:
    begins = [await begun(bench) for _ in range(20)]
    stories = [story for _, story in begins]
    before = [len(story.events) for story in stories]
    for story in stories:
        story.switch()
        story.pending()
        story.delivery(story.site_information(), story.supplier, 201)
        story.delivery(story.appointment(), "2200000001", 201)
        story.delivery(story.response(), story.supplier, 201)
    rests = [story.events[count:] for story, count in zip(stories, before, strict=True)]
    for events in zip(*rests, strict=True):
        await bench.context.journal.write(*events)
    ended = await asyncio.gather(*(bench.finished(run) for run, _ in begins))
    assert [run["verdict"] for run in ended] == ["passed"] * 20
    assert len({run["mpan"] for run in ended}) == 20
    for run in ended[:3]:
        lines = (
            (await evidence(bench, run, tmp_path / run["id"]) / "journal.ndjson").read_bytes().splitlines()
        )
        assert {orjson.loads(line).get("mpan") for line in lines} == {run["mpan"]}


async def test_given_two_runs_of_one_participant_then_neither_is_shown_the_others_messages(
    bench: Bench,
) -> None:
    first, _ = await begun(bench, timeout=20)
    second, story = await begun(bench, timeout=20)
    before = len(story.events)
    story.switch()
    await bench.tell(story, before)
    await bench.at_step(second, 2)
    assert (await bench.run(first["id"]))["steps"][0]["nearMisses"] == []


async def test_given_a_message_for_an_mpan_of_nobody_then_it_is_a_near_miss(bench: Bench) -> None:
    run, story = await begun(bench, timeout=20)
    before = len(story.events)
    story.switch(mpan="2000056535971")
    await bench.tell(story, before)
    run = await bench.run(run["id"], after=run["version"], wait=10)
    (near,) = run["steps"][0]["nearMisses"]
    assert near["misses"] == [{"field": "MPAN", "expected": run["mpan"], "seen": "2000056535971"}]


async def test_given_a_refused_message_that_names_nothing_then_it_is_a_near_miss_with_its_reason(
    bench: Bench,
) -> None:
    run, story = await begun(bench, timeout=20)
    before = len(story.events)
    details = {"status": 401, "reason": "The body does not fit its hash."}
    story.add(Kind.REFUSED, sender=PARTICIPANT, mpan=None, details=details, body="{}")
    await bench.tell(story, before)
    run = await bench.run(run["id"], after=run["version"], wait=10)
    (near,) = run["steps"][0]["nearMisses"]
    assert near["reason"] == "401 The body does not fit its hash."


async def test_given_other_business_of_the_participant_then_the_run_is_not_burdened(bench: Bench) -> None:
    run, story = await begun(bench, timeout=20)
    before = len(story.events)
    for _ in range(600):
        story.switch(mpan="2000056535971")
    story.accepted("IF-021", "[ActivePower]", PARTICIPANT, mpan="2000056535971")
    story.switch()
    await bench.tell(story, before)
    await bench.at_step(run, 2)
    answer = await bench.http.get(f"{HOST}/api/runs/{run['id']}/evidence")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        events = [orjson.loads(line) for line in archive.read("journal.ndjson").splitlines()]
    assert sum(event.get("mpan") == "2000056535971" for event in events) == 500
    assert not any(event.get("interface") == "IF-021" for event in events)


async def test_given_injection_then_the_css_stub_is_ordered_to_send_the_switch_request(bench: Bench) -> None:
    run, story = await begun(bench, inject=["CSS01700"], timeout=20)
    (command,) = await bench.commands("css_stub")
    message = command["arguments"]["message"]
    assert (command["name"], command["to"]) == ("inject", PARTICIPANT)
    assert command["arguments"]["onBehalfOf"] == PARTICIPANT
    assert message["eventType"] == "CSS01700"
    assert (message["data"]["mpxn"], message["data"]["supplierMpid"]) == (run["mpan"], "ABCD")
    before = len(story.events)
    story.switch(details={"onBehalfOf": PARTICIPANT})
    await bench.tell(story, before)
    step = (await bench.at_step(run, 2))["steps"][0]
    assert step["note"] == "sent by the harness on the participant's behalf"
    assert "Nothing to do" in run["instructions"][0]["text"]


async def test_given_the_harness_plays_the_supplier_then_its_stub_is_planned_and_released(
    bench: Bench,
) -> None:
    starting = asyncio.ensure_future(bench.start(participants={}))
    story = await story_of(bench, starting)
    story.prepared()
    await bench.tell(story)
    run = await starting
    planned, requested = await bench.commands("supplier_stub", 2)
    assert (planned["name"], requested["name"]) == ("plan", "request_switch")
    assert planned["arguments"]["appointments"][0]["dipId"] == "1200000001"
    assert requested["run"] == run["id"]
    (released,) = await bench.journal(Kind.STEP_RELEASED, run=run["id"])
    assert released["details"]["order"] == "release"
    assert released["details"]["commands"] == ["request_switch"]


async def test_given_a_cancelled_run_then_it_ends_unknown_and_its_mpan_is_free(bench: Bench) -> None:
    run, _ = await begun(bench, mpan="2000056535971", timeout=20)
    answer = await bench.http.post(
        f"{HOST}/api/runs", json={"scenario": run["scenario"], "mpan": run["mpan"]}
    )
    assert answer.status_code == 409
    cancelled = (await bench.http.post(f"{HOST}/api/runs/{run['id']}/cancel")).json()
    assert (cancelled["verdict"], cancelled["steps"][0]["status"]) == ("unknown", "Unknown")
    again, _ = await begun(bench, mpan="2000056535971", timeout=20)
    assert again["id"] != run["id"]


async def test_given_a_preparing_run_then_its_participant_does_not_see_it_yet(bench: Bench) -> None:
    starting = asyncio.ensure_future(bench.start())
    story = await story_of(bench, starting)
    mine = {"participant": PARTICIPANT}
    assert (await bench.http.get(f"{HOST}/api/runs", params=mine)).json() == []
    story.prepared()
    await bench.tell(story)
    run = await starting
    listed = (await bench.http.get(f"{HOST}/api/runs", params=mine)).json()
    assert [one["id"] for one in listed] == [run["id"]]
    assert (await bench.http.get(f"{HOST}/api/runs", params={"participant": "2300000099"})).json() == []


@pytest.mark.parametrize(
    ("wish", "status", "words"),
    [
        ({"scenario": "SITFTS9999"}, 404, "SITFTS0020-Smart-Single"),
        ({"participants": {"SUPI": "2300009999"}}, 422, "2300009999"),
        ({"participants": {"SUPI": "1200000001"}}, 422, "holds the role MSS"),
        ({"participants": {"CSS": PARTICIPANT}}, 422, "always played by the harness"),
        ({"participants": {"SUPX": PARTICIPANT}}, 422, "no role SUPX"),
        ({"inject": ["CSS09999"]}, 422, "What can: CSS01700"),
        ({"mpan": "2000056535972"}, 422, "check digit"),
    ],
)
async def test_given_a_wish_that_cannot_be_met_then_the_answer_says_what_could(
    bench: Bench, wish: dict[str, Any], status: int, words: str
) -> None:
    body = {"scenario": "SITFTS0020-Smart-Single"} | wish
    answer = await bench.http.post(f"{HOST}/api/runs", json=body)
    assert answer.status_code == status
    assert words in answer.json()["detail"]


async def test_given_no_such_run_then_404(bench: Bench) -> None:
    for path in ("/api/runs/none", "/api/runs/none/evidence", "/api/scenarios/none"):
        assert (await bench.http.get(HOST + path)).status_code == 404
    assert (await bench.http.post(f"{HOST}/api/runs/none/cancel")).status_code == 404


async def test_the_scenarios_are_listed_and_read_whole(bench: Bench) -> None:
    known = (await bench.http.get(f"{HOST}/api/scenarios")).json()
    listed = next(one for one in known if one["id"] == SCENARIO_ID)
    assert (listed["testScenario"], listed["steps"]) == ("Change of Supplier", 8)
    scenario = (await bench.http.get(f"{HOST}/api/scenarios/{listed['id']}")).json()
    assert scenario["steps"][4]["message"] == "IF-031"


async def test_the_journal_wants_times_with_an_offset(bench: Bench) -> None:
    answer = await bench.http.get(f"{HOST}/api/journal", params={"since": "2026-03-01T00:00:00"})
    assert answer.status_code == 422


async def test_given_a_data_directory_that_keeps_no_key_then_evidence_is_our_fault_and_not_unsigned(
    bench: Bench,
) -> None:
    run, _ = await begun(bench, timeout=20)
    (bench.context.settings.data / "evidence-signer.pem").mkdir(parents=True)
    answer = await bench.http.get(f"{HOST}/api/runs/{run['id']}/evidence")
    assert answer.status_code == 500
    assert "the key that signs evidence cannot be kept" in answer.json()["detail"]
