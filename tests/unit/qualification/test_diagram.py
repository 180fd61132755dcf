"""The sequence diagram as a picture that can be read, linked and trusted."""

from __future__ import annotations

from xml.etree import ElementTree

from services.qualification.diagram import Arrow, Column, sequence_diagram

SVG = "{http://www.w3.org/2000/svg}"
COLUMNS = [
    Column("SUPI", "Incoming supplier", participant=True),
    Column("DIP", "Platform"),
    Column("MSS", "Unused"),
]


def arrow(source: str, target: str, **changes: str) -> Arrow:
    fields = {"label": "5  IF-031 [MSApp]", "note": "accepted, 201", "tone": "good", "href": "#message-001"}
    return Arrow(source, target, **(fields | changes))


def drawn(*arrows: Arrow) -> ElementTree.Element:
    return ElementTree.fromstring(sequence_diagram(COLUMNS, arrows))


def test_only_parties_with_messages_have_a_column() -> None:
    names = [text.text for text in drawn(arrow("SUPI", "DIP")).iter(f"{SVG}text")]
    assert "SUPI" in names
    assert "MSS" not in names


def test_every_arrow_links_to_its_message_and_goes_down_the_page() -> None:
    picture = drawn(arrow("SUPI", "DIP"), arrow("DIP", "SUPI", href="#message-002", tone="bad"))
    links = [link.get("href") for link in picture.iter(f"{SVG}a")]
    assert links == ["#message-001", "#message-002"]
    labels = [t for t in picture.iter(f"{SVG}text") if t.get("class") == "label"]
    heights = [int(label.get("y") or 0) for label in labels]
    assert heights == sorted(heights)
    assert heights[-1] < int(picture.get("height") or 0)


def test_a_party_may_send_to_itself() -> None:
    (wire,) = [p for p in drawn(arrow("DIP", "DIP")).iter(f"{SVG}path") if p.get("class") == "wire"]
    assert "h46" in (wire.get("d") or "")


def test_it_is_described_for_those_who_cannot_see_it() -> None:
    picture = drawn(arrow("SUPI", "DIP"))
    assert picture.get("role") == "img"
    named = (picture.get("aria-labelledby") or "").split()
    assert {element.get("id") for element in picture if element.get("id")} == set(named)


def test_texts_are_escaped() -> None:
    attack = '"/><script>alert(1)</script>'
    picture = sequence_diagram(
        [Column(attack, attack)], [arrow(attack, attack, label=attack, note=attack, href=attack)]
    )
    assert "<script>" not in picture
    ElementTree.fromstring(picture)


def test_no_message_is_no_fault() -> None:
    assert drawn().get("height")
