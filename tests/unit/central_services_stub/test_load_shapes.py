"""The load shaping service sends load shapes as it is ordered to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from contracts import envelope, load_catalogue
from contracts.validation import Validator
from participant.directory import Party
from participant.handlers import Incoming, WholeOut, World
from services.central_services_stub.handlers import build_registry

NOW = datetime(2026, 3, 20, 10, 30, tzinfo=UTC)
CATALOGUE = load_catalogue("2.1.0")
SHAPER, RUN = "1800000001", "0123456789ab"
PARTY = Party(
    dip_id=SHAPER, role="LSS", mpid="LSSA", organisation="Shapes", harness=True, api_key_hash="x"
)  # fmt: skip


def ordered(**arguments: Any) -> dict[str, Any]:
    incoming = Incoming(
        "command", SHAPER, "1012345678903", "send_load_shape", None, arguments, f"{RUN}-step-3-0", RUN
    )  # fmt: skip
    registry = build_registry(CATALOGUE)
    handler = registry.find(incoming)
    assert handler is not None
    state, outputs = handler(None, incoming, NOW, World((PARTY,), CATALOGUE))
    assert state is None
    assert isinstance(outputs[0], WholeOut)
    (message,) = outputs[0].messages
    return dict(message)


def test_a_day_has_48_half_hours_and_the_message_is_valid() -> None:
    message = ordered(day="2026-03-18T00:00:00+00:00", gspGroup="_A", value="0.417")
    assert Validator(CATALOGUE).check(message).violations == ()
    (day,) = envelope.custom(message)["B903List"]
    (shape,) = day["LSGSettlementPeriods"]
    periods = shape["LSGroupSettlementPeriods"]
    assert day["settlementDay"] == {"settlementDayDate": "2026-03-18T00:00:00+00:00", "periodDuration": 30}
    assert len(periods) == 48
    assert (periods[0]["sp"], periods[47]["sp"]) == ("2026-03-18T00:30:00+00:00", "2026-03-19T00:00:00+00:00")
    assert {period["loadShapePeriodValue"] for period in periods} == {"0.417"}


def test_the_group_is_as_ordered() -> None:
    wanted = {"connectionType": "H", "marketSegment": "A", "domestic": False, "measurementQuantity": "AE"}
    message = ordered(day="2026-03-18", flag="D", value=[f"{n}.000" for n in range(48)], **wanted)
    (shape,) = envelope.custom(message)["B903List"][0]["LSGSettlementPeriods"]
    assert shape["LSGroup"] == {
        "loadShapeGSPGroupID": None,
        "connectionTypeIndicator": "H",
        "marketSegmentIndicator": "A",
        "loadShapeDomesticPremiseIndicator": "F",
        "measurementQuantityID": "AE",
    }
    last = shape["LSGroupSettlementPeriods"][47]
    assert (last["loadShapePeriodValue"], last["defaultLoadShapeFlag"]) == ("47.000", "D")


def test_its_reference_names_the_run_and_it_carries_no_mpan() -> None:
    header = envelope.header(ordered(day="2026-03-18"))
    assert header.mpan is None
    assert (header.reference or "").rpartition("-")[2].startswith(RUN)


@pytest.mark.parametrize("wrong", [{"value": ["1.000"]}, {"day": "yesterday"}, {"gsp": "_A"}])
def test_an_order_that_cannot_be_carried_out_says_so(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        ordered(**({"day": "2026-03-18"} | wrong))
