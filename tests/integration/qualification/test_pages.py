"""The pages on a real run manager: what they show, what they refuse, and that text stays text."""

from __future__ import annotations

import asyncio
import html
import re

import pytest

from services.qualification.errors import EvidenceUnsigned
from services.qualification.web.forms import MOST_BYTES
from tests.integration.qualification.beginnings import begun
from tests.integration.qualification.bench import HOST, Bench
from tests.unit.qualification.given import PARTICIPANT

UI = f"{HOST}/ui"
SCENARIO = "SITFTS0020-Smart-Single"
SCRIPT = "<script>alert(1)</script>"
TWO_LINES = f"{SCRIPT}\r\nsecond line"  # as a browser sends them


async def text(bench: Bench, path: str, status: int = 200) -> str:
    answer = await bench.http.get(UI + path)
    assert answer.status_code == status, answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    return answer.text


@pytest.mark.parametrize(
    "path",
    ["/", "/start", f"/start?scenario={SCENARIO}", "/messages", "/participants", "/scenarios",
     f"/scenarios/{SCENARIO}"],
)  # fmt: skip
async def test_every_page_has_one_heading_and_a_way_back(bench: Bench, path: str) -> None:
    page = await text(bench, path)
    assert len(re.findall("<h1>", page)) == 1
    assert '<a class="brand" href="/ui/">' in page


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/runs/none", "/scenarios/none", "/start?scenario=none", "/messages/T-none", "/messages/7",
     "/runs/none/live", "/static/none.css"],
)  # fmt: skip
async def test_what_does_not_exist_is_a_page_that_leads_back(bench: Bench, path: str) -> None:
    page = await text(bench, path, 404)
    assert "<h1>" in page
    assert 'href="/ui/"' in page


async def test_too_long_an_address_is_refused_with_the_name_of_the_field(bench: Bench) -> None:
    assert "text" in await text(bench, f"/?text={'x' * 121}", 422)


async def test_an_empty_list_says_how_to_begin(bench: Bench) -> None:
    page = await text(bench, "/")
    assert "No runs yet" in page
    assert "dipemu participants add" in page


async def test_a_run_is_listed_with_its_label_as_text_and_found_by_it(bench: Bench) -> None:
    run, _ = await begun(bench, label=SCRIPT)
    page = await text(bench, "/?text=alert")
    assert SCRIPT not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert f'href="/ui/runs/{run["id"]}"' in page
    assert "No run fits" in await text(bench, "/?text=nothing-like-it")
    assert SCRIPT not in await text(bench, f"/runs/{run['id']}")


async def test_what_is_not_ready_is_told_before_the_start(bench: Bench) -> None:
    form = {"scenario": SCENARIO, "role-SUPI": PARTICIPANT}
    answer = await bench.http.post(f"{UI}/start/preflight", data=form)
    assert f"SUPI ({PARTICIPANT}) has no webhook for IF-032." in answer.text
    assert "no signing certificate" in answer.text
    assert "http://127.0.0.1:9000/webhook" in answer.text
    assert (await bench.http.get(f"{HOST}/api/runs")).json() == []


async def test_a_fault_is_told_beside_its_field_and_nothing_starts(bench: Bench) -> None:
    form = {"scenario": SCENARIO, "timeout": "soon", "label": SCRIPT}
    answer = await bench.http.post(f"{UI}/start", data=form)
    assert answer.status_code == 422
    assert 'id="fault-timeout"' in answer.text
    assert 'aria-describedby="fault-timeout hint-timeout"' in answer.text
    assert 'value="soon"' in answer.text
    assert SCRIPT not in answer.text
    assert (await bench.http.get(f"{HOST}/api/runs")).json() == []


async def test_a_form_of_no_bounds_is_refused(bench: Bench) -> None:
    for body in (b"label=" + b"x" * MOST_BYTES, b"&".join([b"a=1"] * 300), b"label=\xff"):
        answer = await bench.http.post(f"{UI}/start", content=body)
        assert answer.status_code == 400
        assert "The form" in answer.text


