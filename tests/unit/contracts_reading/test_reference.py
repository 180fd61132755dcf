"""The static reference: every part has its page, every link leads somewhere, search knows every name."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import orjson
import pytest

from contracts import load_catalogue
from contracts.model import DataItem
from contracts.reading import places
from contracts.reading.reference import write_reference
from contracts.reading.search_index import entries, roles
from contracts.reading.uses import Uses
from tests.unit.contracts_reading.given import block, catalogue, variant

CATALOGUE = load_catalogue("2.1.0")


class Links(HTMLParser):
    """What a page links to, what can be linked to in it, and how it is built."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: list[str] = []
        self.tags: list[str] = []
        self.lang = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.append(tag)
        if tag == "html":
            self.lang = found.get("lang", "")
        if "id" in found:
            self.anchors.append(found["id"])
        for name in ("href", "src"):
            if found.get(name):
                self.links.append(found[name])


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[Path, Links]:
    folder = tmp_path_factory.mktemp("reference")
    count = write_reference(CATALOGUE, folder, earlier=load_catalogue("2.0.1"))
    found = {path.resolve(): Links(path.read_text()) for path in folder.rglob("*.html")}
    assert count == len(found)
    return found


@pytest.fixture(scope="module")
def folder(pages) -> Path:
    found: Path = next(path.parent for path in pages if path.name == "roles.html")
    return found


def test_every_part_has_its_page(pages, folder):
    assert len(pages) == 58 + 204 + 391 + 6
    for address in (
        "index.html",
        "changes.html",
        "interfaces/IF-036.html",
        "blocks/B070.html",
        "items/DI-063-MPAN-Core.html",
    ):
        assert (folder / address).resolve() in pages


def test_every_link_leads_to_a_file_and_an_anchor_of_this_folder(pages, folder):
    checked = 0
    for path, page in pages.items():
        for link in dict.fromkeys(page.links):
            if link.startswith("data:"):
                continue
            address, _, anchor = link.partition("#")
            target = (path.parent / unquote(address)).resolve() if address else path
            assert target.is_file(), f"{path.name} links to {link}"
            assert folder in target.parents
            if anchor:
                assert anchor in pages[target].anchors, f"{path.name} links to {link}"
            checked += 1
    assert checked > 10_000


def test_nothing_is_fetched_from_elsewhere(pages, folder):
    assert not [link for page in pages.values() for link in page.links if "//" in link]
    assert "url(" not in (folder / "assets" / "reference.css").read_text()


def test_every_page_says_its_language_and_has_one_first_heading(pages):
    for page in pages.values():
        assert page.lang == "en-GB"
        assert page.tags.count("h1") == 1
        assert page.tags.count("main") == 1
        assert len(page.anchors) == len(set(page.anchors))


def test_an_interface_page_has_its_route_structure_and_a_sample(folder):
    text = (folder / "interfaces" / "IF-031.html").read_text()

    assert "PUB-031" in text
    assert "looked up by MPAN" in text
    assert "proposedMeteringServiceMPID" in text
    assert "<code>COS</code>" in text
    assert "&#34;eventCode&#34;: &#34;[MSApp]&#34;" in text
    assert "dipemu sample IF-031 MSApp" in text


def test_events_that_go_to_different_receivers_are_told_apart(folder):
    text = (folder / "interfaces" / "IF-035.html").read_text()
    assert text.count('class="route"') == 9


def test_an_item_that_changed_says_so(folder):
    text = (folder / "items" / "DI-995-Sender-Unique-Reference.html").read_text()
    assert "Changed in 2.1.0" in text
    assert "stricter" in text
    assert "Changed in" not in (folder / "items" / "DI-063-MPAN-Core.html").read_text()


def test_without_an_earlier_version_there_is_no_page_of_changes(tmp_path):
    write_reference(catalogue("9", variant("IF-031", "MSApp")), tmp_path)

    assert not (tmp_path / "changes.html").exists()
    assert "changes.html" not in (tmp_path / "index.html").read_text()


def test_a_version_never_seen_makes_pages_too(tmp_path):
    odd = DataItem("DI-900-Odd'", "any", enum=("<b>", 1))
    extra = block("B900", odd=odd, more=block("B901", kind=DataItem("DI-901-Kind", "boolean")))
    strange = variant("IF-999", "New", custom=block("custom", B900=extra))
    write_reference(catalogue("9", strange, blocks=(extra,), codes={"XYZ1": "New <code>"}), tmp_path)

    assert "Other interfaces" in (tmp_path / "index.html").read_text()
    assert "who receives it is not known" in (tmp_path / "interfaces" / "IF-999.html").read_text()
    assert "&lt;b&gt;" in (tmp_path / "items" / "DI-900-Odd_.html").read_text()
    assert "New &lt;code&gt;" in (tmp_path / "codes.html").read_text()


# --- search


def test_the_index_is_a_script_and_not_a_file_to_fetch(folder):
    text = (folder / "assets" / "index.js").read_text()
    assert text.startswith("window.referenceIndex = [")
    found = orjson.loads(text.removeprefix("window.referenceIndex = ").rstrip().removesuffix(";"))
    assert found == [list(entry) for entry in entries(CATALOGUE, Uses(CATALOGUE))]


@pytest.mark.parametrize(
    ("kind", "name", "address"),
    [
        ("interface", "IF-036", "interfaces/IF-036.html"),
        ("event", "IF-031 [MSApp]", "interfaces/IF-031.html#MSApp"),
        ("block", "B070", "blocks/B070.html"),
        ("item", "DI-063-MPAN-Core", "items/DI-063-MPAN-Core.html"),
        ("code", "REG1031", "codes.html#REG1031"),
        ("role", "SUP", "roles.html#SUP"),
    ],
)
def test_search_knows_every_kind_of_part(kind, name, address):
    found = {(entry[0], entry[1]): entry[3] for entry in entries(CATALOGUE, Uses(CATALOGUE))}
    assert found[kind, name] == address


def test_search_knows_the_field_names_of_items_and_blocks():
    found = {entry[1]: entry[4].split() for entry in entries(CATALOGUE, Uses(CATALOGUE))}
    assert "MPANCore" in found["DI-063-MPAN-Core"]
    assert "MPANCore" in found["M0"]
    assert found["IF-031"] == ["PUB-031"]


def test_every_entry_leads_to_a_page(pages, folder):
    for entry in entries(CATALOGUE, Uses(CATALOGUE)):
        address, _, anchor = entry[3].partition("#")
        page = pages[(folder / address).resolve()]
        assert not anchor or anchor in page.anchors


def test_roles_are_those_that_send_or_receive():
    assert {"SUP", "REGS", "MDR", "DIP"} <= roles(CATALOGUE)


def test_names_become_safe_file_names():
    assert places.slug("DI-900-Odd' /x") == "DI-900-Odd___x"
    assert places.code_place("REG1031") == "codes.html#REG1031"
