"""Two versions compared: what was added, removed and changed, and what that does to messages."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from contracts import load_catalogue
from contracts.model import Catalogue, DataItem, Endpoint, Field
from contracts.reading.diff import ChangeType, Difference, compare, document
from contracts.reading.effects import Effect
from contracts.samples import sample
from contracts.validation import Validator
from tests.unit.contracts_reading.given import AMOUNT, NAME, block, catalogue, variant

OLD = load_catalogue("2.0.1")
NEW = load_catalogue("2.1.0")
B001 = block("B001", name=NAME, amount=AMOUNT)
MESSAGE = variant("IF-001", "Start", custom=block("custom", B001=B001))


def found(difference: Difference) -> list[tuple[str, str, str]]:
    return [(change.kind, change.name, str(change.change)) for change in difference.changes]


def only(difference: Difference):
    assert len(difference.changes) == 1, found(difference)
    return difference.changes[0]


def given(version: str = "1", shared=B001, **more) -> Catalogue:
    message = variant("IF-001", "Start", custom=block("custom", B001=shared))
    return catalogue(version, message, blocks=(shared,), **more)


# --- the shipped versions: entries checked by hand against the published files


def test_from_2_0_1_to_2_1_0_two_items_changed_and_nothing_else():
    assert found(compare(OLD, NEW)) == [
        ("item", "DI-566-List-Of-MPANS-On-Site", "changed"),
        ("item", "DI-995-Sender-Unique-Reference", "changed"),
    ]


def test_the_list_of_mpans_on_site_may_no_longer_be_null():
    change = compare(OLD, NEW).changes[0]

    assert [(d.fact, d.before, d.after) for d in change.details] == [("nullable", True, False)]
    assert change.effect is Effect.STRICTER
    assert change.affects == ("REP-900 [DUoSSupplierInvData]",)


def test_the_sender_reference_got_a_pattern_and_is_met_in_every_message():
    difference = compare(OLD, NEW)
    change = difference.changes[1]

    assert [(d.fact, d.before) for d in change.details] == [("pattern", None)]
    assert change.details[0].after.startswith("^S-((IF|REP)-)?")
    assert change.effect is Effect.STRICTER
    assert len(change.affects) == difference.events == 146


def test_backwards_the_same_changes_make_the_standard_looser():
    assert [change.effect for change in compare(NEW, OLD).changes] == [Effect.LOOSER, Effect.LOOSER]


@pytest.mark.parametrize("version", ["2.0.1", "2.1.0"])
def test_a_version_does_not_differ_from_itself(version):
    same = load_catalogue(version)
    assert compare(same, same).changes == ()


# --- every kind of part


def test_an_interface_added_is_named_with_its_events():
    after = catalogue("2", MESSAGE, variant("IF-002", "Stop"), blocks=(B001,))

    difference = compare(given(), after)

    assert found(difference) == [
        ("interface", "IF-002", "added"),
        ("event", "IF-002 [Stop]", "added"),
    ]
    assert {change.effect for change in difference.changes} == {Effect.LOOSER}


def test_an_interface_removed_makes_the_standard_stricter():
    before = catalogue("1", MESSAGE, variant("IF-002", "Stop"), blocks=(B001,))

    difference = compare(before, given("2"))

    assert found(difference) == [
        ("interface", "IF-002", "removed"),
        ("event", "IF-002 [Stop]", "removed"),
    ]
    assert {change.effect for change in difference.changes} == {Effect.STRICTER}


def test_an_event_added_to_a_variant_is_one_change_only():
    before = catalogue("1", variant("IF-001", "All", "[A]", "[B]"))
    after = catalogue("2", variant("IF-001", "All", "[A]", "[B]", "[C]"))

    assert found(compare(before, after)) == [("event", "IF-001 [C]", "added")]


def test_an_event_that_got_a_variant_of_its_own_is_compared_by_event():
    both = variant("IF-001", "All", "[A]", "[B]", custom=block("custom", B001=B001))
    split = variant("IF-001", "A", custom=block("custom", B001=B001))
    other = variant("IF-001", "B", custom=block("custom", B001=Field("B001", B001, required=False)))

    change = only(compare(catalogue("1", both, blocks=(B001,)), catalogue("2", split, other, blocks=(B001,))))

    assert (change.kind, change.name, change.effect) == ("event", "IF-001 [B]", Effect.LOOSER)
    assert [d.fact for d in change.details] == ["CustomBlock.B001 required"]


def test_a_block_added_to_a_message_is_said_with_its_place():
    extra = block("B002", name=NAME)
    grown = variant(
        "IF-001", "Start", custom=block("custom", B001=B001, B002=Field("B002", extra, required=False))
    )

    difference = compare(given(), catalogue("2", grown, blocks=(B001, extra)))

    assert found(difference) == [("event", "IF-001 [Start]", "changed"), ("block", "B002", "added")]
    detail = difference.changes[0].details[0]
    assert (detail.fact, detail.before, detail.after) == ("CustomBlock.B002", None, "B002, optional")
    assert difference.changes[1].affects == ("IF-001 [Start]",)


def test_a_new_schema_version_is_told_for_interface_and_event():
    newer = variant("IF-001", "Start", custom=block("custom", B001=B001), schema_versions=("011", "012"))

    difference = compare(given(), catalogue("2", newer, blocks=(B001,)))

    assert found(difference) == [
        ("interface", "IF-001", "changed"),
        ("event", "IF-001 [Start]", "changed"),
    ]
    assert difference.changes[1].details[0].fact == "S0.schemaVersion values"
    assert difference.changes[1].effect is Effect.LOOSER


def test_a_field_removed_from_a_shared_block_is_one_change_of_the_block():
    difference = compare(given(), given("2", block("B001", name=NAME)))

    assert found(difference) == [
        ("block", "B001", "changed"),
        ("item", "DI-002-Amount", "removed"),
    ]
    detail = difference.changes[0].details[0]
    assert (detail.fact, detail.before, detail.after) == ("amount", "DI-002-Amount", None)


def test_a_value_added_to_an_enumeration_names_the_messages_it_is_met_in():
    before = given(shared=block("B001", kind=DataItem("DI-003-Kind", "string", enum=("A", "B"))))
    after = given("2", block("B001", kind=DataItem("DI-003-Kind", "string", enum=("A", "B", "C"))))

    change = only(compare(before, after))

    assert (change.kind, change.name, change.effect) == ("item", "DI-003-Kind", Effect.LOOSER)
    assert change.affects == ("IF-001 [Start]",)


def test_codes_added_removed_and_reworded():
    before = given(codes={"REG1": "One", "REG2": "Two"})
    after = given("2", codes={"REG2": "Zwei", "REG3": "Three"})

    difference = compare(before, after)

    assert found(difference) == [
        ("code", "REG3", "added"),
        ("code", "REG1", "removed"),
        ("code", "REG2", "changed"),
    ]
    assert [(c.details[0].before, c.details[0].after) for c in difference.changes] == [
        (None, "Three"),
        ("One", None),
        ("Two", "Zwei"),
    ]
    assert {change.effect for change in difference.changes} == {Effect.NONE}


def test_validation_paths_are_compared():
    before = given(endpoints=(Endpoint("IF-001", "Start", "Start"),))
    after = given("2", endpoints=(Endpoint("IF-001", "Begin", "Start"),))

    assert found(compare(before, after)) == [
        ("endpoint", "/validate/IF-001/Begin", "added"),
        ("endpoint", "/validate/IF-001/Start", "removed"),
    ]


def test_an_unused_item_that_changed_affects_no_message():
    unused = {"DI-009-Spare": DataItem("DI-009-Spare", "string")}
    longer = {"DI-009-Spare": DataItem("DI-009-Spare", "string", max_length=3)}

    change = only(compare(given(items=unused), given("2", items=longer)))

    assert change.affects == ()


# --- as JSON


def test_the_document_counts_what_changed_and_is_json():
    found_document = document(compare(OLD, NEW))

    assert orjson.loads(orjson.dumps(found_document)) == found_document
    assert found_document["from"] == "2.0.1"
    assert found_document["to"] == "2.1.0"
    assert found_document["counts"] == {"item": {"added": 0, "removed": 0, "changed": 2}}
    assert [change["affectsAll"] for change in found_document["changes"]] == [False, True]


def test_counts_leave_out_kinds_without_changes():
    difference = replace(compare(OLD, NEW), changes=())
    assert difference.counts() == {}


def test_changes_are_sorted_by_kind():
    after = catalogue(
        "2", variant("IF-002", "Stop"), blocks=(block("B002", amount=AMOUNT),), codes={"REG1": "One"}
    )

    kinds = [change.kind for change in compare(given(), after).changes]

    assert kinds == ["interface", "interface", "event", "event", "block", "block", "item", "code"]
    assert {c.change for c in compare(given(), after).changes} == {ChangeType.ADDED, ChangeType.REMOVED}


# --- what the difference says is what messages meet


def judged(message, version: str) -> list[str]:
    checked = Validator(load_catalogue(version), semantics=None).check(message)
    return [violation.item or violation.pointer for violation in checked.violations]


def test_a_list_of_mpans_that_is_null_is_refused_from_2_1_0_on():
    message = sample(NEW, "REP-900", "DUoSSupplierInvData", seed=4)
    blanked = with_null(message, "listOfMPANSonSite")
    assert blanked != message

    assert judged(blanked, "2.0.1") == []
    assert set(judged(blanked, "2.1.0")) == {"DI-566"}


def test_a_free_sender_reference_is_refused_from_2_1_0_on():
    place = "/payload/CommonBlock/S1/senderUniqueReference"
    message = sample(NEW, "IF-031", "MSApp", overrides={place: "my own reference"})

    assert judged(message, "2.0.1") == []
    assert judged(message, "2.1.0") == ["DI-995"]


def test_references_of_reports_with_a_letter_fit_the_old_version_only():
    place = "/payload/CommonBlock/S1/senderUniqueReference"
    reference = "S-REP-002A-1700000001-MDS-20260321-0123456789abcdef"
    message = sample(NEW, "REP-002A", "DUoSEmbeddedLDSOAggData", overrides={place: reference})

    assert judged(message, "2.0.1") == []
    assert judged(message, "2.1.0") == ["DI-995"]


def with_null(node, name: str):
    """A copy with every field of that name (in any case) set to null."""
    if isinstance(node, dict):
        return {k: None if k.casefold() == name.casefold() else with_null(v, name) for k, v in node.items()}
    return [with_null(one, name) for one in node] if isinstance(node, list) else node
