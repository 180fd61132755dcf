"""A tester at the pages, in a real browser, on a running emulator with real runs."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.emulator import SCENARIO, Emulator
from tests.e2e.supplier import WrongRegistration, play
from tests.ui.looks import CONTRASTS

pytestmark = pytest.mark.browser

START = f"/ui/start?scenario={SCENARIO}"
SCRIPT = "<script>document.title='broken in'</script>"
LIVE_MILLISECONDS = 20_000


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    running = Emulator(tmp_path_factory.mktemp("emulator") / "data")
    running.data.mkdir()
    yield running.start()
    running.stop()


@pytest.fixture(scope="module")
def supplier(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registered supplier's folder; its system is not started yet."""
    folder = tmp_path_factory.mktemp("participants") / "supplier"
    emulator.add_participant(folder, dip_id="2300000012")
    return folder


@pytest.fixture(scope="module")
def passed(emulator: Emulator) -> dict[str, Any]:
    """A run that has passed, started and ended without the pages."""
    answer = httpx.post(f"{emulator.url}/api/runs", json={"scenario": SCENARIO}, timeout=30)
    run: dict[str, Any] = answer.raise_for_status().json()
    while not run["finished"]:
        query = {"after": run["version"], "wait": 20}
        run = httpx.get(f"{emulator.url}/api/runs/{run['id']}", params=query, timeout=30).json()
    assert run["verdict"] == "passed"
    return run


@pytest.fixture
def page(browser: Browser, emulator: Emulator) -> Iterator[Page]:
    opened = browser.new_page(base_url=emulator.url, viewport={"width": 1280, "height": 900})
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    yield opened
    opened.close()
    assert [fault for fault in faults if "422" not in fault] == []


def start(page: Page, label: str, **roles: str) -> None:
    """Fill in the form and start; the page of the run is open afterwards."""
    page.goto(START)
    for role, dip_id in roles.items():
        page.get_by_label(role, exact=True).select_option(dip_id)
    page.get_by_label("Label").fill(label)
    page.get_by_role("button", name="Start the run").click()
    page.wait_for_url("**/ui/runs/*")


def passes(page: Page) -> None:
    expect(page.locator(".verdict")).to_contain_text("PASSED", timeout=LIVE_MILLISECONDS)


