"""How values are written on pages, and what every answer carries."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.qualification.web import pages


def test_supply_start_dates_are_told_in_uk_time_whichever_offset_they_carry() -> None:
    assert pages.uk("2026-07-01T23:00:00+00:00") == "2 July 2026, 00:00 UK time"
    assert pages.uk("2026-07-02T00:00:00+01:00") == "2 July 2026, 00:00 UK time"
    assert pages.uk("2026-12-07T00:00:00+00:00") == "7 December 2026, 00:00 UK time"


def test_times_are_told_in_utc() -> None:
    assert pages.second("2026-07-02T00:00:00+01:00") == "2026-07-01 23:00:00 UTC"
    assert pages.second(None) == ""
    assert pages.day(datetime(2026, 3, 2, tzinfo=UTC)) == "2 March 2026"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (305, "5 min 05 s"),
        (7800, "2 h 10 min"),
        (180_000, "2 days 02 h"),
        (-3, "0 s"),
    ],
)
def test_durations_are_told_in_words(seconds: float, words: str) -> None:
    assert pages.duration(seconds) == words


def test_names_of_data_become_words() -> None:
    assert pages.spoken("supplyStartDate") == "Supply start date"
    assert (
        pages.placeholders("MPAN ${mpan}, from ${supplyStartDate}.") == "MPAN ‹mpan›, from ‹supplyStartDate›."
    )


def test_only_a_moment_with_an_offset_is_taken_for_a_date() -> None:
    assert pages.is_time("2026-12-07T00:00:00+00:00")
    assert not pages.is_time("2026-12-07")
    assert not pages.is_time(20261207)


def test_every_text_is_escaped() -> None:
    answer = pages.problem(404, "<b>", "<script>alert(1)</script>")
    body = bytes(answer.body).decode()
    assert "<script>alert" not in body
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in body


def test_pages_allow_nothing_from_elsewhere_and_no_inline_script() -> None:
    policy = pages.problem(404, "", "").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_the_report_may_run_its_own_script_and_no_other() -> None:
    policy = pages.evidence_policy()
    assert policy.count("'sha256-") == 1
    assert "script-src 'sha256-" in policy
    assert "sandbox" in policy


def test_the_style_sheet_holds_what_the_report_has_and_only_known_files_are_given() -> None:
    style = bytes(pages.asset("ui.css").body)
    assert b"svg.sequence" in style
    assert b".ui .bar" in style
    assert pages.asset("../pages.py").status_code == 404
