"""What CSS asks of a switch request."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from backbone.clock import uk_midnight
from contracts import css
from services.css_stub.rules import refusals

NOW = datetime(2026, 3, 20, 10, 30, tzinfo=UTC)


def request(days: int = 7, mpid: str = "SUPB") -> dict[str, Any]:
    return css.switch_request(
        mpan="1012345678903",
        supplier_mpid=mpid,
        supply_start_date=uk_midnight(NOW, days),
        registration_reference="R1",
        now=NOW,
    )


@pytest.mark.parametrize("days", [1, 7, 28])
def test_a_supply_start_date_one_to_28_days_ahead_is_taken(days: int) -> None:
    assert refusals(request(days), NOW, "SUPB") == ()


@pytest.mark.parametrize("days", [-1, 0, 29])
def test_any_other_supply_start_date_is_refused_in_plain_words(days: int) -> None:
    (problem,) = refusals(request(days), NOW, "SUPB")
    assert problem.pointer == "/data/supplyStartDate"
    assert "1 to 28 days after today, 2026-03-20" in problem.message


def test_days_are_counted_in_the_uk() -> None:
    """At half past eleven in the evening, UTC, of 2 April it is 3 April in British Summer Time."""
    evening = datetime(2026, 4, 2, 23, 30, tzinfo=UTC)
    starts_third = request() | {"data": request()["data"] | {"supplyStartDate": "2026-04-03T00:00:00+01:00"}}
    (problem,) = refusals(starts_third, evening, "SUPB")
    assert "today, 2026-04-03" in problem.message


def test_a_supplier_asks_for_itself_only() -> None:
    (problem,) = refusals(request(mpid="SUPA"), NOW, "SUPB")
    assert problem.pointer == "/data/supplierMpid"
    assert "SUPA" in problem.message
    assert "SUPB" in problem.message


def test_a_supplier_cannot_send_what_css_sends() -> None:
    pending = css.pending_registration(request(), registration_id="r", now=NOW)
    (problem,) = refusals(pending, NOW, "SUPB")
    assert problem.pointer == "/eventType"


@pytest.mark.parametrize("message", [None, [], "CSS01700", {}, {"eventType": "CSS01700", "data": []}])
def test_what_is_no_css_message_is_refused_without_a_fault(message: object) -> None:
    assert refusals(message, NOW, None)


def test_all_problems_are_told_at_once() -> None:
    broken = request(40, "SUPA")
    broken["data"]["mpxn"] = "12"
    pointers = {problem.pointer for problem in refusals(broken, NOW, "SUPB")}
    assert pointers == {"/data/mpxn", "/data/supplierMpid", "/data/supplyStartDate"}
