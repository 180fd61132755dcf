"""Evidence: complete, readable, recomputable, and safe to open whatever a participant sent."""

from __future__ import annotations

import base64
import zipfile
from datetime import datetime
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from backbone.journal.events import Kind
from services.qualification.chain import event_of
from services.qualification.document import briefing, document
from services.qualification.errors import EvidenceInvalid
from services.qualification.evidence import Environment, evidence_files
from services.qualification.packs import write_pack, zipped
from services.qualification.recompute import recompute
from services.qualification.store import StoredRun
from services.qualification.verdict import broken_off, evaluate
from services.qualification.verification import Outcome, verify
from tests.unit.qualification.given import PARTICIPANT, Story, at, binding, headline

ENVIRONMENT = Environment({"DIP Emulator": "0.1.0"})


def shown(story: Story, now: datetime | None = None) -> tuple[StoredRun, dict[str, Any]]:
    moment = now or story.now
    scenario, bound = headline(), story.binding
    known = briefing(scenario, bound, "headline-1", [], [])
    state = evaluate(scenario, bound, story.events, moment)
    whole = document(scenario, bound, known, state, 1, moment)
    return StoredRun(bound.run, scenario, bound, known, whole), whole


def evidence(story: Story, now: datetime | None = None) -> dict[str, bytes]:
    run, whole = shown(story, now)
    return evidence_files(run, story.events, whole, ENVIRONMENT)


def rejected(story: Story) -> Story:
    story.until_site_information()
    story.delivery(story.appointment(registration="not-the-one"), "2200000001", 201)
    story.delivery(
        story.response("R", "REG0005 - CSS Registration Request ID is invalid"), story.supplier, 201
    )
    return story


