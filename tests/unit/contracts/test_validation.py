"""The validator: what it says about messages that are wrong, and how it reads names and values."""

from __future__ import annotations

import time
from copy import deepcopy
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import envelope, load_catalogue
from contracts.errors import UnknownVariant
from contracts.samples import put, sample
from contracts.validation import Severity, Validator

CATALOGUE = load_catalogue("2.1.0")
VALIDATOR = Validator(CATALOGUE)
S0 = "/payload/CommonBlock/S0"
S1 = "/payload/CommonBlock/S1"
B070 = "/payload/CustomBlock/B070"
B013 = "/payload/CustomBlock/B013"


@pytest.fixture
def message():
    custom = {
        "B013": {"CSSRegistrationID": "R-1"},
        "B070": {
            "proposedMeteringServiceDIPID": "1200000001",
            "proposedMeteringServiceMPID": "MSSA",
            "proposedMeteringServiceDIPEffectiveFromDate": "2026-04-10T00:00:00+01:00",
            "contractReferenceMeteringService": None,
            "appointmentScenario": "COS",
        },
    }
    return envelope.build(
        "IF-031",
        "[MSApp]",
        sender=envelope.Sender("2300000001", "SUP"),
        now=datetime(2026, 3, 21, 10, tzinfo=UTC),
        custom=custom,
        mpan=envelope.MpanBlock("2000056535971", "2500000001", "_H"),
        unique="0123456789abcdef",
    )


def only(message):
    """The one violation there has to be."""
    checked = VALIDATOR.check(message)
    assert not checked.valid
    assert len(checked.violations) == 1, checked.violations
    return checked.violations[0]


def changed(message, pointer, value):
    copy = deepcopy(message)
    put(copy, pointer, value)
    return copy


def without(message, pointer):
    copy = deepcopy(message)
    holder = copy
    *steps, last = pointer.split("/")[1:]
    for step in steps:
        holder = holder[step]
    del holder[last]
    return copy


def test_a_valid_message_is_returned_as_it_came(message):
    checked = VALIDATOR.check(message)
    assert checked.valid
    assert checked.message is message
    assert (checked.interface, checked.event, checked.variant) == ("IF-031", "[MSApp]", "MSApp")
    assert checked.violations == ()


def test_the_verdict_is_for_one_version_only():
    bad_reference = sample(
        CATALOGUE, "IF-031", "MSApp", overrides={f"{S1}/senderUniqueReference": "anything"}
    )
    assert not VALIDATOR.check(bad_reference).valid
    assert Validator(load_catalogue("2.0.1")).check(bad_reference).valid, "the pattern came with 2.1.0"


# --- explanations


def test_a_missing_field_is_named_with_its_number_and_what_it_takes(message):
    violation = only(without(message, f"{B013}/CSSRegistrationID"))
    assert violation.pointer == f"{B013}/CSSRegistrationID"
    assert violation.rule == "missing"
    assert (violation.code, violation.recipient_code) == ("MSG1001", "RCP1021")
    assert violation.item == "DI-849"
    assert violation.message == "`CSSRegistrationID` (DI-849) is missing."
    assert violation.expected == "text of at most 36 characters"


def test_a_field_that_may_be_null_has_to_be_there_all_the_same(message):
    violation = only(without(message, f"{S1}/senderCorrelationID"))
    assert "may be null but has to be present" in violation.message


def test_a_former_name_is_recognised(message):
    block = message["payload"]["CustomBlock"]["B013"]
    block["CSSRegistrationRequestID"] = block.pop("CSSRegistrationID")
    violation = only(message)  # B013 is open, so the stranger itself is allowed
    assert "`CSSRegistrationRequestID` is there: was `CSSRegistrationID` meant?" in violation.message


def test_a_near_miss_in_a_closed_block_says_what_was_meant(message):
    block = message["payload"]["CustomBlock"]["B070"]
    block["apointmentScenario"] = block.pop("appointmentScenario")
    violations = {v.rule: v for v in VALIDATOR.check(message).violations}
    assert violations["unknown"].pointer == f"{B070}/apointmentScenario"
    assert "Did you mean `appointmentScenario`?" in violations["unknown"].message
    assert violations["missing"].pointer == f"{B070}/appointmentScenario"


def test_a_field_of_nobody_gets_no_guess(message):
    violation = only(changed(message, f"{B070}/zebra", 1))
    assert violation.message == "B070 has no field `zebra`."
    assert "appointmentScenario" in violation.expected


