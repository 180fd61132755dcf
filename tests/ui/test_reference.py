"""The static reference in a real browser, opened as files: search, keyboard, small screens, contrast."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from contracts import load_catalogue
from contracts.reading.reference import write_reference
from tests.ui.looks import CONTRASTS

pytestmark = pytest.mark.browser

PAGES = (
    "index.html",
    "interfaces/IF-036.html",
    "blocks/B070.html",
    "items/DI-995-Sender-Unique-Reference.html",
    "codes.html",
    "roles.html",
    "changes.html",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("reference")
    write_reference(load_catalogue("2.1.0"), made, earlier=load_catalogue("2.0.1"))
    return made


@pytest.fixture
def page(browser, folder: Path) -> Iterator[Page]:
    opened = browser.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    opened.goto((folder / "index.html").as_uri())
    yield opened
    opened.close()
    assert faults == []


def first_result(page: Page):
    return page.get_by_role("option").first


@pytest.mark.parametrize(
    ("query", "first", "address"),
    [
        ("MPANCore", "DI-063-MPAN-Core", "/items/DI-063-MPAN-Core.html"),
        ("REG1031", "REG1031", "/codes.html#REG1031"),
        ("IF-036", "IF-036", "/interfaces/IF-036.html"),
        ("if036", "IF-036", "/interfaces/IF-036.html"),
        ("PUB-036", "IF-036", "/interfaces/IF-036.html"),
        ("[DSAppActive]", "IF-036 [DSAppActive]", "/interfaces/IF-036.html#DSAppActive"),
        ("b070", "B070", "/blocks/B070.html"),
        ("di 063", "DI-063-MPAN-Core", "/items/DI-063-MPAN-Core.html"),
        ("market segment indicator", "DI-050-Market-Segment-Indicator", "/items/DI-050-Market-Segm"),
        ("incompatible with mpan market", "REG1031", "/codes.html#REG1031"),
    ],
)
def test_search_finds_it_first_and_enter_opens_it(page, query, first, address):
    page.get_by_role("combobox").fill(query)

    expect(first_result(page)).to_contain_text(first)
    page.keyboard.press("Enter")

    page.wait_for_url(f"**{address}*")
    expect(page.locator("h1")).to_be_visible()


def test_search_works_from_a_page_in_a_folder_too(page, folder):
    page.goto((folder / "items" / "DI-063-MPAN-Core.html").as_uri())
    page.get_by_role("combobox").fill("IF-036")
    first_result(page).click()

    page.wait_for_url("**/interfaces/IF-036.html")
    assert page.title() == "IF-036 · DIP message standard 2.1.0"


def test_a_slash_goes_to_the_search_and_escape_leaves_it_empty(page):
    page.keyboard.press("/")
    search = page.get_by_role("combobox")
    expect(search).to_be_focused()

    page.keyboard.type("REG10")
    expect(search).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_role("status")).to_have_text(re.compile(r"^\d+ found"))
    page.keyboard.press("Escape")

    expect(search).to_have_value("")
    expect(search).to_have_attribute("aria-expanded", "false")
    expect(page.get_by_role("listbox")).to_be_hidden()


def test_arrows_go_through_the_results_and_round(page):
    search = page.get_by_role("combobox")
    search.fill("MPANCore")
    expect(search).to_have_attribute("aria-activedescendant", "result-0")

    page.keyboard.press("ArrowDown")
    expect(search).to_have_attribute("aria-activedescendant", "result-1")
    expect(page.get_by_role("option", selected=True)).to_have_count(1)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")

    last = page.get_by_role("option").count() - 1
    expect(search).to_have_attribute("aria-activedescendant", f"result-{last}")


def test_a_block_says_which_of_its_fields_was_meant(page):
    page.get_by_role("combobox").fill("MPANCore")
    expect(page.get_by_role("option").filter(has_text="M0")).to_contain_text("holds MPANCore")


def test_nothing_found_is_said(page):
    page.get_by_role("combobox").fill("zzzzzz")
    expect(page.get_by_role("status")).to_have_text("Nothing found for zzzzzz")
    page.keyboard.press("Enter")
    assert page.url.endswith("/index.html")


def test_many_results_are_counted_and_cut(page):
    page.get_by_role("combobox").fill("e")
    expect(page.get_by_role("status")).to_have_text(re.compile(r"^\d{3,} found, the first 40 are shown$"))
    expect(page.get_by_role("option")).to_have_count(40)


def test_the_first_tab_skips_to_the_content(page):
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_a_reader_gets_from_an_interface_to_an_item_by_links(page):
    page.get_by_role("link", name="IF-031").first.click()
    page.get_by_role("navigation", name="Events on this page").get_by_text("[DSApp]").click()
    assert page.url.endswith("#DSApp")
    page.get_by_role("link", name="DI-834").first.click()

    expect(page.get_by_role("heading", level=1)).to_have_text("DI-834 Supplier-Nominated-MDR-DIP-ID")
    expect(page.get_by_text("supplierNominatedMDRDIPID").first).to_be_visible()


def test_a_code_found_is_marked_in_its_table(page, folder):
    page.goto((folder / "codes.html").as_uri() + "#REG1031")
    row = page.locator("tr:target")
    expect(row).to_contain_text("Service Provider incompatible with MPAN Market Segment")
    expect(row).to_be_in_viewport()


def test_every_control_has_a_name(page, folder):
    for address in PAGES:
        page.goto((folder / address).as_uri())
        names = page.locator("a, input, summary").evaluate_all(
            "nodes => nodes.map(node => node.textContent.trim() || node.labels?.[0]?.textContent || '')"
        )
        assert len(names) > 8
        assert all(names), address


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_background(browser, folder, scheme):
    page = browser.new_page(color_scheme=scheme)
    low: dict[str, object] = {}
    for address in PAGES:
        page.goto((folder / address).as_uri())
        page.get_by_role("combobox").fill("MPANCore")
        low |= page.evaluate(CONTRASTS)
    page.close()
    assert low == {}


def test_small_screens_do_not_scroll_sideways(browser, folder):
    page = browser.new_page(viewport={"width": 400, "height": 800})
    widths = {}
    for address in PAGES:
        page.goto((folder / address).as_uri())
        widths[address] = page.evaluate("document.documentElement.scrollWidth")
    page.close()
    assert widths == dict.fromkeys(PAGES, 400)
