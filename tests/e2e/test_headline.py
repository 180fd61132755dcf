"""The headline scenario with every role played by the harness, as a newcomer types it."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

from tests.e2e.emulator import SCENARIO, Emulator, dipemu


def test_a_newcomer_sees_the_scenario_pass(tmp_path: Path) -> None:
    evidence, junit = tmp_path / "evidence", tmp_path / "junit.xml"
    done = dipemu("run", SCENARIO, "--evidence", evidence, "--junit", junit)
    assert "PASSED" in done.stdout
    assert str(evidence / "report.html") in done.stdout
    for words in ("Incoming supplier sends switch request", "PUB-032", "QTE"):
        assert words in done.stdout
    suite = ElementTree.parse(junit).getroot()
    cases = list(suite.iter("testcase"))
    assert len(cases) == 8
    assert not list(suite.iter("failure"))


def test_evidence_holds_journal_messages_verdict_and_report(tmp_path: Path) -> None:
    evidence = tmp_path / "evidence"
    dipemu("run", SCENARIO, "--evidence", evidence)
    journal = [json.loads(line) for line in (evidence / "journal.ndjson").read_text().splitlines()]
    assert {"accepted", "routed", "delivered", "css message"} <= {event["kind"] for event in journal}
    verdict = json.loads((evidence / "verdict.json").read_text())
    assert verdict["verdict"] == "passed"
    report = (evidence / "report.html").read_text()
    assert "<svg" in report
    assert "http://" not in report.split("<style")[0], "the report loads nothing from elsewhere"
    assert list((evidence / "messages").iterdir())


def test_twenty_runs_at_once_and_more_after_another_never_mix(emulator: Emulator) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(20) as pool:
        runs = [pool.submit(emulator.run) for _ in range(20)]
        documents = [run.result()[1] for run in runs]
    assert [document["verdict"] for document in documents] == ["passed"] * 20
    assert len({document["mpan"] for document in documents}) == 20
    for document in documents:
        journal = (Path(document["evidence"]) / "journal.ndjson").read_text().splitlines()
        seen = {event["mpan"] for event in map(json.loads, journal) if "mpan" in event}
        assert seen == {document["mpan"]}


def test_the_scenario_is_listed_under_its_theme_and_shown_in_the_frameworks_words() -> None:
    listed = dipemu("scenarios", "list").stdout
    assert listed.index("change-of-supplier") < listed.index(SCENARIO)
    assert "Change of Supplier with Metering Service" in listed
    entry = next(
        one for one in json.loads(dipemu("scenarios", "list", "--json").stdout) if one["id"] == SCENARIO
    )
    assert (entry["theme"], entry["steps"]) == ("change-of-supplier", 8)
    shown = dipemu("scenarios", "show", SCENARIO).stdout
    assert "MHHS-DEL1814: SITFTS0020 Smart Single" in shown
    for column in ("Step", "Description", "Source", "Recipient", "Message", "Valid", "Evidence"):
        assert column in shown


def test_usage_errors_end_with_two_and_say_what_would_be_right(emulator: Emulator) -> None:
    unknown = dipemu("run", "SITFTS9999", "--server", emulator.url, check=2)
    assert SCENARIO in unknown.stderr
    assert "ROLE=DIP-ID" in dipemu("run", SCENARIO, "--participant", "SUPI", check=2).stderr
    nobody = dipemu("run", SCENARIO, "--server", emulator.url, "--participant", "SUPI=2399999999", check=2)
    assert "2399999999" in nobody.stderr
    absent = dipemu("run", SCENARIO, "--server", "http://127.0.0.1:9", check=3)
    assert "dipemu up" in absent.stderr


def test_health_and_greeting(emulator: Emulator) -> None:
    import httpx

    assert httpx.get(f"{emulator.url}/health/live").json() == {"status": "live"}
    ready = httpx.get(f"{emulator.url}/health/ready").json()
    assert ready["status"] == "ready"
    assert ready["parts"]["dip_gateway"] is True