def test_a_block_in_the_wrong_place_is_sent_where_its_data_belongs():
    site = sample(CATALOGUE, "IF-002", "GainMPANInfo", overrides={"/payload/CustomBlock/B035List": []})
    violation = only(site)
    assert "What B035 holds goes into `existingMeter` of `B907List`." in violation.message


def test_an_object_where_a_list_belongs():
    message = sample(
        CATALOGUE, "IF-001", "InitialRegistration", overrides={"/payload/CustomBlock/B037List": {}}
    )
    assert (
        only(message).message == "`B037List` must be a list, even of one: put the object in square brackets."
    )


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("2026-04-10T00:00:00Z", "has 20. Write the offset as +00:00 instead of Z"),
        ("2026-04-10T00:00:00.000+00:00", "Leave out the fractions"),
        ("2026-04-10T00:00:00", "The offset is missing"),
        ("2026-04-10", "exactly 25 characters such as"),
    ],
)
def test_a_date_and_time_has_exactly_25_characters(message, value, hint):
    violation = only(changed(message, f"{B070}/proposedMeteringServiceDIPEffectiveFromDate", value))
    assert violation.rule == "length"
    assert hint in violation.message


def test_values_are_case_sensitive(message):
    violation = only(changed(message, f"{B070}/appointmentScenario", "cos"))
    assert violation.rule == "enum"
    assert violation.recipient_code == "RCP1022"
    assert violation.value == "cos"
    assert violation.expected == "one of COS, CSP, USP, SEG, MCA, MCS, ALG"
    assert "Values are case-sensitive: write COS." in violation.message


@pytest.mark.parametrize(
    ("pointer", "value", "rule", "words"),
    [
        (f"{B070}/proposedMeteringServiceMPID", "mssa", "pattern", "4 capital letters"),
        (f"{B070}/proposedMeteringServiceMPID", 5, "type", "it is a number: 5"),
        (f"{B070}/proposedMeteringServiceMPID", None, "null", "must not be null"),
        (f"{B013}/CSSRegistrationID", "X" * 37, "length", "has 37"),
        (f"{B013}/CSSRegistrationID", "\U0001f642" * 37, "length", "has 37"),
        ("/payload/CommonBlock/M0/MPANCore", "20000565359", "length", "13 digits"),
        ("/payload/CommonBlock/M0/GSPGroupID", "_I", "enum", "one of"),
        ("/payload/CommonBlock/S1", [], "type", "S1 must be an object; it is a list"),
    ],
)
def test_each_rule_is_explained(message, pointer, value, rule, words):
    violation = only(changed(message, pointer, value))
    assert (violation.pointer, violation.rule) == (pointer, rule)
    assert words in violation.message
    assert violation.expected


def test_lengths_count_code_points(message):
    assert VALIDATOR.check(changed(message, f"{B013}/CSSRegistrationID", "\U0001f642" * 36)).valid


@pytest.mark.parametrize(
    ("duration", "valid"), [(30, True), (30.0, True), (15, False), (45, False), (True, False), ("30", False)]
)
def test_numbers_are_read_as_json_schema_reads_them(duration, valid):
    pointer = "/payload/CustomBlock/B900/settlementDayConsumptionPeriods/0/settlementDay/periodDuration"
    consumption = sample(CATALOGUE, "IF-021", "ActivePower", overrides={pointer: duration})
    assert VALIDATOR.check(consumption).valid is valid


def test_lost_leading_zeros_are_suspected():
    pointer = "/payload/CustomBlock/B032/SSC"
    legacy = sample(CATALOGUE, "IF-025", "SSCandProfileClass", overrides={pointer: "83"})
    assert "Were leading zeros lost: 0083?" in only(legacy).message


@pytest.mark.parametrize(
    ("name", "value", "code", "recipient_code"),
    [
        ("senderUniqueReference", "S-1", "MSG1001", "RCP1006"),
        ("senderTimestamp", "now", "MSG1007", "RCP1007"),
        ("senderDIPID", "1", "MSG1009", "RCP1009"),
        ("senderRoleID", "S", "MSG1010", "RCP1010"),
        ("DIPConnectionProviderID", "1", "MSG1011", "RCP1001"),
        ("senderCorrelationID", "X" * 61, "MSG1012", "RCP1001"),
        ("environmentTag", "XXX", "MSG1001", "RCP1004"),
    ],
)
def test_the_official_code_is_that_of_the_field(message, name, value, code, recipient_code):
    errors = VALIDATOR.check(changed(message, f"{S1}/{name}", value)).errors
    assert [(e.code, e.recipient_code) for e in errors] == [(code, recipient_code)]
    assert {code, recipient_code} <= CATALOGUE.codes.keys()


