"""IF-007 [EnergisationStatusChange] → IF-008: a metering service reports that a site was (de-)energised."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from backbone.clock import uk_midnight
from contracts.envelope import Sender
from participant.handlers import Incoming
from services.registration.register import uk_stamp
from tests.unit.messages import CORRELATION, NOW, custom_block, sent
from tests.unit.registration.given import (
    MSS,
    NEW_MSS,
    REGS,
    UMSO,
    after,
    codes,
    metering_point,
    pending,
    publication,
    tell,
)

UNMETERED: dict[str, Any] = {
    "marketSegmentIndicator": "U",
    "connectionTypeIndicator": "U",
    "meteredIndicator": False,
    "meteringServiceDIPID": UMSO,
    "meteringServiceMPID": "UMSA",
}


def report(
    sender: str = MSS, role: str = "MSS", days: int = 0, status: str = "D", since: str | None = None
) -> Incoming:
    block = {
        "energisationStatus": status,
        "energisationStatusEffectiveFromDate": since or uk_stamp(uk_midnight(NOW, days)),
    }
    return publication("PUB-007", "[EnergisationStatusChange]", Sender(sender, role), {"B025": block})


def test_the_appointed_metering_service_is_believed_and_everybody_told() -> None:
    point, (told,) = after(metering_point(), report())

    assert (told.sender, told.interface, told.event) == (REGS, "IF-008", "[EnergisationStatusChange]")
    assert (told.primary, told.correlation_id) == ((), CORRELATION)
    assert told.response is not None
    assert told.response.code == "A"
    today = "2026-03-20T00:00:00+00:00"
    assert told.custom == {"B025": {"energisationStatus": "D", "energisationStatusEffectiveFromDate": today}}
    assert (point.site.energisation, point.energisation_since) == ("D", uk_midnight(NOW))


def test_the_next_supplier_learns_the_status_with_its_date() -> None:
    _, (site,) = after(metering_point(), report(days=-3), pending())
    assert custom_block(site)["B025"] == {
        "energisationStatus": "D",
        "energisationStatusEffectiveFromDate": "2026-03-17T00:00:00+00:00",
    }


@pytest.mark.parametrize(
    ("site", "incoming", "broken"),
    [
        ({"connectionTypeIndicator": "U"}, report(), ["REG0003"]),
        ({"marketSegmentIndicator": "U"}, report(), ["REG0004"]),
        ({}, report(NEW_MSS), ["REG1002"]),
        ({"meteringServiceDIPID": None, "meteringServiceMPID": None}, report(), ["REG1002"]),
        ({"meteringServiceEffectiveFromDate": "2026-03-18T00:00:00+00:00"}, report(days=-3), ["REG1002"]),
        ({"meteringServiceEffectiveFromDate": "2026-03-18T00:00:00+00:00"}, report(days=-2), []),
        ({}, report(days=1), ["REG1020"]),
        ({}, report(since="this date is no date text"), ["REG1022"]),
        (UNMETERED, report(UMSO, "UMSO"), []),
        (UNMETERED, report(), ["REG0003", "REG0004", "REG1002"]),
    ],
)
def test_each_rule_has_its_code(site: dict[str, Any], incoming: Incoming, broken: list[str]) -> None:
    assert codes(metering_point(**site), incoming) == broken


def test_reg1014_when_an_older_change_comes_after_a_newer_one() -> None:
    point, _ = after(metering_point(), report(days=-2))
    assert codes(point, report(days=-3, status="E")) == ["REG1014"]
    assert codes(point, report(days=-2, status="E")) == []


def test_a_refusal_changes_nothing_and_reaches_who_asked() -> None:
    refused = report(NEW_MSS)
    point, (told,) = after(metering_point(), refused)
    assert point == metering_point()
    assert told.primary == (NEW_MSS,)


def test_a_change_of_an_unknown_mpan_gets_reg0000() -> None:
    assert codes(None, report()) == ["REG0000"]


def test_the_day_of_the_message_decides_what_lies_in_the_future() -> None:
    late = NOW + timedelta(days=1)
    _, outputs = tell(metering_point(), report(days=1), late)
    assert [out.response.code for out in sent(outputs) if out.response] == ["A"]
