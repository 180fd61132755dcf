"""The validator: what it says about messages that are wrong, and as which variant it reads them."""

from __future__ import annotations

import pytest

from contracts import load_catalogue
from contracts.errors import UnknownVariant
from contracts.samples import sample
from contracts.validation import Validator
from tests.unit.contracts.faults import B013, B070, CATALOGUE, S0, S1, VALIDATOR, changed, only, without


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
