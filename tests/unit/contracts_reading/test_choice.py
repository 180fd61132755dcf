"""Several versions side by side: the message chooses where it can."""

from __future__ import annotations

import pytest

from contracts import load_catalogue
from contracts.reading.choice import choose
from contracts.samples import sample
from tests.unit.contracts_reading.given import catalogue, variant

OLD = catalogue("1", variant("IF-001", "Start"))
NEW = catalogue(
    "2",
    variant("IF-001", "Start", schema_versions=("012",)),
    variant("IF-001", "Late", schema_versions=("012",)),
    variant("IF-002", "Stop"),
)


def message(interface: str, event: str, schema_version: str):
    names = {"interfaceID": interface, "eventCode": event, "schemaVersion": schema_version}
    return {"payload": {"CommonBlock": {"S0": names}}}


@pytest.mark.parametrize(
    ("given", "version"),
    [
        (message("IF-001", "[Start]", "011"), "1"),
        (message("IF-001", "[Start]", "012"), "2"),
        (message("IF-001", "[Late]", "012"), "2"),
        (message("IF-001", "[Unknown]", "012"), "2"),
        (message("IF-002", "[Stop]", "011"), "2"),
        (message("IF-001", "[Start]", "099"), "1"),
        (message("IF-999", "[Start]", "012"), "1"),
        ({}, "1"),
        (None, "1"),
        ([{"payload": []}], "1"),
    ],
)
def test_the_schema_version_chooses_and_the_first_version_is_the_default(given, version):
    assert choose([OLD, NEW], given).version == version


def test_the_order_decides_between_versions_that_cannot_be_told_apart():
    shipped = [load_catalogue("2.0.1"), load_catalogue("2.1.0")]
    given = sample(shipped[0], "IF-031", "MSApp")

    assert choose(shipped, given).version == "2.0.1"
    assert choose(shipped[::-1], given).version == "2.1.0"
