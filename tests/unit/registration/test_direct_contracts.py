"""IF-038 → IF-039: a service reports its own contract with the customer."""

from __future__ import annotations

from typing import Any

import pytest

from backbone.clock import uk_midnight
from contracts.envelope import Sender
from participant.handlers import Incoming
from services.registration.register import uk_stamp
from tests.unit.messages import NOW, custom_block
from tests.unit.registration.given import (
    MSS,
    NEW_MSS,
    SDS,
    after,
    codes,
    metering_point,
    pending,
    publication,
)


def day(number: int) -> str:
    return uk_stamp(uk_midnight(NOW, number))


def add(kind: str = "MS", sender: str = MSS, named: str | None = "", until: str | None = None) -> Incoming:
    part, block = ("MeteringService", "B020") if kind == "MS" else ("DataService", "B021")
    custom = {
        block: {
            f"customerDirectContract{part}DIPID": sender if named == "" else named,
            f"customerDirectContract{part}EffectiveToDate": until or day(300),
        }
    }
    role = "MSS" if kind == "MS" else "SDS"
    return publication("PUB-038", f"[DirectContract{kind}Add]", Sender(sender, role), custom)


def remove(kind: str = "MS", sender: str = MSS) -> Incoming:
    incoming = publication("PUB-038", f"[DirectContract{kind}Remove]", Sender(sender, "MSS"), {})
    del incoming.message["payload"]["CustomBlock"]
    return incoming


def test_a_contract_is_held_answered_and_told_to_the_next_supplier() -> None:
    point, (told,) = after(metering_point(), add())
    assert (told.interface, told.event, told.primary) == ("IF-039", "[DirectContractMSAdd]", (MSS,))
    _, (site,) = after(point, pending())
    block = custom_block(site)["B006"]
    assert block["customerDirectContractMeteringService"] is True
    assert block["customerDirectContractMeteringServiceDIPID"] == MSS
    point, (told,) = after(point, remove())
    assert (told.custom, point.site.direct_metering_service) == (None, None)


@pytest.mark.parametrize(
    ("site", "incoming", "broken"),
    [
        ({}, add("DS", SDS), []),
        ({}, add(until="this date is no date text"), ["REG1022"]),
        ({}, add(until=day(-1)), ["REG1071"]),
        ({"customerDirectContractMeteringServiceDIPID": NEW_MSS}, add(), ["REG1073"]),
        ({}, remove(), ["REG1074"]),
        ({}, add(sender=NEW_MSS), ["REG1075"]),
        ({}, add(named=NEW_MSS), ["REG1076"]),
    ],
)
def test_each_rule_has_its_code(site: dict[str, Any], incoming: Incoming, broken: list[str]) -> None:
    assert codes(metering_point(**site), incoming) == broken


def test_a_contract_about_an_unknown_mpan_gets_reg0000() -> None:
    assert codes(None, add()) == ["REG0000"]
    assert codes(None, remove()) == ["REG0000"]
