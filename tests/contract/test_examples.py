"""The published examples do not validate (facts 3.10): every inconsistency is found and leads to its fix.

Each is made again in a message of our own; where the published files are at hand (``DIP_SPEC_DIR``), the
examples themselves are judged too, and nothing in them may go unexplained.
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from contracts import load_catalogue
from contracts.samples import put, sample
from contracts.validation import Validator

from .elexon import Elexon, spec_directory

VERSION = "2.1.0"
CATALOGUE = load_catalogue(VERSION)
VALIDATOR = Validator(CATALOGUE)
COMMON = "/payload/CommonBlock"
CUSTOM = "/payload/CustomBlock"


def moved(message: dict[str, Any], old: str, new: str) -> dict[str, Any]:
    """Rename the field at a pointer."""
    holder: Any = message
    *steps, last = old.split("/")[1:]
    for step in steps:
        holder = holder[step]
    value = holder.pop(last)
    holder[new] = value
    return message


def related() -> dict[str, Any]:
    information = {f"{CUSTOM}/B091": {"additionalInformation": ""}}
    return sample(CATALOGUE, "IF-020", "RelatedCreate", overrides=information)


def site() -> dict[str, Any]:
    return sample(CATALOGUE, "IF-002", "GainMPANInfo")


def switch() -> dict[str, Any]:
    dates = {"profileClassEffectiveFromDate": None, "SSCEffectiveFromDate": None}
    legacy = {"profileClass": "01", "SSC": "0393", **dates}
    return sample(CATALOGUE, "IF-001", "ChangeOfSupplier", overrides={f"{CUSTOM}/B032": legacy})


def consumption() -> dict[str, Any]:
    return sample(CATALOGUE, "IF-021", "ActivePower")


def report() -> dict[str, Any]:
    return sample(CATALOGUE, "REP-002", "DUOSSupplierAggData")


def with_value(message: dict[str, Any], pointer: str, value: Any) -> dict[str, Any]:
    put(message, pointer, value)
    return message


INCONSISTENCIES = {
    "the former name of the registration ID": (
        moved(site(), f"{CUSTOM}/B013/CSSRegistrationID", "CSSRegistrationRequestID"),
        f"{CUSTOM}/B013/CSSRegistrationID",
        "`CSSRegistrationRequestID` is there: was `CSSRegistrationID` meant?",
    ),
    "environment for environmentTag": (
        moved(consumption(), f"{COMMON}/S1/environmentTag", "environment"),
        f"{COMMON}/S1/environment",
        "Did you mean `environmentTag`?",
    ),
    "sentTimestamp for senderTimestamp": (
        moved(consumption(), f"{COMMON}/S1/senderTimestamp", "sentTimestamp"),
        f"{COMMON}/S1/sentTimestamp",
        "Did you mean `senderTimestamp`?",
    ),
    "senderRole for senderRoleID": (
        moved(consumption(), f"{COMMON}/S1/senderRoleID", "senderRole"),
        f"{COMMON}/S1/senderRole",
        "Did you mean `senderRoleID`?",
    ),
    "a name with the block's own words in it": (
        moved(switch(), f"{CUSTOM}/B002/supplierEffectiveFromDate", "incomingSupplierEffectiveFromDate"),
        f"{CUSTOM}/B002/incomingSupplierEffectiveFromDate",
        "Did you mean `supplierEffectiveFromDate`?",
    ),
    "a letter dropped": (
        moved(related(), f"{CUSTOM}/B091/additionalInformation", "addtionalInformation"),
        f"{CUSTOM}/B091/additionalInformation",
        "`addtionalInformation` is there",
    ),
    "SSC of two digits": (
        with_value(switch(), f"{CUSTOM}/B032/SSC", "83"),
        f"{CUSTOM}/B032/SSC",
        "Were leading zeros lost: 0083?",
    ),
    "a list written as one object": (
        with_value(switch(), f"{CUSTOM}/B035List", {}),
        f"{CUSTOM}/B035List",
        "put the object in square brackets",
    ),
    "response messages written as one text": (
        with_value(related(), f"{COMMON}/R0/responseMessages", "text"),
        f"{COMMON}/R0/responseMessages",
        "put the text in square brackets",
    ),
    "B900List for B900": (
        moved(consumption(), f"{CUSTOM}/B900", "B900List"),
        f"{CUSTOM}/B900List",
        "Did you mean `B900`?",
    ),
    "a block of another interface": (
        with_value(site(), f"{CUSTOM}/B035List", []),
        f"{CUSTOM}/B035List",
        "goes into `existingMeter` of `B907List`",
    ),
    "an event of another interface": (
        with_value(report(), f"{COMMON}/S0/eventCode", "[DUoSLDSOAggData]"),
        f"{COMMON}/S0/eventCode",
        "It is an event of REP-002B.",
    ),
    "an old schema version": (
        with_value(report(), f"{COMMON}/S0/schemaVersion", "006"),
        f"{COMMON}/S0/schemaVersion",
        'must be the value 008; it is "006"',
    ),
    "periods named by their start": (
        with_value(
            consumption(),
            f"{CUSTOM}/B900/settlementDayConsumptionPeriods/0/consumptionPeriods/0/sp",
            consumption()["payload"]["CustomBlock"]["B900"]["settlementDayConsumptionPeriods"][0][
                "settlementDay"
            ]["settlementDayDate"],
        ),
        f"{CUSTOM}/B900/settlementDayConsumptionPeriods/0/consumptionPeriods/0/sp",
        "a period has the name of its end",
    ),
    "a date in the reference that does not exist": (
        with_value(site(), f"{COMMON}/S1/senderUniqueReference", "S-IF-002-2200000001-REGS-20222313-ab"),
        f"{COMMON}/S1/senderUniqueReference",
        "has the date 20222313",
    ),
}


@pytest.mark.parametrize("name", INCONSISTENCIES)
def test_an_inconsistency_of_the_published_examples_leads_to_its_fix(name):
    message, pointer, hint = INCONSISTENCIES[name]
    found = [v for v in VALIDATOR.check(message).violations if v.pointer == pointer]
    assert any(hint in violation.message for violation in found), found


def test_interface_id_in_the_examples_spelling_is_no_fault_at_all():
    message = moved(site(), f"{COMMON}/S0/interfaceID", "InterfaceID")
    checked = VALIDATOR.check(message)
    assert checked.valid
    assert checked.message["payload"]["CommonBlock"]["S0"]["interfaceID"] == "IF-002"


def test_the_dips_own_id_in_the_examples_has_eleven_zeros_where_the_type_has_ten():
    message = with_value(site(), f"{COMMON}/S1/senderDIPID", "00000000000")
    violation = VALIDATOR.check(message).errors[0]
    assert (violation.code, violation.pointer) == ("MSG1009", f"{COMMON}/S1/senderDIPID")
    assert "has 11" in violation.message


def published_examples() -> dict[str, Any]:
    """Name to message, of the published files; empty where they are not at hand."""
    directory = spec_directory(VERSION)
    if directory is None:
        return {}
    text = (directory / "Examples-unresolved.yaml").read_text(encoding="utf-8")
    examples = yaml.load(text, Loader=yaml.CSafeLoader)["components"]["examples"]
    return {name: message for name, example in examples.items() for message in messages(example["value"])}


def messages(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_every_published_example_is_judged_as_its_schema_does_and_every_fault_explained():
    directory = spec_directory(VERSION)
    elexon = Elexon(directory) if directory is not None else None
    examples = published_examples()
    valid = set()
    for name, message in examples.items():
        checked = VALIDATOR.check(message)
        if checked.valid:
            valid.add(name)
        if elexon is not None and checked.variant is not None:
            assert checked.interface is not None
            payload = checked.message["payload"]
            accepted = elexon.accepts_variant(payload, checked.interface, checked.variant)
            assert checked.valid == accepted, name
        for violation in checked.errors:
            assert violation.message, name
            assert violation.pointer.startswith("/payload/"), name
            assert violation.code in CATALOGUE.codes, name
    assert valid == {"IF-043", "IF-044"} & examples.keys()
