"""Several versions served at once: the message chooses where it can."""

from __future__ import annotations

from dataclasses import replace

from contracts import Catalogue, Interface, load_catalogue
from contracts.samples import sample
from contracts.versions import choose

OLD, NEW = load_catalogue("2.0.1"), load_catalogue("2.1.0")
VERSION = "/payload/CommonBlock/S0/schemaVersion"


def later(schema_version: str, event: str | None = None) -> Catalogue:
    """A made-up next version: IF-031 with another schema version, and perhaps another event."""
    variants = []
    for variant in NEW.interfaces["IF-031"].variants:
        events = (event,) if event else variant.events
        variants.append(replace(variant, schema_versions=(schema_version,), events=events))
    return replace(NEW, version="3.0.0", interfaces={"IF-031": Interface("IF-031", tuple(variants))})


def test_the_first_is_the_default_where_the_schema_version_decides_nothing():
    message = sample(NEW, "IF-031", "MSApp")
    assert choose([OLD, NEW], message) is OLD
    assert choose([NEW, OLD], message) is NEW
    assert choose([NEW, OLD], None) is NEW
    assert choose([NEW, OLD], {"payload": {"CommonBlock": {"S0": {"interfaceID": "IF-999"}}}}) is NEW


def test_the_schema_version_of_the_message_chooses():
    new = later("012")
    assert choose([NEW, new], sample(NEW, "IF-031", "MSApp")) is NEW
    assert choose([NEW, new], sample(NEW, "IF-031", "MSApp", overrides={VERSION: "012"})) is new
    assert choose([NEW, new], sample(NEW, "IF-031", "MSApp", overrides={VERSION: "099"})) is NEW


def test_the_event_chooses_among_versions_with_one_schema_version():
    new = later("011", "[MSAppointment]")
    message = sample(NEW, "IF-031", "MSApp")
    assert choose([new, NEW], message) is NEW
    message["payload"]["CommonBlock"]["S0"]["eventCode"] = "[MSAppointment]"
    assert choose([NEW, new], message) is new
