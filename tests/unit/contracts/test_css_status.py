"""CSS02370: how a switch goes on after it was pending."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from contracts import css

NOW = datetime(2026, 3, 20, 10, 30, tzinfo=UTC)


@pytest.fixture
def pending() -> dict[str, Any]:
    request = css.switch_request(
        mpan="1012345678903",
        supplier_mpid="SUPB",
        supply_start_date=datetime(2026, 4, 1, tzinfo=UTC),
        registration_reference="R1",
        now=NOW,
    )
    return css.pending_registration(request, registration_id="reg-1", now=NOW, supplier_dip_id="2300000002")


@pytest.mark.parametrize("status", css.STATUSES)
def test_a_status_carries_what_the_pending_registration_carried(pending: dict[str, Any], status: str) -> None:
    message = css.registration_status(pending, status=status, now=NOW)

    assert css.check(message) == ()
    header = css.header(message)
    assert (header.event_type, header.status) == (css.REGISTRATION_STATUS, status)
    assert (header.registration_id, header.supplier_dip_id) == ("reg-1", "2300000002")
    assert header.correlation_id == pending["correlationId"]
    assert header.event_id != pending["eventId"]


@pytest.mark.parametrize("status", ["Pending", "Active", "", None])
def test_other_statuses_are_problems(pending: dict[str, Any], status: Any) -> None:
    message = css.registration_status(pending, status=status, now=NOW)
    assert [problem.pointer for problem in css.check(message)] == ["/data/registrationStatus"]
