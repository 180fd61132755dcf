"""The command ``load_mpan`` and the site data it brings."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from backbone.journal.events import Kind
from participant.handlers import JournalNote
from services.qualification.scenario import load_scenarios
from services.registration.loading import metering_point
from services.registration.site_data import SiteData
from tests.unit.messages import LDSO, MPAN, NOW
from tests.unit.registration.given import (
    MSS,
    REGS,
    SITE,
    SUPPLIER,
    command,
    switching_point,
    tell,
)


def load(mpan: str = MPAN, **changes: Any):
    site = {name: value for name, value in {**SITE, **changes}.items() if value is not None}
    return metering_point(mpan, REGS, {"siteData": site}, NOW)


def test_a_loaded_metering_point_is_confirmed_in_the_journal() -> None:
    point, outputs = tell(None, command("load_mpan", {"siteData": SITE}))

    assert outputs == [JournalNote(Kind.HARNESS_PREPARED, {"command": "load_mpan"})]
    assert point is not None
    assert (point.mpan, point.registration_service) == (MPAN, REGS)
    assert (point.supplier.dip_id, point.metering_service and point.metering_service.dip_id) == (
        SUPPLIER,
        MSS,
    )


def test_loading_again_starts_afresh() -> None:
    point, _ = tell(switching_point(), command("load_mpan", {"siteData": SITE}))
    assert point is not None
    assert point.switches == ()


def test_the_gsp_group_follows_from_the_distributor() -> None:
    assert load().mpan_block().gsp_group == "_A"
    assert load("2300000000005").mpan_block().gsp_group == "_M"
    assert load(GSPGroupID="_C").mpan_block().gsp_group == "_C"


def test_an_embedded_distributor_needs_its_gsp_group() -> None:
    with pytest.raises(ValueError, match="GSPGroupID is needed"):
        load("2600000000001")
    assert load("2600000000001", GSPGroupID="_B").mpan_block().distributor_dip_id == LDSO


def test_facts_without_a_date_hold_since_two_years_ago() -> None:
    point = load(supplierEffectiveFromDate=None)
    assert point.since == datetime(2024, 3, 20, tzinfo=UTC)
    assert point.supplier.effective_from == point.since


@pytest.mark.parametrize(
    "changes",
    [
        {"distributorDIPID": None},
        {"supplierMPID": "toolong"},
        {"meteringServiceMPID": None},
        {"marketSegmentIndicator": "Q"},
        {"addressLine1": "x" * 41},
        {"unknownField": 1},
        {"supplierEffectiveFromDate": "2026-01-01T00:00:00"},
    ],
)
def test_site_data_that_cannot_be_used_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        load(**changes)


def test_every_packaged_scenario_has_site_data_that_the_register_knows() -> None:
    for scenario in load_scenarios().values():
        names = set(scenario.mpan.site_data) - {field.alias for field in SiteData.model_fields.values()}
        assert names <= {"meters", "linked", "related", "migrated", "since"}, scenario.id