def test_all_violations_are_reported_not_the_first(message):
    broken = changed(message, f"{B070}/appointmentScenario", "XXX")
    broken = changed(broken, f"{S1}/senderTimestamp", "now")
    broken = without(broken, "/payload/CommonBlock/M0/MPANCore")
    broken = changed(broken, "/payload/CustomBlock/B071", {})
    assert {v.rule for v in VALIDATOR.check(broken).errors} == {"enum", "length", "missing", "unknown"}


# --- which variant


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ("MSApp", "The square brackets belong to it: [MSApp]."),
        ("[msapp]", "Values are case-sensitive: write [MSApp]."),
        ("[MSAp]", "Did you mean [MSApp]?"),
        ("[MSAppActive]", "It is an event of IF-036."),
    ],
)
def test_an_event_the_interface_does_not_have(message, event, words):
    violation = VALIDATOR.check(changed(message, f"{S0}/eventCode", event)).errors[0]
    assert violation.pointer == f"{S0}/eventCode"
    assert violation.recipient_code == "RCP1003"
    assert words in violation.message
    assert violation.expected == "one of [MSApp], [DSApp]"


def test_an_interface_there_is_not(message):
    violation = VALIDATOR.check(changed(message, f"{S0}/interfaceID", "IF-31")).errors[0]
    assert (violation.code, violation.recipient_code) == ("MSG1002", "RCP1002")
    assert "Did you mean IF-031?" in violation.message
    assert "IF-065" in violation.expected


def test_what_all_messages_share_is_checked_even_then(message):
    broken = changed(changed(message, f"{S0}/interfaceID", "IF-999"), f"{S1}/senderDIPID", "1")
    assert {v.pointer for v in VALIDATOR.check(broken).errors} == {f"{S0}/interfaceID", f"{S1}/senderDIPID"}


def test_a_message_can_be_checked_as_an_event_whatever_it_says(message):
    checked = VALIDATOR.check_as(message, "IF-031", "DSApp")
    assert not checked.valid
    assert f"{S0}/eventCode" in {v.pointer for v in checked.violations}
    assert VALIDATOR.check_as(message, "IF-031", "MSApp").valid
    with pytest.raises(UnknownVariant):
        VALIDATOR.check_as(message, "IF-031", "Nothing")


def test_a_message_that_fits_two_alternatives_is_refused_only_to_the_letter():
    related = sample(CATALOGUE, "IF-020", "RelatedAdd")
    assert VALIDATOR.check(related).valid
    checked = Validator(CATALOGUE, semantics=None, literal=True).check(related)
    assert [v.rule for v in checked.violations] == ["one-of"]
    assert "RelatedCreate, RelatedAdd" in checked.violations[0].message
    create = sample(CATALOGUE, "IF-020", "RelatedCreate")
    assert Validator(CATALOGUE, semantics=None, literal=True).check(create).valid


def test_a_common_block_that_is_no_object_passes_only_to_the_letter():
    odd = {"payload": {"CommonBlock": "x", "CustomBlock": {"B080": _green_deal()}}}
    assert not VALIDATOR.check(odd).valid
    assert Validator(CATALOGUE, literal=True).check(odd).valid


def _green_deal():
    return {"greenDealEffectiveFromDate": None, "greenDealEffectiveToDate": None}


# --- names in another case


def renamed(value, change):
    if isinstance(value, list):
        return [renamed(entry, change) for entry in value]
    if not isinstance(value, dict):
        return value
    return {change(name): renamed(inner, change) for name, inner in value.items()}


@pytest.mark.parametrize("change", [str.lower, str.upper, str.swapcase])
@pytest.mark.parametrize(
    ("interface", "event"),
    [("IF-001", "ChangeOfSupplier"), ("IF-021", "ActivePower"), ("IF-036", "MSAppActive")],
)
def test_names_in_any_case_are_accepted_and_corrected(interface, event, change):
    original = sample(CATALOGUE, interface, event)
    checked = VALIDATOR.check(renamed(original, change))
    assert checked.valid
    assert checked.message == original


def test_the_pointer_is_in_the_senders_own_spelling(message):
    message["payload"]["customblock"] = message["payload"].pop("CustomBlock")
    message["payload"]["customblock"]["B070"]["APPOINTMENTSCENARIO"] = message["payload"]["customblock"][
        "B070"
    ].pop("appointmentScenario")
    message["payload"]["customblock"]["B070"]["APPOINTMENTSCENARIO"] = "cos"
    assert only(message).pointer == "/payload/customblock/B070/APPOINTMENTSCENARIO"


