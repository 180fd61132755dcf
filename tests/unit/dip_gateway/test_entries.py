"""Status entries as participants post them, and companies as they are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from participant.parties import Party, Snapshot
from services.dip_gateway.companies import companies
from services.dip_gateway.entries import code_of, problem, spelled
from services.dip_gateway.errors import RequestInvalid
from services.dip_gateway.holdings import ALWAYS
from services.dip_gateway.loading import read_holdings, shown

ENTRY: dict[str, Any] = {
    "transactionID": None,
    "senderUniqueReference": None,
    "correlationID": None,
    "sentTimestamp": "2026-03-21T12:00:00+00:00",
    "senderID": "2200000001",
    "recipientID": None,
    "DIPConnectionProviderID": None,
    "message": None,
    "help": None,
    "serviceTicketURL": None,
}


def test_most_fields_may_be_null_and_all_must_be_there() -> None:
    assert problem(ENTRY) is None
    for name in ENTRY:
        found = problem({key: value for key, value in ENTRY.items() if key != name})
        assert found is not None
        assert found[0] == name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("transactionID", ""),
        ("transactionID", 7),
        ("senderUniqueReference", "S-31"),
        ("correlationID", "x" * 61),
        ("sentTimestamp", "2026-13-21T12:00:00+00:00"),
        ("sentTimestamp", 7),
        ("senderID", None),
        ("recipientID", "22"),
        ("message", "x" * 201),
        ("serviceTicketURL", "x" * 251),
    ],
)
def test_a_value_that_its_type_does_not_allow(name: str, value: Any) -> None:
    found = problem(ENTRY | {name: value})
    assert found is not None
    assert found[0] == name


def test_names_are_corrected_and_unknown_ones_kept() -> None:
    assert spelled({"TRANSACTIONid": 1, "other": 2}) == {"transactionID": 1, "other": 2}
    assert spelled("text") == {}


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("RCP1061 - MPAN Invalid", "RCP1061"),
        ("SP001", "SP001"),
        ("DSCA001 - x", "DSCA001"),
        ("no code", None),
        (None, None),
    ],
)
def test_the_code_at_the_beginning_of_a_message(message: str | None, code: str | None) -> None:
    assert code_of({"message": message}) == code


@dataclass
class Company:
    """A row of the table."""

    company: str
    mpid: str
    market_role: str
    dip_role: str | None = None
    since: str = "2026-01-01T00:00:00+00:00"


PARTIES = Snapshot(
    [
        Party("2300000001", "SUP", "ABCD", "Big Energy"),
        Party("1400000001", "SDS", "ABCD", "Big Energy"),
        Party("2300000002", "SUP", "EFGH", "Little Energy"),
    ]
)


def test_only_companies_with_dip_ids_are_told() -> None:
    rows = [
        Company("11111111", "ABCD", "X"),
        Company("11111111", "ABCD", "N"),
        Company("22222222", "ZZZZ", "X"),
    ]
    [company] = companies(rows, PARTIES)
    assert company["companyName"] == "Big Energy"
    assert [(row["DIPID"], row["marketRole"]) for row in company["companyDetails"]] == [
        ("2300000001", "X"),
        ("1400000001", "N"),
    ]


def test_the_dip_role_decides_where_it_is_named() -> None:
    [company] = companies([Company("11111111", "ABCD", "Z", "SDS")], PARTIES)
    assert [row["DIPRole"] for row in company["companyDetails"]] == ["SDS"]


def test_a_market_role_that_nothing_is_known_about_finds_nobody() -> None:
    assert companies([Company("11111111", "ABCD", "Z")], PARTIES) == []


def test_holdings_are_shown_as_they_are_loaded() -> None:
    lines = [
        {"mpan": "2000056535971", "role": "SUP", "dipId": "2300000001", "from": None, "to": None},
        {
            "mpan": "2000056535971",
            "role": "SDS",
            "dipId": "1400000001",
            "from": "2026-01-01T00:00:00+00:00",
            "to": "2026-02-01T00:00:00+00:00",
        },
    ]
    held = read_holdings(lines)
    assert held[0].begins == ALWAYS
    assert [shown(holding) for holding in held] == lines


@pytest.mark.parametrize(
    "line",
    [
        {},
        {"mpan": "1", "role": "SUP", "dipId": "2300000001"},
        {"mpan": "2000056535971", "role": "supplier", "dipId": "2300000001"},
        {"mpan": "2000056535971", "role": "SUP", "dipId": "2300000001", "from": "2026-01-01T00:00:00"},
        {"mpan": "2000056535971", "role": "SUP", "dipId": "2300000001", "colour": "red"},
    ],
)
def test_holdings_that_cannot_be_used(line: dict[str, Any]) -> None:
    with pytest.raises(RequestInvalid):
        read_holdings(line)
