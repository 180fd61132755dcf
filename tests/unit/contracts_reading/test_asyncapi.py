"""The topics of the message log as AsyncAPI 3: every reference leads somewhere, every sample fits."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import orjson
import pytest
import yaml
from jsonschema import Draft7Validator

from contracts import envelope, load_catalogue
from contracts.reading.asyncapi import asyncapi, write_asyncapi
from contracts.samples import sample
from tests.unit.contracts_reading.given import catalogue, variant

CATALOGUE = load_catalogue("2.1.0")
DOCUMENT = asyncapi(CATALOGUE)
NOW = datetime(2026, 3, 21, 12, 0, tzinfo=UTC)


def fits(message_name: str, value: object, part: str = "payload") -> bool:
    reference = DOCUMENT["components"]["messages"][message_name][part]
    return Draft7Validator({**reference, "components": DOCUMENT["components"]}).is_valid(value)


def test_there_is_a_channel_for_every_topic():
    assert len(DOCUMENT["channels"]) == 2 * 58 + 1
    assert DOCUMENT["channels"]["dip.if.IF-031"]["address"] == "dip.if.IF-031"
    assert DOCUMENT["channels"]["dip.pub.PUB-031"]["address"] == "dip.pub.PUB-031"
    assert "dip.status" in DOCUMENT["channels"]
    assert "dip.if.REP-002A" in DOCUMENT["channels"]


def test_every_channel_has_one_operation_that_names_its_messages():
    assert DOCUMENT["operations"].keys() == DOCUMENT["channels"].keys()
    for name, operation in DOCUMENT["operations"].items():
        assert operation["action"] == "send"
        assert operation["channel"] == {"$ref": f"#/channels/{name}"}
        assert len(operation["messages"]) == len(DOCUMENT["channels"][name]["messages"])


def test_every_reference_leads_somewhere():
    found = set(references(DOCUMENT))
    assert len(found) > 700
    for reference in found:
        node = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


def test_component_names_are_those_the_specification_allows():
    for kind in ("messages", "schemas"):
        for name in DOCUMENT["components"][kind]:
            assert re.fullmatch(r"[A-Za-z0-9._-]+", name)


def test_an_accepted_message_fits_and_a_spoiled_one_does_not():
    assert fits("IF-031-MSApp", sample(CATALOGUE, "IF-031", "MSApp"))
    assert not fits("IF-031-MSApp", sample(CATALOGUE, "IF-031", "MSApp", invalid="missing-field"))


def test_a_publication_has_what_the_dip_adds():
    message = sample(CATALOGUE, "IF-031", "MSApp")
    published = envelope.publication(
        message,
        transaction_id="T-IF-031-2300000001-SUP-20260321-0123456789abcdef",
        at=NOW,
        correlation_id="CI-20260321-0123456789abcdef",
        primary=[],
        secondary=["2200000001"],
        always=[],
    )

    assert fits("PUB-031-MSApp", published)
    assert not fits("PUB-031-MSApp", message)


def test_the_headers_of_a_publication_name_recipient_and_routing():
    headers = dict.fromkeys(
        ("transaction-id", "correlation-id", "sender", "reference", "event", "mpan", "schema-version"), "x"
    )
    headers |= {"recipient": "2200000001", "routing": "secondary"}

    assert fits("PUB-031-MSApp", headers, "headers")
    assert not fits("PUB-031-MSApp", headers | {"routing": "tertiary"}, "headers")


def test_a_status_message_is_an_array_of_entries():
    names = ("transactionID", "senderUniqueReference", "correlationID", "recipientID", "help")
    entry = dict.fromkeys((*names, "DIPConnectionProviderID", "serviceTicketURL"), None)
    entry |= {
        "sentTimestamp": "2026-03-21T00:00:00+00:00",
        "senderID": "1000000000",
        "message": "MSG1038 - text",
    }

    assert fits("status", [entry])
    assert not fits("status", [])
    assert not fits("status", [{**entry, "senderID": None}])


def test_who_sends_and_who_receives_stands_in_the_channels():
    channels = DOCUMENT["channels"]
    assert channels["dip.if.IF-031"]["description"] == "Accepted IF-031 messages from SUP."
    assert "REGS (secondary)" in channels["dip.pub.PUB-031"]["description"]


def test_an_interface_without_a_known_route_has_channels_all_the_same():
    document = asyncapi(catalogue("9", variant("IF-999", "New")))
    assert document["channels"]["dip.if.IF-999"]["description"] == "Accepted IF-999 messages."


@pytest.mark.parametrize("name", ["topics.json", "topics.yaml"])
def test_it_is_written_as_json_or_yaml(tmp_path, name):
    path = tmp_path / "out" / name
    write_asyncapi(CATALOGUE, path)

    text = path.read_text(encoding="utf-8")
    loaded = orjson.loads(text) if name.endswith("json") else yaml.safe_load(text)
    assert loaded["asyncapi"] == "3.0.0"
    assert loaded["info"]["version"] == "2.1.0"
    assert loaded == orjson.loads(orjson.dumps(DOCUMENT))


def references(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)
