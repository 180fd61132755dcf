"""Signing in and out, and what each role sees, in a real browser on an emulator that asks for a token."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from backbone.caller import Role
from dipemu.access import AccessTokens
from tests.e2e.emulator import SCENARIO, Emulator
from tests.ui.looks import CONTRASTS

pytestmark = pytest.mark.browser

LIVE_MILLISECONDS = 20_000
SIGN_IN = re.compile("/ui/login$")


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    running = Emulator(tmp_path_factory.mktemp("emulator") / "data", DIPEMU_ACCESS="always")
    running.data.mkdir()
    yield running.start()
    running.stop()


@pytest.fixture(scope="module")
def tokens(emulator: Emulator) -> dict[Role, str]:
    """A token for each role; whoever has it is called ``the-reader`` and so on."""
    known = AccessTokens(emulator.data)
    return {role: known.add(f"the-{role}", datetime.now(UTC), role) for role in Role}


@pytest.fixture(scope="module")
def waiting(emulator: Emulator, tokens: dict[Role, str]) -> dict[str, Any]:
    """A run that waits for somebody to press Run."""
    bearer = {"Authorization": f"Bearer {tokens[Role.TESTER]}"}
    body = {"scenario": SCENARIO, "mode": "stepwise", "label": "waiting"}
    answer = httpx.post(f"{emulator.url}/api/runs", json=body, headers=bearer, timeout=60)
    run: dict[str, Any] = answer.raise_for_status().json()
    return run


@pytest.fixture
def page(browser: Browser, emulator: Emulator) -> Iterator[Page]:
    context = browser.new_context(base_url=emulator.url, viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    opened.set_default_timeout(LIVE_MILLISECONDS)
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    yield opened
    context.close()
    assert faults == []


def sign_in(page: Page, token: str) -> None:
    page.goto("/ui/")
    expect(page).to_have_url(SIGN_IN)
    page.get_by_label("Access token").fill(token)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()


def test_a_reader_sees_who_is_signed_in_and_nothing_to_change(
    page: Page, tokens: dict[Role, str], waiting: dict[str, Any]
) -> None:
    sign_in(page, tokens[Role.READER])
    expect(page.locator(".who")).to_contain_text("the-reader reader")
    expect(page.get_by_role("link", name="Start a run")).to_have_count(0)
    page.get_by_role("link", name="waiting").click()
    expect(page.get_by_role("heading", name="Now step 1")).to_be_visible()
    expect(page.get_by_text("by the-tester")).to_be_visible()
    buttons = page.get_by_role("button").all_inner_texts()
    assert [text for text in buttons if text != "Copy"] == ["Sign out"]
    expect(page.get_by_text("Cancel the run…")).to_have_count(0)
    with page.expect_download() as kept:
        page.get_by_role("link", name="Download the evidence").click()
    assert kept.value.suggested_filename.endswith(".zip")


def test_a_reader_who_asks_for_more_is_told_which_role_it_needs(page: Page, tokens: dict[Role, str]) -> None:
    sign_in(page, tokens[Role.READER])
    page.goto(f"/ui/start?scenario={SCENARIO}")
    expect(page.get_by_text("Starting needs the role tester")).to_be_visible()
    page.evaluate("document.querySelector('form.columns').submit()")
    expect(page.get_by_role("heading", name="Your role does not reach this")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text(
        "POST /ui/start needs the role tester; the token of the-reader has reader."
    )


def test_a_tester_acts_under_the_name_of_the_token(
    page: Page, tokens: dict[Role, str], waiting: dict[str, Any]
) -> None:
    sign_in(page, tokens[Role.TESTER])
    page.goto(f"/ui/runs/{waiting['id']}")
    expect(page.get_by_role("button", name="Run step 1")).to_be_visible()
    expect(page.get_by_label("Your name")).to_have_count(0)
    page.get_by_label("Note", exact=True).fill("looked at it")
    page.get_by_role("button", name="Add the note").click()
    expect(page.locator(".note-of")).to_contain_text("the-tester")
    page.get_by_text("Decide this step by hand…").click()
    page.get_by_label("Why").fill("seen on screen")
    page.get_by_role("button", name="Attest: it was done").click()
    expect(page.locator(".explanation").first).to_contain_text("the-tester, seen on screen")


def test_signing_out_ends_the_session_here_too_and_other_tabs_notice(
    page: Page, browser: Browser, emulator: Emulator, tokens: dict[Role, str], waiting: dict[str, Any]
) -> None:
    sign_in(page, tokens[Role.ADMIN])
    [cookie] = page.context.cookies()
    tab = page.context.new_page()
    tab.goto(f"/ui/runs/{waiting['id']}")
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(SIGN_IN)
    assert page.context.cookies() == []
    expect(tab).to_have_url(SIGN_IN, timeout=LIVE_MILLISECONDS)

    thief = browser.new_context(base_url=emulator.url)
    thief.add_cookies([{"name": cookie["name"], "value": cookie["value"], "url": emulator.url}])
    opened = thief.new_page()
    opened.goto("/ui/")
    expect(opened).to_have_url(SIGN_IN)
    thief.close()


def test_a_page_of_another_site_signs_nobody_out(
    page: Page, emulator: Emulator, tokens: dict[Role, str]
) -> None:
    sign_in(page, tokens[Role.ADMIN])
    [cookie] = page.context.cookies()
    headers = {"Origin": "https://evil.example", "Cookie": f"{cookie['name']}={cookie['value']}"}
    assert httpx.post(f"{emulator.url}/ui/logout", headers=headers).status_code == 403
    page.goto("/ui/messages")
    expect(page.locator(".who")).to_contain_text("the-admin admin")


@pytest.mark.parametrize("role", [Role.READER, Role.TESTER])
def test_each_roles_pages_have_contrast_and_no_sideways_scrolling(
    page: Page, tokens: dict[Role, str], waiting: dict[str, Any], role: Role
) -> None:
    sign_in(page, tokens[role])
    page.set_viewport_size({"width": 768, "height": 900})
    for address in ("/ui/", f"/ui/start?scenario={SCENARIO}", f"/ui/runs/{waiting['id']}"):
        page.goto(address)
        assert page.evaluate(CONTRASTS) == {}, address
        assert page.evaluate("document.documentElement.scrollWidth") == 768, address