async def test_an_mpan_of_a_run_under_way_is_refused_at_its_field(bench: Bench) -> None:
    run, _ = await begun(bench)
    form = {"scenario": SCENARIO, "mpan": run["mpan"]}
    answer = await bench.http.post(f"{UI}/start", data=form)
    assert answer.status_code == 422
    assert "which has not ended" in answer.text
    assert 'id="fault-mpan"' in answer.text


async def test_the_page_of_a_run_waits_for_news(bench: Bench) -> None:
    run, story = await begun(bench)
    live = f"{UI}/runs/{run['id']}/live"
    assert (await bench.http.get(live, params={"known": run["version"]})).status_code == 204
    waiting = asyncio.ensure_future(bench.http.get(live, params={"known": run["version"], "wait": 4}))
    story.switch()
    await bench.tell(story, after=1)
    answer = await waiting
    assert answer.status_code == 200
    assert int(answer.headers["x-version"]) > run["version"]
    assert "CSS01700" in answer.text


async def test_the_list_of_runs_waits_for_news(bench: Bench) -> None:
    known = (await bench.http.get(f"{UI}/live")).headers["x-version"]
    assert (await bench.http.get(f"{UI}/live", params={"known": known})).status_code == 204
    waiting = asyncio.ensure_future(bench.http.get(f"{UI}/live", params={"known": known, "wait": 4}))
    run, _ = await begun(bench)
    answer = await waiting
    assert answer.status_code == 200
    assert run["id"] in answer.text


async def test_a_message_is_shown_with_its_checks_at_its_step(bench: Bench) -> None:
    run, story = await begun(bench)
    event = story.switch(headers={"X-Odd": SCRIPT})
    await bench.tell(story, after=1)
    await bench.at_step(run, 2)
    part = await text(bench, f"/runs/{run['id']}/messages/{event.id}/part")
    assert "Schema check: bad" in part  # the story's message has only the fields that the scenario looks at
    assert "<code>/eventId</code>" in part
    assert "Signature check: does not apply" in part
    assert run["mpan"] in part
    assert SCRIPT not in part
    whole = await text(bench, f"/runs/{run['id']}/messages/{event.id}")
    assert f'href="/ui/runs/{run["id"]}#step-1"' in whole
    await text(bench, f"/runs/{run['id']}/messages/none", 404)


async def test_the_evidence_can_be_read_file_by_file_as_it_stands(bench: Bench) -> None:
    run, _ = await begun(bench)
    assert "Qualification test report" in await text(bench, f"/runs/{run['id']}/evidence/report.html")
    assert run["mpan"] in await text(bench, f"/runs/{run['id']}/evidence/verdict.json")
    await text(bench, f"/runs/{run['id']}/evidence/..%2F..%2Fapp.py", 404)