def test_an_empty_emulator_leads_to_a_first_run_that_passes_before_ones_eyes(page: Page) -> None:
    page.goto("/ui/")
    expect(page.get_by_role("heading", name="No runs yet")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Start a run").first.click()
    page.get_by_role("searchbox", name="Search").fill("CSS01700 metering")
    page.get_by_role("link", name="Change of Supplier with Metering Service").click()
    expect(page.locator("#preflight")).to_contain_text("nothing is needed of you")
    page.get_by_role("button", name="Start the run").click()

    passes(page)
    expect(page.get_by_role("heading", level=2, name="Now step")).to_be_hidden()
    expect(page.locator("table.steps .pill.passed")).to_have_count(8)
    expect(page.locator("#announce")).to_contain_text("The run has passed.")


def test_the_list_of_runs_follows_a_run_started_elsewhere(page: Page, emulator: Emulator) -> None:
    page.goto("/ui/?text=from-a-program")
    expect(page.get_by_role("heading", name="No run fits")).to_be_visible()
    body = {"scenario": SCENARIO, "label": "from-a-program"}
    httpx.post(f"{emulator.url}/api/runs", json=body, timeout=30).raise_for_status()

    row = page.get_by_role("row").filter(has_text="from-a-program")
    expect(row.locator(".pill.passed")).to_be_visible(timeout=LIVE_MILLISECONDS)
    expect(row).to_contain_text("8 of 8 steps")


def test_a_script_in_a_label_stays_text_wherever_it_is_shown(page: Page) -> None:
    start(page, SCRIPT)
    passes(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(SCRIPT)
    page.get_by_role("navigation").get_by_role("link", name="Runs").click()
    page.get_by_label("Text").fill("broken in")
    page.get_by_role("button", name="Filter").click()
    expect(page.get_by_role("link", name=SCRIPT)).to_be_visible()
    assert page.title() == "Runs · DIP Emulator"


def test_a_missing_webhook_is_told_as_soon_as_the_role_is_chosen(page: Page, supplier: Path) -> None:
    page.goto(START)
    page.get_by_label("SUPI", exact=True).select_option("2300000012")
    warning = page.locator("#preflight .notice")
    expect(warning).to_contain_text("SUPI (2300000012) has no webhook for IF-002, IF-032.")
    expect(warning).to_contain_text("POST /dip-channel/IF-002/pubconfig/2300000012")
    page.get_by_label("SUPI", exact=True).select_option("")
    expect(page.locator("#preflight")).to_contain_text("nothing is needed of you")


def test_what_is_filled_in_wrong_is_told_at_the_field_and_nothing_is_lost(page: Page, supplier: Path) -> None:
    page.goto(START)
    page.get_by_label("SUPI", exact=True).select_option("2300000012")
    page.get_by_label("Label").fill("kept")
    field = page.get_by_label("Time for each of your steps")
    field.fill("soon")
    page.get_by_role("button", name="Start the run").click()

    expect(page.get_by_role("alert")).to_contain_text("The run was not started.")
    expect(field).to_have_accessible_description(re.compile("A number of seconds above 0"))
    expect(page.get_by_label("Label")).to_have_value("kept")
    expect(page.get_by_label("SUPI", exact=True)).to_have_value("2300000012")


def test_a_waiting_run_says_what_to_do_counts_down_and_can_be_ended(page: Page, supplier: Path) -> None:
    start(page, "waiting", SUPI="2300000012")
    expect(page.get_by_role("heading", name="Now step 1")).to_be_visible()
    expect(page.locator(".now .todo")).to_contain_text("Send CSS01700")
    left = page.locator("[data-seconds-left]")
    before = left.inner_text()
    expect(left).not_to_have_text(before)
    expect(page.locator("tr[aria-current=step]")).to_contain_text("CSS01700")

    page.get_by_text("Cancel the run…").click()
    page.get_by_role("button", name="End the run").click()
    expect(page.locator(".verdict")).to_contain_text("UNKNOWN", timeout=LIVE_MILLISECONDS)


def test_a_stepwise_run_goes_on_when_its_button_is_pressed(page: Page) -> None:
    page.goto(START)
    page.get_by_role("radio", name="wait for Run").check()
    page.get_by_role("button", name="Start the run").click()
    page.get_by_role("button", name="Run step 1").click()
    expect(page.get_by_role("button", name="Run step 2")).to_be_visible(timeout=LIVE_MILLISECONDS)
    expect(page.locator("#step-1")).to_contain_text("Passed")
    page.get_by_role("button", name="Let the rest flow").click()
    passes(page)


def test_what_is_being_typed_outlives_an_update_of_the_page(page: Page, emulator: Emulator) -> None:
    body = {"scenario": SCENARIO, "mode": "stepwise"}
    run = httpx.post(f"{emulator.url}/api/runs", json=body, timeout=30).raise_for_status().json()
    page.goto(f"/ui/runs/{run['id']}")
    page.get_by_label("Note", exact=True).fill("half a thou")
    httpx.post(f"{emulator.url}/api/runs/{run['id']}/steps/1/release").raise_for_status()
    expect(page.get_by_role("button", name="Run step 2")).to_be_visible(timeout=LIVE_MILLISECONDS)
    page.keyboard.type("ght")
    page.get_by_role("region", name="Notes").get_by_label("Your name").fill("Ann")
    page.get_by_role("button", name="Add the note").click()
    expect(page.locator(".note-of")).to_contain_text("half a thought")
    httpx.post(f"{emulator.url}/api/runs/{run['id']}/cancel").raise_for_status()


def test_a_failing_run_shows_the_field_what_was_expected_and_what_came(page: Page, supplier: Path) -> None:
    play(supplier, WrongRegistration)
    start(page, "wrong registration", SUPI="2300000012")
    expect(page.locator(".verdict")).to_contain_text("FAILED", timeout=LIVE_MILLISECONDS)
    page.get_by_role("link", name="See step 7").click()

    row = page.locator(".findings tr.failed").filter(has_text="/payload/CustomBlock/B013/CSSRegistrationID")
    expect(row).to_be_visible()
    expect(row).to_contain_text("00000000-0000-0000-0000-00000000dead")
    page.locator("#d-5 > summary").click()
    page.locator("#d-5 details.message > summary").click()
    message = page.locator("#d-5 details.message .body")
    expect(message).to_contain_text("Signature check: good")
    expect(message).to_contain_text("CN=2300000012")
    expect(message).to_contain_text("Schema check: good")
    expect(message.locator("pre")).to_contain_text("00000000-0000-0000-0000-00000000dead")


def test_an_arrow_of_the_sequence_leads_to_its_message(page: Page, passed: dict[str, Any]) -> None:
    page.goto(f"/ui/runs/{passed['id']}")
    page.locator("svg.sequence a").filter(has_text="IF-031").locator("text.label").click()
    message = page.locator("details.message[open]")
    expect(message).to_contain_text("IF-031 [MSApp]")
    expect(message).to_contain_text("Transaction ID")
    expect(message).to_be_in_viewport()


def test_data_is_copied_with_a_button(page: Page, passed: dict[str, Any]) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"/ui/runs/{passed['id']}")
    button = page.get_by_role("button", name="Copy MPAN")
    button.click()
    expect(button).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == passed["mpan"]


def test_a_message_is_searched_by_mpan_and_its_life_is_told(page: Page, passed: dict[str, Any]) -> None:
    page.goto("/ui/messages")
    page.get_by_role("textbox", name="Find").fill(passed["mpan"])
    page.get_by_label("Interface").fill("if031")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("rowheader", name="IF-031").get_by_role("link").click()

    hops = page.locator(".life > li")
    expect(hops).to_have_count(3)
    expect(hops.nth(0)).to_contain_text("accepted")
    expect(hops.nth(1)).to_contain_text("routed")
    expect(hops.nth(2)).to_contain_text("HTTP 201")
    hops.nth(0).locator("summary").click()
    expect(hops.nth(0).locator("pre")).to_contain_text(passed["mpan"])
    page.get_by_role("link", name="All messages of this MPAN").click()
    expect(page.get_by_role("rowheader", name="IF-002")).to_be_visible()


def test_participants_are_told_with_their_certificates(page: Page, supplier: Path) -> None:
    page.goto("/ui/participants")
    row = page.get_by_role("row").filter(has_text="2300000012")
    expect(row).to_contain_text("valid")
    expect(row).to_contain_text("ABCD")


def test_the_report_opens_and_its_links_open_messages(page: Page, passed: dict[str, Any]) -> None:
    page.goto(f"/ui/runs/{passed['id']}")
    page.get_by_role("link", name="Open the report").click()
    page.get_by_role("link", name="001").first.click()
    expect(page.locator("#message-001")).to_have_attribute("open", "")


class _OtherSite(BaseHTTPRequestHandler):
    """A page elsewhere on this machine that posts a form to the emulator."""

    target = ""

    def do_GET(self) -> None:
        form = f"<form method=post action='{self.target}'><input name=scenario value={SCENARIO}></form>"
        body = f"<!doctype html><title>x</title>{form}<script>document.forms[0].submit()</script>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's own name
        """Quiet."""


def test_a_page_of_another_site_can_start_nothing(browser: Browser, emulator: Emulator) -> None:
    runs = len(httpx.get(f"{emulator.url}/api/runs").json())
    _OtherSite.target = f"{emulator.url}/ui/start"
    with ThreadingHTTPServer(("127.0.0.1", 0), _OtherSite) as elsewhere:
        threading.Thread(target=elsewhere.serve_forever, daemon=True).start()
        page = browser.new_page()
        with page.expect_response(lambda answer: answer.url == _OtherSite.target) as refused:
            page.goto(f"http://127.0.0.1:{elsewhere.server_port}/")
        elsewhere.shutdown()
    assert refused.value.status == 403
    page.close()
    assert len(httpx.get(f"{emulator.url}/api/runs").json()) == runs


def test_every_page_has_contrast_names_and_no_sideways_scrolling(
    browser: Browser, emulator: Emulator, supplier: Path, passed: dict[str, Any]
) -> None:
    addresses = [
        "/ui/",
        START,
        f"/ui/runs/{passed['id']}",
        "/ui/messages",
        "/ui/participants",
        f"/ui/scenarios/{SCENARIO}",
    ]
    page = browser.new_page(base_url=emulator.url, viewport={"width": 768, "height": 900})
    found = {}
    for address in addresses:
        page.goto(address)
        page.locator("details").evaluate_all("all => all.forEach((one) => (one.open = true))")
        low = page.evaluate(CONTRASTS)
        nameless = page.locator("a, button, summary, input:not([type=hidden]), select, meter").evaluate_all(
            "all => all.filter((one) => !(one.textContent.trim() || one.labels?.length"
            " || one.getAttribute('aria-label'))).map((one) => one.outerHTML)"
        )
        width = page.evaluate("document.documentElement.scrollWidth")
        found[address] = (low, nameless, width)
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
    page.close()
    assert found == dict.fromkeys(addresses, ({}, [], 768))


def test_the_keyboard_reaches_the_content_first(page: Page) -> None:
    page.goto("/ui/scenarios")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
