"""Which addresses are closed, told apart as the gateway tells its addresses apart."""

from __future__ import annotations

import pytest

from dipemu.access.addresses import closed, room


@pytest.mark.parametrize(
    "path", ["/api", "/API/faults", "//api/faults", "///Ui/", "/ui", "/ui/runs/1", "/metrics", "/Metrics/"]
)
def test_what_is_not_the_markets_is_closed_however_it_is_written(path: str) -> None:
    assert closed(path)


@pytest.mark.parametrize(
    "path", ["", "/", "/apiary", "/uistuff", "/dip-channel/api", "/css/messages", "/health/ready", "/a/api"]
)
def test_the_markets_addresses_are_open(path: str) -> None:
    assert not closed(path)


def test_the_room_of_an_address_is_its_first_part() -> None:
    assert room("/UI/runs/1") == "ui"
    assert room("//api/messages") == "api"
    assert room("") == ""
