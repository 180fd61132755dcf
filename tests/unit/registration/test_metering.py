"""IF-005 → IF-006: a metering service tells the register of its meters."""

from __future__ import annotations

from typing import Any

import pytest

from backbone.clock import uk_midnight
from contracts.envelope import Sender
from participant.handlers import Incoming
from services.registration.register import MeteringPoint, uk_stamp
from tests.unit.messages import CORRELATION, NOW, custom_block
from tests.unit.registration.given import (
    MSS,
    NEW_MSS,
    REGS,
    SUPPLIER,
    after,
    answer,
    codes,
    command,
    metering_point,
    pending,
    publication,
    tell,
)

HELD, NEW = "K12B34567", "N99"


def day(number: int) -> str:
    return uk_stamp(uk_midnight(NOW, number))


def meter(meter_id: str = NEW, installed: str | None = None, **changes: Any) -> dict[str, Any]:
    """Block B906 with the meter and its asset provider."""
    existing = {
        "meterID": meter_id,
        "modifiedMeterID": None,
        "meterType": "S2A",
        "manufacturersMakeAndType": None,
        "ESMEGUID": None,
        "meterLocation": "F",
        "numberOfDisplayedRegisterDigits": 5,
        "meterInstallationDate": installed or day(0),
    }
    provider = {"meterAssetProviderID": "MAP9", "meterAssetProviderEffectiveFromDate": installed or day(0)}
    return {"B906": {"existingMeter": existing | changes, "historyMAP": [provider]}}


def removal(meter_id: str = HELD, removed: str | None = None) -> dict[str, Any]:
    return {"B039": {"meterIDRemoved": meter_id, "meterRemovalDate": removed or day(0)}}


def report(event: str, custom: dict[str, Any], sender: str = MSS) -> Incoming:
    return publication("PUB-005", f"[{event}]", Sender(sender, "MSS"), custom)


def ids(point: MeteringPoint) -> list[str]:
    return [one.id for one in point.site.meters]


def test_an_exchange_replaces_the_meter_and_everybody_is_told_what_is_there_now() -> None:
    point, (told,) = after(metering_point(), report("MeterExchange", meter() | removal()))

    assert (told.sender, told.interface, told.event) == (REGS, "IF-006", "[MeterExchange]")
    assert (told.primary, told.correlation_id) == ((), CORRELATION)
    custom = custom_block(told)
    assert {name: custom[name] for name in ("B906", "B039")} == meter() | removal()
    (listed,) = custom["B905List"]
    assert listed["existingMeter"]["meterID"] == NEW
    assert listed["existingMAP"] == {
        "meterAssetProviderID": "MAP9",
        "meterAssetProviderEffectiveFromDate": day(0),
    }
    assert ids(point) == [NEW]


def test_an_installation_adds_and_a_removal_takes_away() -> None:
    point, _ = after(metering_point(), report("MeterInstall", meter()))
    assert ids(point) == [HELD, NEW]
    point, (told,) = after(point, report("MeterRemoval", removal()))
    assert ids(point) == [NEW]
    assert [one["existingMeter"]["meterID"] for one in custom_block(told)["B905List"]] == [NEW]
    point, (told,) = after(point, report("MeterRemoval", removal(NEW)))
    assert ids(point) == []
    assert "B905List" not in custom_block(told)


def test_an_update_renames_the_meter_and_keeps_its_asset_provider() -> None:
    update = meter(HELD, modifiedMeterID="K2", numberOfDisplayedRegisterDigits=6)
    del update["B906"]["historyMAP"]
    point, _ = after(metering_point(), report("MeterUpdate", update))
    (held,) = point.site.meters
    assert (held.id, held.register_digits, held.asset_provider) == ("K2", 6, "MAP1")


def test_a_history_update_leaves_the_installed_meters_alone() -> None:
    history = meter("OLD1", day(-900)) | removal("OLD1", day(-100))
    point, (told,) = after(metering_point(), report("MeterHistoryUpdate", history))
    assert told.response is not None
    assert (told.response.code, ids(point)) == ("A", [HELD])


def test_an_in_home_display_comes_with_the_meter_and_the_next_supplier_learns_of_both() -> None:
    display = {"B030": {"IHDInstallStatus": "D", "IHDEffectiveFromDate": day(0)}}
    point, _ = after(metering_point(), report("MeterInstall", meter() | display))
    _, (site,) = after(point, pending())
    custom = custom_block(site)
    assert custom["B030"] == display["B030"]
    assert [one["existingMeter"]["meterID"] for one in custom["B905List"]] == [HELD, NEW]


MSS_FROM = {"meteringServiceEffectiveFromDate": day(-2)}
INSTALLED = {"meters": [{"meterID": HELD, "meterInstallationDate": day(-10)}]}


