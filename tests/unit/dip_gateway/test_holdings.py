"""Who holds which role for an MPAN, learnt from the messages that pass."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from contracts import envelope
from contracts.envelope import MpanBlock, Sender
from services.dip_gateway.holdings import (
    ALWAYS,
    Change,
    Ended,
    Holding,
    apply,
    holders,
    learn,
    subjects,
)

MPAN = "2000056535971"
SUP_A, SUP_B, SDS_A, SDS_B, MSS_A, MSS_B = (
    "2300000001",
    "2300000002",
    "1400000001",
    "1400000002",
    "1200000001",
    "1200000002",
)
ROLES = {SUP_A: "SUP", SUP_B: "SUP", SDS_A: "SDS", SDS_B: "SDS", MSS_A: "MSS", MSS_B: "MSS"}
MARCH, APRIL, MAY = (datetime(2026, month, 1, tzinfo=UTC) for month in (3, 4, 5))


def message(interface: str, event: str, custom: dict[str, Any], role: str = "REGS") -> dict[str, Any]:
    return envelope.build(
        interface,
        event,
        sender=Sender("2200000001", role),
        now=MARCH,
        mpan=MpanBlock(MPAN, "2500000001", "_K"),
        custom=custom,
    )


def taught(*messages: dict[str, Any]) -> tuple[Holding, ...]:
    held: tuple[Holding, ...] = ()
    for each in messages:
        for change in learn(each, envelope.header(each), ROLES.get):
            held = apply(held, change)
    return held


def who(held: tuple[Holding, ...], role: str, at: datetime, *, following: bool = False) -> list[str]:
    return [holding.dip_id for holding in holders(held, role, at, following=following)]


def gain(dip_id: str, since: datetime, loser: str | None = None) -> dict[str, Any]:
    custom: dict[str, Any] = {
        "B002": {"incomingSupplierDIPID": dip_id, "supplierEffectiveFromDate": since.isoformat()}
    }
    if loser:
        custom["B003"] = {"outgoingSupplierDIPID": loser, "supplierEffectiveToDate": since.isoformat()}
    return message("IF-001", "[ChangeOfSupplier]", custom)


def data_active(dip_id: str, since: datetime) -> dict[str, Any]:
    block = {"incomingDataServiceDIPID": dip_id, "incomingDataServiceEffectiveFromDate": since.isoformat()}
    return message("IF-036", "[DSAppActive]", {"B015": block})


def data_ended(dip_id: str, until: datetime, since: datetime, successor: str | None = None) -> dict[str, Any]:
    custom: dict[str, Any] = {
        "B009": {
            "deAppointedDataServiceDIPID": dip_id,
            "dataServiceEffectiveFromDate": since.isoformat(),
            "dataServiceEffectiveToDate": until.isoformat(),
        }
    }
    if successor:
        custom["B011"] = {
            "incomingDataServiceDIPID": successor,
            "incomingDataServiceEffectiveFromDate": until.isoformat(),
        }
    return message("IF-037", "[DSDeApp]", custom)


def test_if001_a_supplier_gains_the_mpan_on_its_date() -> None:
    held = taught(gain(SUP_A, MARCH), gain(SUP_B, APRIL, loser=SUP_A))
    assert who(held, "SUP", MARCH) == [SUP_A]
    assert who(held, "SUP", APRIL) == [SUP_B]


def test_before_the_first_appointment_nobody_holds_the_role() -> None:
    assert who(taught(gain(SUP_A, APRIL)), "SUP", MARCH) == []


def test_the_next_holder_is_found_where_asked_for() -> None:
    held = taught(gain(SUP_A, MARCH), gain(SUP_B, APRIL))
    assert who(held, "SUP", MARCH, following=True) == [SUP_A, SUP_B]


def test_if036_a_data_service_becomes_active() -> None:
    held = taught(data_active(SDS_A, MARCH), data_active(SDS_B, APRIL))
    assert who(held, "SDS", MARCH) == [SDS_A]
    assert who(held, "SDS", MAY) == [SDS_B]


def test_if037_ends_an_appointment_without_a_successor() -> None:
    held = taught(data_active(SDS_A, MARCH), data_ended(SDS_A, APRIL, MARCH))
    assert who(held, "SDS", MARCH) == [SDS_A]
    assert who(held, "SDS", APRIL) == []


def test_if037_names_the_successor() -> None:
    held = taught(data_active(SDS_A, MARCH), data_ended(SDS_A, APRIL, MARCH, successor=SDS_B))
    assert who(held, "SDS", APRIL) == [SDS_B]


def test_an_ended_holding_does_not_give_way_to_the_one_before_it() -> None:
    held = taught(data_active(SDS_A, MARCH), data_active(SDS_B, APRIL), data_ended(SDS_B, MAY, APRIL))
    assert who(held, "SDS", MAY) == []


def test_an_end_before_any_known_beginning_changes_nothing() -> None:
    assert who(taught(data_ended(SDS_A, APRIL, MARCH)), "SDS", MARCH) == []


def test_a_smart_data_service_does_not_answer_for_an_advanced_one() -> None:
    held = taught(data_active(SDS_A, MARCH))
    assert who(held, "ADS", MARCH) == []


def test_an_advanced_data_service_takes_over_from_a_smart_one() -> None:
    held = (Holding(MPAN, "SDS", SDS_A, MARCH), Holding(MPAN, "ADS", "1500000001", APRIL))
    assert who(held, "SDS", MAY) == []
    assert who(held, "ADS", MAY) == ["1500000001"]


def test_an_unknown_party_is_taken_for_what_the_market_segment_says() -> None:
    custom = data_active("1500000099", MARCH)["payload"]["CustomBlock"] | {
        "B026": {"marketSegmentIndicator": "A"}
    }
    held = taught(message("IF-036", "[DSAppActive]", custom))
    assert [h.role for h in held if h.dip_id == "1500000099"] == ["ADS"]


def test_the_registration_service_and_the_distributor_show_themselves() -> None:
    held = taught(message("IF-002", "[GainMPANInfo]", {}))
    assert who(held, "REGS", MARCH) == ["2200000001"]
    assert who(held, "LDSO", MARCH) == ["2500000001"]


def test_a_supplier_cannot_teach_who_the_distributor_is() -> None:
    assert taught(message("IF-031", "[MSApp]", {}, role="SUP")) == ()


def test_learning_the_same_again_changes_nothing() -> None:
    lessons = [gain(SUP_A, MARCH), data_active(SDS_A, MARCH), data_ended(SDS_A, APRIL, MARCH)]
    assert set(taught(*lessons)) == set(taught(*lessons, *lessons))


def test_a_beginning_told_again_does_not_undo_its_end() -> None:
    held = taught(data_active(SDS_A, MARCH), data_ended(SDS_A, APRIL, MARCH), data_active(SDS_A, MARCH))
    assert who(held, "SDS", MAY) == []


def test_unusable_dates_and_blocks_are_passed_over() -> None:
    broken: list[dict[str, Any]] = [
        {"B002": {"incomingSupplierDIPID": SUP_A, "supplierEffectiveFromDate": "soon"}},
        {"B002": {"incomingSupplierDIPID": SUP_A, "supplierEffectiveFromDate": "2026-03-01T00:00:00"}},
        {"B002": {"incomingSupplierDIPID": 7, "supplierEffectiveFromDate": MARCH.isoformat()}},
        {"B002": "SUP"},
    ]
    for custom in broken:
        assert who(taught(message("IF-001", "[ChangeOfSupplier]", custom)), "SUP", MAY) == []


def test_a_message_without_an_mpan_teaches_nothing() -> None:
    bare = {"payload": {"CommonBlock": {"S0": {"interfaceID": "IF-036"}}, "CustomBlock": {}}}
    assert learn(bare, envelope.header(bare), ROLES.get) == ()


def test_the_appointed_one_is_the_subject_of_its_appointment_whatever_the_date() -> None:
    assert subjects(data_active(SDS_B, MAY), "IF-036") == {"DS": SDS_B}


def test_the_one_that_leaves_is_the_subject_of_its_de_appointment() -> None:
    assert subjects(data_ended(SDS_A, APRIL, MARCH, successor=SDS_B), "IF-037") == {"DS": SDS_A}


def test_other_messages_are_about_nobody_in_particular() -> None:
    assert subjects(gain(SUP_A, MARCH), "IF-018") == {}


moments = st.integers(0, 400).map(lambda day: datetime.fromtimestamp(1_700_000_000 + day * 86_400, UTC))
changes = st.one_of(
    st.builds(
        Holding, st.just(MPAN), st.just("SDS"), st.sampled_from([SDS_A, SDS_B]), st.just(ALWAYS) | moments
    ),
    st.builds(Ended, st.just(MPAN), st.just("DS"), st.sampled_from([SDS_A, SDS_B]), moments),
)


@given(st.lists(changes, max_size=20), moments)
def test_at_any_moment_at_most_one_holds_a_role(story: list[Change], at: datetime) -> None:
    held: tuple[Holding, ...] = ()
    for change in story:
        held = apply(held, change)
    assert len(who(held, "SDS", at)) <= 1
    assert len(who(held, "SDS", at, following=True)) <= 2


@given(st.lists(changes, max_size=12))
def test_one_beginning_is_kept_for_each_moment(story: list[Change]) -> None:
    held: tuple[Holding, ...] = ()
    for change in story:
        held = apply(held, change)
    begins = [holding.begins for holding in held]
    assert len(begins) == len(set(begins))
