"""Finding parts by the name a person would type, and using what was found."""

from __future__ import annotations

from itertools import pairwise

import pytest

from contracts import load_catalogue
from contracts.model import Block, DataItem, Field, Interface, ResponseCode, Variant
from contracts.reading.errors import UnknownPart
from contracts.reading.lookup import find, find_event
from contracts.reading.rows import count, length, limits, rows, shallow
from contracts.reading.uses import Uses, event_labels, own_parts

CATALOGUE = load_catalogue("2.1.0")
USES = Uses(CATALOGUE)


@pytest.mark.parametrize(
    ("name", "kind", "key"),
    [
        ("IF-031", Interface, "IF-031"),
        ("if031", Interface, "IF-031"),
        ("PUB-031", Interface, "IF-031"),
        ("REP-002A", Interface, "REP-002A"),
        ("PUB-002A", Interface, "REP-002A"),
        ("B070", Block, "B070"),
        ("b906A", Block, "B906a"),
        ("S1", Block, "S1"),
        ("DI-063", DataItem, "DI-063-MPAN-Core"),
        ("di063", DataItem, "DI-063-MPAN-Core"),
        ("MPANCore", DataItem, "DI-063-MPAN-Core"),
        ("DI-063-MPAN-Core", DataItem, "DI-063-MPAN-Core"),
        ("CSSRegistrationID", DataItem, "DI-849-CSS-Registration-ID"),
        ("REG1031", ResponseCode, "REG1031"),
        ("reg1031", ResponseCode, "REG1031"),
    ],
)
def test_a_part_by_any_of_its_names(name, kind, key):
    part = find(CATALOGUE, name)
    assert isinstance(part, kind)
    assert key in (getattr(part, "key", None), getattr(part, "name", None), getattr(part, "code", None))


@pytest.mark.parametrize("event", ["MSApp", "[MSApp]", "msapp", "[msapp]"])
def test_an_event_with_or_without_brackets(event):
    variant, label = find_event(CATALOGUE, "if-031", event)
    assert (variant.interface, variant.name, label) == ("IF-031", "MSApp", "[MSApp]")
    assert find(CATALOGUE, "IF-031", event) is variant


def test_an_event_alone_finds_the_first_message_of_that_name():
    part = find(CATALOGUE, "MSAppActive")
    assert isinstance(part, Variant)
    assert part.interface == "IF-036"


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("IF-031", "MSAp"), "IF-031 has no event MSAp. Did you mean MSApp?"),
        (("IF-031", "zzz"), "IF-031 has no event zzz; it has [MSApp], [DSApp]"),
        (("IF-999", "MSApp"), "version 2.1.0 has no interface IF-999"),
        (("MPANCor",), "version 2.1.0 has no MPANCor. Did you mean MPAN-Core?"),
        (("@@@",), "version 2.1.0 has no @@@"),
    ],
)
def test_what_is_not_there_is_said_with_the_nearest_name(arguments, hint):
    with pytest.raises(UnknownPart) as raised:
        find(CATALOGUE, *arguments)
    assert str(raised.value).startswith(hint)


# --- rows


def test_a_structure_as_lines_with_nested_blocks_below_their_field():
    found = list(rows(CATALOGUE.variant("IF-031", "MSApp").payload))

    pointers = [row.pointer for row in found]
    assert pointers[0] == "/CommonBlock"
    assert "/CommonBlock/M0/MPANCore" in pointers
    assert "/CustomBlock/B070/appointmentScenario" in pointers
    assert all(below.depth <= above.depth + 1 for above, below in pairwise(found))


def test_a_row_tells_the_facts_of_its_item():
    row = next(r for r in rows(CATALOGUE.blocks["B070"]) if r.name == "appointmentScenario")

    assert (row.number, row.type, row.length, row.count) == ("DI-800", "string", "..3", "1")
    assert row.allowed == ("COS", "CSP", "USP", "SEG", "MCA", "MCS", "ALG")
    assert not row.nullable


def test_list_elements_have_a_star_in_their_pointer():
    found = list(rows(CATALOGUE.variant("IF-021", "ActivePower").custom))
    assert any("/*/" in row.pointer for row in found)


def test_shallow_rows_stop_at_nested_blocks():
    found = list(shallow(CATALOGUE.blocks["B906"]))
    assert [row.name for row in found] == ["existingMeter", "historyMAP"]
    assert {row.type for row in found} == {"object"}


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (Field("a", Block("B", ())), "1"),
        (Field("a", Block("B", ()), required=False), "0..1"),
        (Field("a", Block("B", ()), many=True), "0..*"),
        (Field("a", Block("B", ()), many=True, min_items=1, max_items=48), "1..48"),
    ],
)
def test_how_often_a_field_may_be_there(part, text):
    assert count(part) == text


def test_bounds_as_text():
    assert length(DataItem("x", "string", min_length=13, max_length=13)) == "13"
    assert length(DataItem("x", "string", max_length=10)) == "..10"
    assert length(DataItem("x", "string", min_length=1)) == "1.."
    assert length(DataItem("x", "string")) == ""
    assert limits(DataItem("x", "integer", minimum=30, maximum=30, multiple_of=15)) == "30 in steps of 15"
    assert limits(DataItem("x", "integer", multiple_of=15)) == "in steps of 15"


# --- uses


def test_where_an_item_stands():
    places = USES.places("DI-063-MPAN-Core")
    assert {(place.owner, place.name) for place in places} >= {("M0", "MPANCore"), ("B063", "MPANCore")}
    assert USES.names("DI-063-MPAN-Core") == ("MPANCore",)


def test_where_a_block_stands_in_messages():
    places = USES.places("B070")
    assert ("IF-031", "MSApp") in {(p.variant.interface, p.variant.name) for p in places if p.variant}
    labels = [label for variant in USES.variants("B070") for label in event_labels(variant)]
    assert "IF-031 [MSApp]" in labels
    assert "IF-031 [DSApp]" not in labels


def test_an_item_is_found_through_nested_blocks():
    through = {variant.interface for variant in USES.variants("DI-056-Meter-ID")}
    assert {"IF-005", "IF-006", "IF-036"} <= through


def test_an_unknown_key_is_used_nowhere():
    assert USES.places("nothing") == ()
    assert USES.variants("nothing") == ()


def test_a_message_has_parts_of_its_own():
    keys = [block.key for block in own_parts(CATALOGUE.variant("IF-031", "MSApp"))]
    assert keys == ["IF-031-MSApp.CommonBlock", "IF-031-MSApp.CommonBlock.S0", "IF-031-MSApp.CustomBlock"]