def test_warnings_too_point_in_the_senders_own_spelling(message):
    message["payload"]["CommonBlock"]["m0"] = message["payload"]["CommonBlock"].pop("M0")
    message["payload"]["CommonBlock"]["m0"]["MPANCore"] = "2000056535972"
    checked = VALIDATOR.check(message)
    assert checked.valid
    assert checked.violations[0].pointer == "/payload/CommonBlock/m0/MPANCore"
    assert checked.violations[0].severity is Severity.WARNING
    assert (checked.errors, len(checked.warnings)) == ((), 1)


def test_the_senders_object_is_never_changed(message):
    lower = renamed(message, str.lower)
    before = deepcopy(lower)
    VALIDATOR.check(lower)
    assert lower == before


def test_a_field_given_twice_in_different_case_is_refused(message):
    violation = only(changed(message, f"{B070}/APPOINTMENTSCENARIO", "COS"))
    assert violation.rule == "duplicate"


def test_an_odd_name_is_escaped_in_the_pointer(message):
    assert only(changed(message, f"{B070}/a~1b~0c", 1)).pointer == f"{B070}/a~1b~0c"


# --- any shape


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        (None, ""),
        ([], ""),
        ("text", ""),
        ({}, "/payload"),
        ({"payload": 1}, "/payload"),
        ({"payload": {}}, "/payload/CommonBlock"),
        ({"payload": {"CommonBlock": {}}}, S0),
        ({"payload": {"CommonBlock": {"S0": {}}}}, f"{S0}/interfaceID"),
        ({"payload": {"CommonBlock": {"S0": {"interfaceID": ["x"], "eventCode": {}}}}}, f"{S0}/interfaceID"),
    ],
)
def test_what_is_no_message_at_all_is_told_at_the_right_place(value, pointer):
    checked = VALIDATOR.check(value)
    assert not checked.valid
    assert pointer in {v.pointer for v in checked.violations}


def nested(depth):
    value = {}
    for _ in range(depth):
        value = {"a": value}
    return value


@pytest.mark.parametrize("pointer", [f"{B070}/appointmentScenario", B070, "/payload/extra", f"{B013}/extra"])
def test_depth_is_no_way_to_break_the_check(message, pointer):
    checked = VALIDATOR.check(changed(message, pointer, nested(900)))
    assert checked.valid is (pointer == f"{B013}/extra"), "B013 is open"


def test_a_flood_of_unknown_names_is_answered_name_by_name_and_in_time(message):
    message["payload"]["CustomBlock"]["B070"] |= {f"appointmentScenari{n}": n for n in range(20_000)}
    message["payload"]["CustomBlock"]["B070"]["x" * 100_000] = "x" * 100_000
    begun = time.perf_counter()
    checked = VALIDATOR.check(message)
    assert len(checked.errors) == 20_001
    assert time.perf_counter() - begun < 5


def test_numbers_beyond_all_bounds_are_refused_not_feared():
    pointer = "/payload/CustomBlock/B900/settlementDayConsumptionPeriods/0/settlementDay/periodDuration"
    for number in (1e308 * 10, -1e308 * 10, 1e300, 2**63):
        consumption = sample(CATALOGUE, "IF-021", "ActivePower", overrides={pointer: number})
        assert only(consumption).rule in ("type", "range")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
POINTERS = [
    "/payload",
    "/payload/CommonBlock",
    S0,
    f"{S0}/interfaceID",
    f"{S0}/eventCode",
    S1,
    f"{S1}/senderUniqueReference",
    "/payload/CommonBlock/M0/MPANCore",
    "/payload/CustomBlock",
    "/payload/CustomBlock/B900/settlementDayConsumptionPeriods",
    "/payload/CustomBlock/B900/settlementDayConsumptionPeriods/0/consumptionPeriods",
    "/payload/CustomBlock/B900/settlementDayConsumptionPeriods/0/consumptionPeriods/3",
    "/payload/CustomBlock/B900/settlementDayConsumptionPeriods/0/consumptionPeriods/3/v",
]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(POINTERS), json_values)
def test_a_check_never_raises_and_the_slow_and_fast_checks_agree(pointer, value):
    consumption = sample(CATALOGUE, "IF-021", "ActivePower", seed=1, overrides={pointer: value})
    checked = VALIDATOR.check(consumption)
    passed = VALIDATOR._passes(consumption) is not None
    slow = VALIDATOR._explained(consumption).valid
    assert slow or not passed
    assert checked.valid == slow
