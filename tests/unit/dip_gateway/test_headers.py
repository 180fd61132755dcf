"""The fast reader says what the careful one says, whatever it is given."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import envelope
from contracts.envelope import MpanBlock, Sender
from services.dip_gateway.headers import read_header

NOW = datetime(2026, 3, 21, 12, 0, tzinfo=UTC)
BLOCK = MpanBlock("2000056535971", "2500000001", "_K")


def message(interface: str = "IF-036", mpan: MpanBlock | None = BLOCK, **more: Any) -> dict[str, Any]:
    return envelope.build(interface, "[X]", sender=Sender("2300000001", "SUP"), now=NOW, mpan=mpan, **more)


@pytest.mark.parametrize(
    "built",
    [
        message(),
        message(primary=["1200000001", "1400000001"]),
        message("IF-019"),
        message("IF-047", None),
        message(correlation_id="CI-20260321-1", connection_provider="1000000009"),
    ],
)
def test_well_formed_messages_are_read_alike(built: dict[str, Any]) -> None:
    assert read_header(built) == envelope.header(built)


values: st.SearchStrategy[Any] = (
    st.none() | st.integers() | st.text(max_size=3) | st.lists(st.text(max_size=2), max_size=2) | st.just({})
)


@given(st.sampled_from(["S0", "S1", "M0", "A0"]), st.integers(0, 9), values, st.booleans())
def test_broken_messages_are_read_alike(block: str, which: int, value: Any, whole: bool) -> None:
    built = message(primary=["1200000001"])
    common = built["payload"]["CommonBlock"]
    names = list(common[block])
    if whole:
        common[block] = value
    else:
        common[block][names[which % len(names)]] = value
    assert read_header(built) == envelope.header(built)


@pytest.mark.parametrize("strange", [None, 1, "x", [], {}, {"payload": []}, {"payload": {"CommonBlock": []}}])
def test_strange_shapes_are_read_alike(strange: Any) -> None:
    assert read_header(strange) == envelope.header(strange)


def test_other_spellings_are_read_alike() -> None:
    built = message()
    built["payload"]["commonblock"] = built["payload"].pop("CommonBlock")
    assert read_header(built) == envelope.header(built)