async def test_evidence_that_cannot_be_signed_is_our_fault(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsigned(*_: object) -> None:
        raise EvidenceUnsigned("The key to sign with cannot be read.")

    run, _ = await begun(bench)
    monkeypatch.setattr("services.qualification.web.run_page.evidence_files", unsigned)
    assert "cannot be read" in await text(bench, f"/runs/{run['id']}/evidence/report.html", 500)


async def test_a_run_is_ended_from_its_page(bench: Bench) -> None:
    run, _ = await begun(bench)
    answer = await bench.http.post(f"{UI}/runs/{run['id']}/cancel")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/ui/runs/{run['id']}")
    assert (await bench.run(run["id"]))["verdict"] == "unknown"
    assert "UNKNOWN" in await text(bench, f"/runs/{run['id']}")


async def test_a_message_is_found_by_its_mpan_and_its_life_is_told(bench: Bench) -> None:
    run, story = await begun(bench)
    accepted = story.accepted("IF-031", "[MSApp]", PARTICIPANT)
    await bench.tell(story, after=1)
    await bench.journal(accepted.kind, mpan=run["mpan"])
    found = await text(bench, f"/messages?text={run['mpan']}&interface=if031")
    (address,) = re.findall(r'href="/ui(/messages/\d+)"', found)
    for path in (address, f"/messages/{accepted.transaction_id}", f"/messages/{accepted.reference}"):
        life = await text(bench, path)
        assert "IF-031 [MSApp]" in life
        assert "MPANCore" in life
    assert "No message fits" in await text(bench, "/messages?text=S-none")
    assert "is no time" in await text(bench, "/messages?since=yesterday", 422)


async def test_a_step_that_is_held_has_its_button_and_is_run_with_it(bench: Bench) -> None:
    run, story = await begun(bench, mode="stepwise")
    story.switch()
    await bench.tell(story, after=1)
    held = await bench.at_step(run, 2)
    page = await text(bench, f"/runs/{run['id']}")
    assert f'action="/ui/runs/{run["id"]}/steps/2/release"><button class="button">Run step 2<' in page
    answer = await bench.http.post(f"{UI}/runs/{run['id']}/steps/2/release")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/ui/runs/{run['id']}")
    assert (await bench.run(run["id"]))["version"] > held["version"]
    assert "Run step 2<" not in await text(bench, f"/runs/{run['id']}")


@pytest.mark.parametrize(
    ("address", "form", "words"),
    [
        ("steps/2/release", {}, "Step 2 is not held"),
        ("steps/99/release", {}, "This run has no step 99"),
        ("flow", {}, "The run is in automatic mode"),
        ("steps/1/attest", {"by": "", "reason": "seen"}, "Your name is missing."),
        ("steps/1/praise", {"by": "Ann", "reason": "seen"}, "nothing called praise"),
        ("notes", {"by": "A\nnn", "text": "x"}, "Your name: has characters that cannot be printed"),
        ("clock", {}, "one of the two"),
        ("clock", {"to": "2020-01-01T00:00"}, "Business time never runs backwards"),
        ("dance", {}, "nothing called dance"),
    ],
)
async def test_what_cannot_be_done_is_told_on_the_page_of_the_run(
    bench: Bench, address: str, form: dict[str, str], words: str
) -> None:
    run, _ = await begun(bench)
    answer = await bench.http.post(f"{UI}/runs/{run['id']}/{address}", data=form)
    assert answer.status_code == 409
    assert words in html.unescape(answer.text)
    assert '<div class="notice bad" role="alert"><b>Not done.</b>' in answer.text
    assert (await bench.run(run["id"]))["version"] == run["version"]


async def test_what_was_filled_in_is_there_again_when_it_was_in_vain(bench: Bench) -> None:
    run, _ = await begun(bench)
    for address, form in (
        ("steps/1/skip", {"by": "", "reason": "a long reason"}),
        ("notes", {"by": "", "text": "a long note"}),
    ):
        answer = await bench.http.post(f"{UI}/runs/{run['id']}/{address}", data=form)
        assert answer.status_code == 409
        assert answer.text.count(list(form.values())[1]) == 1


async def test_a_persons_word_is_kept_with_name_and_reason_as_text(bench: Bench) -> None:
    run, _ = await begun(bench)
    address = f"{UI}/runs/{run['id']}"
    form = {"by": "Ann", "reason": "the switch was seen in the CSS portal"}
    assert (await bench.http.post(f"{address}/steps/1/attest", data=form)).status_code == 303
    assert (
        await bench.http.post(f"{address}/notes", data={"by": "Ben", "text": TWO_LINES})
    ).status_code == 303
    page = await text(bench, f"/runs/{run['id']}")
    assert "the switch was seen in the CSS portal" in page
    assert "Attested" in page
    assert "<b>Ben</b>" in page
    assert SCRIPT not in page
    assert html.escape(SCRIPT, quote=False) in page


async def test_the_clock_is_moved_by_a_span_or_to_a_moment(bench: Bench) -> None:
    run, _ = await begun(bench)
    address = f"{UI}/runs/{run['id']}/clock"
    assert (await bench.http.post(address, data={"amount": "1.5", "unit": "hours"})).status_code == 303
    ahead = await bench.run(run["id"])
    assert ahead["clockAheadSeconds"] == pytest.approx(5400, abs=1)
    assert "1 h 30 min ahead" in await text(bench, f"/runs/{run['id']}")
    assert (await bench.http.post(address, data={"to": "2030-01-01T00:00"})).status_code == 303
    assert (await bench.run(run["id"]))["businessTime"].startswith("2030-01-01T00:00:0")
