"""Checks beyond the schema: each finds its fault, stays quiet otherwise, and can be switched."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from contracts import load_catalogue
from contracts.envelope import header
from contracts.errors import ContractError
from contracts.samples import sample
from contracts.semantic_rules import day_lengths
from contracts.semantics import RULES, Context, Semantics, described
from contracts.validation import Severity, Validator

CATALOGUE = load_catalogue("2.1.0")
VALIDATOR = Validator(CATALOGUE)
S1 = "/payload/CommonBlock/S1"
M0 = "/payload/CommonBlock/M0"
EFFECTIVE = "/payload/CustomBlock/B070/proposedMeteringServiceDIPEffectiveFromDate"
DAY = "/payload/CustomBlock/B900/settlementDayConsumptionPeriods/0"
LONDON = ZoneInfo("Europe/London")


def found(overrides, interface="IF-031", event="MSApp", context=None):
    """Rule id to violation of a sample with these changes; the schema must be content."""
    message = sample(CATALOGUE, interface, event, seed=3, overrides=overrides)
    checked = VALIDATOR.check(message, context)
    assert checked.valid, checked.errors
    return {violation.rule: violation for violation in checked.warnings}


def consumption(start, count=48, **changes):
    """Overrides for a settlement day of ``count`` half hours from ``start``."""
    first = start.astimezone(UTC)
    ends = [(first + timedelta(minutes=30 * n)).isoformat() for n in range(1, count + 1)]
    period = {"v": "1.000", "q": "A", "e": None, "arc": None}
    day = {
        "settlementDay": {"settlementDayDate": start.isoformat(), "periodDuration": 30},
        "consumptionPeriods": [{"sp": end, **period} for end in ends],
    }
    return {DAY: day, **changes}


def in_day(overrides):
    return found(overrides, "IF-021", "ActivePower")


def test_a_good_message_has_no_warning():
    assert found({}) == {}


def test_a_header_read_already_is_believed():
    message = sample(CATALOGUE, "IF-031", "MSApp", seed=3)
    known = header(message)
    assert Semantics().check(message, CATALOGUE, header=known) == Semantics().check(message, CATALOGUE)
    other = known._replace(role="MSS")
    found = Semantics().check(message, CATALOGUE, header=other)
    assert "sender-role" in {violation.rule for violation in found}


@pytest.mark.parametrize("mpan", ["2000056535972", "1234567890123"])
def test_a_wrong_check_digit(mpan):
    violation = found({f"{M0}/MPANCore": mpan})["mpan-check-digit"]
    assert violation.pointer == f"{M0}/MPANCore"
    assert violation.recipient_code == "RCP1061"
    assert mpan[:12] in violation.expected


def test_a_wrong_check_digit_in_a_list():
    bad = {
        "/payload/CustomBlock/B090List": [
            {"subsidiaryMPAN": "2000056535971"},
            {"subsidiaryMPAN": "4000056535972"},
        ]
    }
    violation = found(bad, "IF-019", "RelatedAdd")["mpan-check-digit"]
    assert violation.pointer == "/payload/CustomBlock/B090List/1/subsidiaryMPAN"


@pytest.mark.parametrize("text", ["2026-02-30T00:00:00+00:00", "2026-03-21 00:00:00      ", "x" * 25])
def test_a_date_that_does_not_exist(text):
    assert found({EFFECTIVE: text})["date-validity"].pointer == EFFECTIVE


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("2026-07-10T00:00:00+00:00", "2026-07-10T00:00:00+01:00"),
        ("2026-01-10T12:00:00+00:00", "2026-01-10T00:00:00+00:00"),
    ],
)
def test_appointment_dates_are_midnight_in_the_uk(text, right):
    assert found({EFFECTIVE: text})["uk-midnight"].expected == right


@pytest.mark.parametrize(
    "text", ["2026-07-10T00:00:00+01:00", "2026-01-10T00:00:00+00:00", "2026-07-09T23:00:00+00:00"]
)
def test_midnight_in_the_uk_in_any_offset_is_fine(text):
    assert "uk-midnight" not in found({EFFECTIVE: text})


def test_a_settlement_day_begins_at_midnight_utc():
    start = datetime(2026, 1, 5, 12, tzinfo=UTC)
    assert in_day(consumption(start))["settlement-day-utc"].expected == "2026-01-05T00:00:00+00:00"


def test_settlement_periods_are_in_utc():
    pointer = f"{DAY}/consumptionPeriods/0/sp"
    changes = {pointer: "2026-07-05T01:30:00+01:00"}
    violation = in_day(consumption(datetime(2026, 7, 5, tzinfo=UTC), **changes))["settlement-period-utc"]
    assert violation.pointer == pointer
    assert violation.expected == "2026-07-05T00:30:00+00:00"


def test_periods_are_named_by_their_end():
    """The published example starts its periods at 00:00 (facts 3.10)."""
    start = datetime(2026, 1, 5, tzinfo=UTC)
    changes = {f"{DAY}/consumptionPeriods/0/sp": start.isoformat()}
    violation = in_day(consumption(start, **changes))["settlement-period-end"]
    assert "a period has the name of its end" in violation.message


@pytest.mark.parametrize("minutes", [10, 24 * 60 + 30, -30])
def test_periods_end_on_the_half_hour_within_their_day(minutes):
    start = datetime(2026, 1, 5, tzinfo=UTC)
    changes = {f"{DAY}/consumptionPeriods/5/sp": (start + timedelta(minutes=minutes)).isoformat()}
    assert "settlement-period-end" in in_day(consumption(start, **changes))


def test_a_day_has_48_periods():
    assert "settlement-period-count" not in in_day(consumption(datetime(2026, 1, 5, tzinfo=UTC)))
    violation = in_day(consumption(datetime(2026, 1, 5, tzinfo=UTC), 47))["settlement-period-count"]
    assert violation.message == "2026-01-05 has 47 settlement periods; that day has 48."


@pytest.mark.parametrize(
    ("day", "lengths"), [("2026-03-29", {46, 48}), ("2026-10-25", {48, 50}), ("2026-06-01", {48})]
)
def test_the_days_on_which_clocks_change_may_have_46_or_50(day, lengths):
    year, month, number = map(int, day.split("-"))
    assert day_lengths(datetime(year, month, number, tzinfo=LONDON)) == lengths
    assert day_lengths(datetime(year, month, number, tzinfo=UTC)) == lengths


def test_46_periods_are_right_for_the_uk_day_in_spring():
    spring = datetime(2026, 3, 29, tzinfo=LONDON)
    assert "settlement-period-count" not in in_day(consumption(spring, 46))
    assert "settlement-period-count" in in_day(consumption(spring, 47))


def test_no_period_comes_twice():
    start = datetime(2026, 1, 5, tzinfo=UTC)
    twice = (start + timedelta(minutes=30)).isoformat()
    violation = in_day(consumption(start, **{f"{DAY}/consumptionPeriods/7/sp": twice}))["duplicate-period"]
    assert violation.pointer == f"{DAY}/consumptionPeriods/7/sp"


@pytest.mark.parametrize(
    ("reference", "rule"),
    [
        ("S-IF-031-2300000001-SUP-20222313-ab", "reference-date"),
        ("S-IF-032-2300000001-SUP-20260321-ab", "reference-interface"),
        ("S-IF-031-2300000099-SUP-20260321-ab", "reference-sender"),
        ("S-IF-031-2300000001-REGS-20260321-ab", "reference-sender"),
    ],
)
def test_the_parts_of_the_sender_reference(reference, rule):
    sender = {
        f"{S1}/senderTimestamp": "2026-03-21T10:00:00+00:00",
        f"{S1}/senderDIPID": "2300000001",
        f"{S1}/senderUniqueReference": reference,
    }
    assert set(found(sender)) == {rule}


def test_around_midnight_the_utc_and_the_uk_date_are_both_right():
    for day in ("20260701", "20260702"):
        sent = {
            f"{S1}/senderTimestamp": "2026-07-01T23:30:00+00:00",
            f"{S1}/senderDIPID": "2300000001",
            f"{S1}/senderUniqueReference": f"S-IF-031-2300000001-SUP-{day}-ab",
        }
        assert found(sent) == {}


def test_reports_leave_the_letter_of_their_interface_out_of_the_reference():
    message = sample(CATALOGUE, "REP-002A", "DUoSEmbeddedLDSOAggData")
    assert VALIDATOR.check(message).violations == ()


def test_a_role_that_does_not_send_this_interface():
    violations = found({f"{S1}/senderRoleID": "LDSO"})
    assert "is sent by SUP, not by LDSO" in violations["sender-role"].message


def test_a_role_the_sender_does_not_hold():
    sender = {f"{S1}/senderDIPID": "2300000001"}
    other = Context(role_of={"2300000001": "REGS"}.get)
    violation = found(sender, context=other)["sender-role"]
    assert violation.code == "MSG1010"
    assert "2300000001 holds the role REGS, not SUP." in violation.message
    assert "sender-role" not in found(sender, context=Context(role_of=lambda dip_id: None))


def test_the_gsp_group_of_the_distributor():
    wrong = {f"{M0}/MPANCore": "2000056535971", f"{M0}/GSPGroupID": "_A"}
    assert found(wrong)["gsp-group"].expected == "_H"
    embedded = {f"{M0}/MPANCore": "2400000000010", f"{M0}/GSPGroupID": "_A"}
    assert "gsp-group" not in found(embedded)


def test_a_timestamp_in_the_future_needs_to_know_the_time():
    sent = {f"{S1}/senderTimestamp": "2026-03-21T10:00:00+00:00"}
    early, late = datetime(2026, 3, 21, 9, tzinfo=UTC), datetime(2026, 3, 21, 11, tzinfo=UTC)
    assert found(sent, context=Context(now=early))["sent-in-future"].recipient_code == "RCP1008"
    assert "sent-in-future" not in found(sent, context=Context(now=late))
    assert "sent-in-future" not in found(sent)


# --- switching


BAD_MPAN = {f"{M0}/MPANCore": "2000056535972", f"{M0}/GSPGroupID": "_A"}


def test_by_default_every_rule_only_warns_so_the_verdict_stays_the_schemas():
    assert all(rule.severity is Severity.WARNING for rule in RULES)


def test_a_rule_can_be_made_an_error_or_switched_off():
    strict = Validator(CATALOGUE, semantics=Semantics.of(["mpan-check-digit=error", "gsp-group=off"]))
    checked = strict.check(sample(CATALOGUE, "IF-031", "MSApp", overrides=BAD_MPAN))
    assert not checked.valid
    assert [v.rule for v in checked.errors] == ["mpan-check-digit"]
    assert checked.warnings == ()


def test_all_rules_can_be_left_out():
    checked = Validator(CATALOGUE, semantics=None).check(
        sample(CATALOGUE, "IF-031", "MSApp", overrides=BAD_MPAN)
    )
    assert checked.violations == ()


@pytest.mark.parametrize("setting", ["nonsense=off", "gsp-group", "gsp-group=loud"])
def test_a_wrong_setting_is_told(setting):
    with pytest.raises(ContractError, match=setting.split("=")[0]):
        Semantics.of([setting])


def test_every_rule_says_what_it_checks_and_where_it_comes_from():
    assert len(described()) == len(RULES)
    for rule in RULES:
        assert rule.source
        assert described()[rule.id] == rule.summary


@pytest.mark.parametrize("value", [None, 1, "x", [], {}, [{"settlementDay": 1}], [[]]])
@pytest.mark.parametrize(
    "pointer",
    [
        "/payload",
        "/payload/CommonBlock",
        "/payload/CustomBlock/B900/settlementDayConsumptionPeriods",
        f"{DAY}/settlementDay",
        f"{DAY}/settlementDay/settlementDayDate",
        f"{DAY}/consumptionPeriods",
        f"{DAY}/consumptionPeriods/0",
        f"{DAY}/consumptionPeriods/0/sp",
    ],
)
def test_no_rule_raises_whatever_the_shape(pointer, value):
    message = sample(CATALOGUE, "IF-021", "ActivePower", overrides={pointer: value})
    assert VALIDATOR.check(message, Context(now=datetime(2026, 1, 1, tzinfo=UTC))) is not None
