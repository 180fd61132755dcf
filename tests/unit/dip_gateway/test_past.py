"""What a replay or requeue asks for, and tokens that go on where an answer ended."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dip_gateway.errors import RequestInvalid
from services.dip_gateway.past import Wanted, continue_after, read_wanted, replayed, token
from services.dip_gateway.replay import progress

EMPTY: dict[str, Any] = dict.fromkeys(("datetimeFrom", "datetimeTo", "eventCode", "MPAN", "version"))


def read(**changes: Any) -> Wanted:
    return read_wanted(orjson.dumps(EMPTY | changes))


def test_everything_null_asks_for_everything() -> None:
    assert read() == Wanted()


def test_every_part_is_read() -> None:
    wanted = read(
        datetimeFrom="2026-03-21T00:00:00+00:00",
        datetimeTo="2026-03-22T00:00:00+01:00",
        eventCode="[MSApp]",
        MPAN="2000056535971",
        version="011",
        transactionIDs=["T-1", "T-2"],
    )
    assert wanted.since is not None
    assert wanted.until is not None
    assert (wanted.event, wanted.mpan, wanted.version) == ("[MSApp]", "2000056535971", "011")
    assert wanted.transactions == ("T-1", "T-2")


@pytest.mark.parametrize("missing", EMPTY)
def test_all_five_have_to_be_named(missing: str) -> None:
    body = {name: value for name, value in EMPTY.items() if name != missing}
    with pytest.raises(RequestInvalid, match=missing):
        read_wanted(orjson.dumps(body))


@pytest.mark.parametrize(
    "changes",
    [
        {"datetimeFrom": 7},
        {"datetimeFrom": "2026-02-30T00:00:00+00:00"},
        {"datetimeTo": "2026-03-21T00:00:00.000000"},
        {"eventCode": ""},
        {"version": "x" * 51},
        {"transactionIDs": "T-1"},
        {"transactionIDs": ["x" * 66]},
        {"transactionIDs": [""]},
    ],
)
def test_what_cannot_be_used(changes: dict[str, Any]) -> None:
    with pytest.raises(RequestInvalid):
        read(**changes)


@given(st.integers(0, 2**63 - 1))
def test_a_token_goes_on_where_it_was_made(last: int) -> None:
    wanted = read(MPAN="2000056535971")
    text = token(last, wanted, "2200000001", "IF-031")
    assert continue_after(text, wanted, "2200000001", "IF-031") == last


@pytest.mark.parametrize(
    ("recipient", "channel", "mpan"),
    [("2200000002", "IF-031", None), ("2200000001", "IF-032", None), ("2200000001", "IF-031", "1" * 13)],
)
def test_a_token_of_another_question_is_refused(recipient: str, channel: str, mpan: str | None) -> None:
    text = token(7, read(), "2200000001", "IF-031")
    with pytest.raises(RequestInvalid, match="another request"):
        continue_after(text, read(MPAN=mpan), recipient, channel)


def test_without_a_token_from_the_beginning() -> None:
    assert continue_after(None, read(), "2200000001", "IF-031") == 0


def test_a_replayed_publication_says_so_and_is_else_the_same() -> None:
    original = {"payload": {"CommonBlock": {"D0": {"replayIndicator": False, "transactionID": "T-1"}}}}
    changed = replayed(orjson.dumps(original))
    assert changed["payload"]["CommonBlock"]["D0"] == {"replayIndicator": True, "transactionID": "T-1"}


@pytest.mark.parametrize(
    ("numbers", "percent", "status"),
    [
        ((4, 4, 0), 0, "Processing"),
        ((4, 1, 1), 75, "Processing"),
        ((3, 1, 0), 66, "Processing"),
        ((4, 0, 0), 100, "Completed"),
        ((4, 0, 1), 100, "Failed"),
    ],
)
def test_progress(numbers: tuple[int, int, int], percent: int, status: str) -> None:
    told = progress(*numbers)
    assert (told["percentComplete"], told["status"]) == (percent, status)
    assert told["processedTransactions"] == numbers[0] - numbers[1]