@pytest.mark.parametrize(
    ("site", "incoming", "broken"),
    [
        ({"connectionTypeIndicator": "U"}, report("MeterInstall", meter()), ["REG0003"]),
        ({"marketSegmentIndicator": "U"}, report("MeterInstall", meter()), ["REG0004"]),
        ({}, report("MeterInstall", meter(), NEW_MSS), ["REG1002"]),
        ({}, report("MeterRemoval", removal("X1")), ["REG1004"]),
        (INSTALLED, report("MeterRemoval", removal(removed=day(-11))), ["REG1005"]),
        (INSTALLED, report("MeterRemoval", removal(removed=day(-10))), []),
        ({}, report("MeterInstall", meter(HELD)), ["REG1006"]),
        ({}, report("MeterExchange", meter(installed=day(-2)) | removal(removed=day(-1))), ["REG1008"]),
        ({}, report("MeterExchange", meter(installed=day(-1)) | removal(removed=day(-1))), []),
        ({"MPANCreationDate": day(-2)}, report("MeterInstall", meter(installed=day(-3))), ["REG1011"]),
        ({"MPANCreationDate": day(-2)}, report("MeterInstall", meter(installed=day(-2))), []),
        (INSTALLED, report("MeterUpdate", meter(HELD, day(-9), modifiedMeterID="Y1")), ["REG1017"]),
        (INSTALLED, report("MeterUpdate", meter(HELD, day(-10), modifiedMeterID="Y1")), []),
        (INSTALLED, report("MeterUpdate", meter(HELD, day(-9))), []),
        ({}, report("MeterUpdate", meter(HELD), NEW_MSS), ["REG1012"]),
        ({}, report("MeterUpdate", meter(HELD, modifiedMeterID=HELD)), ["REG1013"]),
        ({}, report("MeterUpdate", meter("X1")), ["REG1015"]),
        ({}, report("MeterHistoryUpdate", meter("OLD1") | removal("OLD2")), ["REG1016"]),
        ({}, report("MeterHistoryUpdate", meter(HELD)), ["REG1018"]),
        (MSS_FROM, report("MeterInstall", meter(installed=day(-3))), ["REG1019"]),
        (MSS_FROM, report("MeterInstall", meter(installed=day(-2))), []),
        ({}, report("MeterInstall", meter(installed=day(1))), ["REG1020"]),
        ({}, report("MeterRemoval", removal(removed="this date is no date text")), ["REG1022"]),
        ({}, report("MeterInstall", meter(modifiedMeterID="Y1")), ["REG1029"]),
        ({"migrated": False}, report("MeterInstall", meter()), ["REG9003"]),
        ({}, report("MeterInstall", meter(HELD, modifiedMeterID="Y1"), NEW_MSS),
         ["REG1002", "REG1006", "REG1029"]),
    ],
)  # fmt: skip
def test_each_rule_has_its_code(site: dict[str, Any], incoming: Incoming, broken: list[str]) -> None:
    assert codes(metering_point(**site), incoming) == broken


def test_reg1010_when_the_asset_provider_is_there_before_the_meter() -> None:
    custom = meter()
    custom["B906"]["historyMAP"][0]["meterAssetProviderEffectiveFromDate"] = day(-1)
    assert codes(metering_point(), report("MeterInstall", custom)) == ["REG1010"]


def test_reg1096_when_the_display_is_there_before_the_meter() -> None:
    display = {"B030": {"IHDInstallStatus": "I", "IHDEffectiveFromDate": day(-1)}}
    assert codes(metering_point(), report("MeterInstall", meter() | display)) == ["REG1096"]


def test_reg1001_when_the_site_is_disconnected() -> None:
    order = command("change_site", {"event": "[MPANDisconnection]", "effectiveFrom": day(-1)})
    point, _ = tell(metering_point(), order)
    assert codes(point, report("MeterInstall", meter())) == ["REG1001"]


def test_reg1007_when_the_site_is_to_be_disconnected_before_the_meter_is_installed() -> None:
    order = command("change_site", {"event": "[MPANDisconnection]", "effectiveFrom": day(1)})
    point, _ = tell(metering_point(), order)
    assert codes(point, report("MeterInstall", meter())) == []
    assert codes(point, report("MeterInstall", meter(installed=day(1)))) == ["REG1007", "REG1020"]


def test_a_refusal_changes_nothing_and_reaches_who_asked() -> None:
    point, (told,) = after(metering_point(), report("MeterExchange", meter() | removal(), NEW_MSS))
    assert point == metering_point()
    assert (told.primary, "B905List" in custom_block(told)) == ((NEW_MSS,), False)


def test_a_meter_of_an_unknown_mpan_gets_reg0000() -> None:
    assert codes(None, report("MeterInstall", meter())) == ["REG0000"]


def test_the_supplier_is_told_what_the_metering_service_is_told() -> None:
    told = answer(metering_point(supplierDIPID=SUPPLIER), report("MeterRemoval", removal()))
    assert told.mpan is not None
    assert custom_block(told)["B039"] == removal()["B039"]