class Page(HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        if given.get("id"):
            self.ids.append(given["id"] or "")
        if tag == "a" and given.get("href"):
            self.links.append(given["href"] or "")
        self.loaded += [given[name] or "" for name in ("src", "data") if given.get(name)]
        if tag == "link":
            self.loaded.append(given.get("href") or "")


def test_every_file_is_there(story: Story) -> None:
    story.whole()
    files = evidence(story)
    fixed = {"journal.ndjson", "verdict.json", "environment.json", "junit.xml", "ctrf.json", "report.html"}
    assert fixed <= set(files)
    messages = sorted(name for name in files if name.startswith("messages/") and "headers" not in name)
    assert messages[0] == "messages/001-CSS01700-2300000012-css-message.json"
    assert len(messages) == 8
    accepted = next(event for event in story.events if event.interface == "IF-031")
    raw = next(name for name in messages if "IF-031" in name)
    assert files[raw] == (accepted.body or "").encode()
    headers = orjson.loads(files[raw.replace(".json", ".headers.json")])
    assert headers["event"]["transaction_id"] == accepted.transaction_id


def test_the_journal_is_every_event_in_order(story: Story) -> None:
    story.whole()
    lines = evidence(story)["journal.ndjson"].splitlines()
    assert [event_of(line) for line in lines] == story.events


@pytest.mark.parametrize("kind", ["passed", "rejected", "silent", "waiting"])
def test_the_verdict_is_recomputed_from_the_folder_alone(kind: str, story: Story, tmp_path: Path) -> None:
    if kind == "rejected":
        rejected(story)
    elif kind == "passed":
        story.whole()
    else:
        story.until_site_information()
    _, whole = shown(story, at(60) if kind == "silent" else None)
    files = evidence(story, at(60) if kind == "silent" else None)
    write_pack(files, tmp_path)
    again = recompute(tmp_path)
    assert again.agrees
    assert (again.state.verdict.value if again.state.verdict else None) == whole["verdict"]
    assert [line.findings for line in verify(files).lines if line.findings] == []


def test_a_tampered_verdict_or_journal_is_found(story: Story, tmp_path: Path) -> None:
    write_pack(evidence(rejected(story)), tmp_path)
    written = (tmp_path / "verdict.json").read_text()
    (tmp_path / "verdict.json").write_text(written.replace('"result": "failed"', '"result": "passed"'))
    assert any("Step 7 is failed; written is passed" in text for text in recompute(tmp_path).differences)
    (tmp_path / "verdict.json").write_text(written)
    journal = (tmp_path / "journal.ndjson").read_bytes()
    (tmp_path / "journal.ndjson").write_bytes(journal.replace(b'\\"R\\"', b'\\"A\\"'))
    assert recompute(tmp_path).differences


@pytest.mark.parametrize("missing", ["verdict.json", "journal.ndjson"])
def test_a_folder_that_lacks_a_part_is_no_evidence(missing: str, story: Story, tmp_path: Path) -> None:
    story.whole()
    write_pack(evidence(story), tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(EvidenceInvalid):
        recompute(tmp_path)


def test_the_archive_holds_the_same_files(story: Story) -> None:
    story.whole()
    files = evidence(story)
    with zipfile.ZipFile(BytesIO(zipped(files))) as archive:
        assert set(archive.namelist()) == set(files)
        assert archive.read("verdict.json") == files["verdict.json"]


def test_junit_tells_failure_from_not_run(story: Story) -> None:
    story.until_site_information()
    suite = ElementTree.fromstring(evidence(story, at(60))["junit.xml"])
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors"), suite.get("skipped")) == (
        "8",
        "1",
        "0",
        "3",
    )
    (failure,) = suite.iter("failure")
    assert "Expected IF-031 [MSApp]" in (failure.get("message") or "")
    names = [case.get("name") for case in suite.iter("testcase")]
    assert names[0] == "Step 1: Incoming supplier sends switch request"
    properties = {p.get("name"): p.get("value") for p in suite.iter("property")}
    assert properties["SUPI"] == "2300000012 (QP)"


def test_junit_tells_the_harness_own_error_from_a_failure(story: Story) -> None:
    story.prepared()
    story.switch()
    suite = ElementTree.fromstring(evidence(story, at(90))["junit.xml"])
    assert (suite.get("failures"), suite.get("errors")) == ("0", "1")


def test_junit_survives_what_xml_cannot_hold(story: Story) -> None:
    story.until_site_information()
    story.appointment(proposed={"appointmentScenario": "\x00\x1b[31m<&\uffff"})
    (failure,) = ElementTree.fromstring(evidence(story)["junit.xml"]).iter("failure")
    assert "<&" in (failure.text or "")


def test_ctrf_counts_add_up(story: Story) -> None:
    results = orjson.loads(evidence(rejected(story))["ctrf.json"])["results"]
    summary = results["summary"]
    assert (summary["tests"], summary["passed"], summary["failed"]) == (8, 7, 1)
    assert results["tests"][6]["rawStatus"] == "Failed"


def test_the_report_stands_alone_and_its_links_lead_somewhere(story: Story) -> None:
    files = evidence(rejected(story))
    text = files["report.html"].decode()
    page = Page(text)
    assert '<html lang="en-GB">' in text
    assert page.loaded == []
    assert len(page.ids) == len(set(page.ids))
    inner = {link[1:] for link in page.links if link.startswith("#")}
    assert inner <= set(page.ids)
    outer = {link for link in page.links if not link.startswith("#")}
    assert outer <= set(files)
    assert {"svg", "table", "details", "nav", "main"} <= set(page.tags)


def test_the_report_says_what_a_test_manager_asks(story: Story) -> None:
    text = evidence(rejected(story))["report.html"].decode()
    for words in (
        "FAILED",
        "REG0005 - CSS Registration Request ID is invalid",
        "MHHS-DEL1814: SITFTS0020 Smart Single",
        "Northern Lights Energy",
        "Signature check",
        "Schema check",
        "Supplier requests the metering service appointment",
        "not-the-one",
    ):
        assert words in text
    for column in (
        "Step",
        "Description",
        "Source",
        "Recipient",
        "Message",
        "Who",
        "Valid",
        "Status",
        "Evidence",
    ):
        assert f'<th scope="col">{column}</th>' in text


def test_the_report_says_on_whose_behalf_a_message_was_sent() -> None:
    story = Story(binding(injected=("CSS01700",)))
    story.prepared()
    story.switch(details={"onBehalfOf": PARTICIPANT})
    text = evidence(story)["report.html"].decode()
    assert "sent by the harness on the participant&#39;s behalf" in text
    assert "Sent by the harness on the participant's behalf." in text


def test_nothing_a_participant_sends_can_act_in_the_report(story: Story) -> None:
    attack = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
    story.until_site_information()
    refused = story.appointment(
        kind=Kind.REFUSED,
        reference=attack,
        details={
            "status": 400,
            "reason": attack,
            "violations": [{"pointer": attack, "message": attack, "value": attack}],
        },
    )
    story.change(refused, headers={attack: attack}, event_code=attack, sender=PARTICIPANT, codes=(attack,))
    text = evidence(story)["report.html"].decode()
    assert "<script>alert" not in text
    assert "<img" not in text
    assert Page(text).tags.count("script") == 1


def test_names_of_message_files_are_safe_whatever_a_participant_sends(story: Story) -> None:
    story.until_site_information()
    refused = story.appointment(kind=Kind.REFUSED, details={"status": 400})
    story.change(refused, interface="../../etc/passwd\x00", event_code="[" + "x" * 500, sender="..\\")
    names = [name for name in evidence(story) if name.startswith("messages/")]
    assert all(name.count("/") == 1 and ".." not in name and len(name) < 260 for name in names)


def test_an_unreadable_body_is_shown_as_it_came(story: Story) -> None:
    story.until_site_information()
    refused = story.appointment(kind=Kind.REFUSED, details={"status": 400})
    story.change(refused, body='{"payload": oops')
    text = evidence(story)["report.html"].decode()
    assert "{&#34;payload&#34;: oops" in text


def test_a_secret_that_a_participant_sends_in_the_wrong_place_is_in_no_file(story: Story) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    encoded = base64.b64encode(pem.encode()).decode()
    story.until_site_information()
    refused = story.appointment(
        kind=Kind.REFUSED, reference="https://me:hunter2@host/", details={"reason": pem}
    )
    story.change(
        refused,
        body=orjson.dumps({"oops": pem}).decode(),
        headers={"x-dip-signature-certificate": encoded, "Api-Key": "hunter3"},
    )
    secret = pem.splitlines()[1].encode()
    files = evidence(story, at(60))
    for path, content in files.items():
        assert not [one for one in (secret, encoded.encode(), b"hunter2", b"hunter3") if one in content], path
    assert verify(files).outcome is Outcome.UNSIGNED, "what is left is still consistent"


def test_evidence_without_a_signer_says_so_itself(story: Story) -> None:
    story.whole()
    files = evidence(story)
    assert orjson.loads(files["manifest.json"])["sealed"]["signer"] is None
    assert "nobody: this evidence is not signed" in files["report.html"].decode()
    assert {"manifest.json.sig", "signer.pem"}.isdisjoint(files)
    verification = verify(files)
    assert verification.outcome is Outcome.UNSIGNED
    assert not [line for line in verification.lines if line.findings]


def test_a_run_that_the_harness_could_not_judge_is_no_broken_evidence(story: Story) -> None:
    story.until_site_information()
    run, whole = shown(story)
    state = broken_off(
        run.scenario, evaluate(run.scenario, run.binding, story.events, at(9)), "KeyError", at(9)
    )
    whole = document(run.scenario, run.binding, run.briefing, state, 2, at(9))
    verification = verify(evidence_files(run, story.events, whole, ENVIRONMENT))
    assert verification.outcome is Outcome.UNSIGNED
    (text,) = [line.text for line in verification.lines if line.name == "Verdict"]
    assert "could not judge this run" in text
