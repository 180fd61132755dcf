"""A part as JSON-like data: who sends and receives, its fields, where it is used."""

from __future__ import annotations

import orjson
import pytest

from contracts import load_catalogue
from contracts.reading.descriptions import description
from contracts.reading.lookup import Part, find
from contracts.reading.titles import OTHER, grouped, interface_title, role_name
from contracts.reading.uses import Uses
from tests.unit.contracts_reading.given import block, catalogue, variant

CATALOGUE = load_catalogue("2.1.0")
USES = Uses(CATALOGUE)


def described(*names: str):
    return description(CATALOGUE, find(CATALOGUE, *names))


def test_an_interface_with_its_route_events_and_paths():
    found = described("IF-031")

    assert (found["name"], found["publication"], found["schemaVersions"]) == ("IF-031", "PUB-031", ["011"])
    assert found["routing"]["senders"] == ["SUP"]
    assert found["routing"]["secondary"] == ["REGS"]
    assert [event["event"] for event in found["events"]] == ["[MSApp]", "[DSApp]"]
    assert found["events"][0]["blocks"] == [
        {"field": "B013", "of": "B013", "count": "0..1"},
        {"field": "B070", "of": "B070", "count": "1"},
    ]
    assert found["validate"] == ["/validate/IF-031/MSApp", "/validate/IF-031/DSApp"]


def test_events_of_one_interface_may_go_to_different_receivers():
    routes = {event["event"]: event["routing"] for event in described("IF-033")["events"]}

    assert routes["[MSAppSPRequest]"]["primary"] == ["MSA", "MSS", "UMSO"]
    assert routes["[DSAppSPRequest]"]["primary"] == ["ADS", "SDS", "UMSDS"]


def test_the_coming_holder_of_a_role_is_told():
    assert described("IF-018")["routing"]["secondaryNext"] == ["SUP"]


def test_an_event_with_all_its_fields():
    found = described("IF-031", "MSApp")

    by_pointer = {row["pointer"]: row for row in found["fields"]}
    mpan = by_pointer["/CommonBlock/M0/MPANCore"]
    assert (mpan["number"], mpan["length"], mpan["pattern"]) == ("DI-063", "13", "^\\d{13}?$")
    assert by_pointer["/CommonBlock/S0/eventCode"]["allowed"] == ("[MSApp]",)
    assert by_pointer["/CustomBlock/B013"]["count"] == "0..1"


def test_a_block_with_where_it_is_used():
    found = described("B070")

    assert [row["name"] for row in found["fields"]][-1] == "appointmentScenario"
    assert {"owner": "IF-031-MSApp.CustomBlock", "field": "B070"} in found["usedIn"]
    assert "IF-031 [MSApp]" in found["messages"]


def test_an_item_with_what_it_takes():
    found = described("DI-063")

    assert found["takes"] == "13 digits, such as 2000056535971"
    assert found["fieldNames"] == ["MPANCore"]
    assert found["nullable"] is False
    assert found["values"] is None


def test_a_code_with_who_sends_it():
    found = described("REG1031")

    assert found["text"] == "Service Provider incompatible with MPAN Market Segment"
    assert found["senders"] == ["REGS"]
    assert found["familyName"] == "registration service"


@pytest.mark.parametrize("version", ["2.0.1", "2.1.0"])
def test_every_part_can_be_described_as_json(version):
    whole = load_catalogue(version)
    uses = Uses(whole)
    parts: list[Part] = [
        *whole.interfaces.values(),
        *whole.variants(),
        *whole.blocks.values(),
        *whole.items.values(),
        *whole.codes.values(),
    ]
    kinds = [orjson.loads(orjson.dumps(description(whole, part, uses)))["kind"] for part in parts]
    assert set(kinds) == {"interface", "event", "block", "item", "code"}


def test_an_interface_without_a_known_route_is_described_all_the_same():
    small = catalogue("9", variant("IF-999", "New", custom=block("custom")))

    found = description(small, small.interfaces["IF-999"])

    assert found["routing"] is None
    assert found["events"][0]["routing"] is None


# --- titles


def test_every_shipped_interface_and_role_has_a_title():
    assert all(interface_title(name) for name in CATALOGUE.interfaces)
    roles = {role for rule in CATALOGUE.routing for role in rule.senders | rule.recipients}
    assert all(role_name(role) != role for role in roles)


def test_an_interface_without_a_title_stands_among_the_others():
    small = catalogue("9", variant("IF-031", "MSApp"), variant("IF-999", "New"))

    groups = grouped(small)

    assert [i.name for i in groups[OTHER]] == ["IF-999"]
    assert [i.name for i in groups["Appointing metering and data services"]] == ["IF-031"]
    assert list(groups)[-1] == OTHER
    assert (interface_title("IF-999"), role_name("XYZ")) == ("", "XYZ")


def test_each_interface_stands_in_one_group_only():
    names = [interface.name for members in grouped(CATALOGUE).values() for interface in members]
    assert sorted(names) == sorted(CATALOGUE.interfaces)
