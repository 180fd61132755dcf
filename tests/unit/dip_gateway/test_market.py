"""Whom the router finds: the message's subject, the holders, the distributor, the registration service."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from contracts.envelope import Header
from participant.parties import Party, Snapshot
from services.dip_gateway.holdings import ALWAYS, Holding
from services.dip_gateway.market import market_for

MPAN = "2000056535971"
NOW = datetime(2026, 3, 21, tzinfo=UTC)
PARTIES = [
    Party("2300000001", "SUP", "SUPA"),
    Party("1200000001", "MSS", "MSSA"),
    Party("1300000001", "MSA", "MSAA"),
    Party("2500000001", "LDSO", "LDSA"),
]
REGISTRATION, OURS = Party("2200000012", "REGS", "RGSB"), Party("2200000001", "REGS", "RGSA", harness=True)


def found(role: str, *, parties: Any = (), following: bool = False, **more: Any) -> list[str]:
    values: dict[str, Any] = {"held": (), "subjects": {}, "always": {}, "at": NOW}
    header = Header(mpan=MPAN, distributor_dip_id="2500000001")
    market = market_for(header, snapshot=Snapshot([*PARTIES, *parties]), **(values | more))
    return [holder.dip_id for holder in market.holders(role, following)]


def test_the_holder_at_that_time() -> None:
    held = [Holding(MPAN, "SUP", "2300000001", ALWAYS)]
    assert found("SUP", held=held) == ["2300000001"]
    assert found("SUP") == []


def test_the_subject_of_the_message_counts_whatever_is_held() -> None:
    held = [Holding(MPAN, "MSS", "1200000009", ALWAYS)]
    assert found("MSS", held=held, subjects={"MS": "1200000001"}) == ["1200000001"]


def test_a_subject_of_another_kind_of_service_is_not_found_under_this_role() -> None:
    assert found("MSS", subjects={"MS": "1300000001"}) == []
    assert found("MSA", subjects={"MS": "1300000001"}) == ["1300000001"]


def test_a_subject_nobody_knows_is_reported_under_one_role_only() -> None:
    subjects = {"MS": "1299999999"}
    assert [found(role, subjects=subjects) for role in ("MSS", "MSA", "UMSO")] == [["1299999999"], [], []]


def test_the_distributor_is_the_one_that_the_message_names() -> None:
    assert found("LDSO") == ["2500000001"]


def test_the_only_registration_service_needs_no_look_up() -> None:
    assert found("REGS", parties=[REGISTRATION]) == ["2200000012"]


def test_of_several_registration_services_the_one_of_the_mpan() -> None:
    held = [Holding(MPAN, "REGS", "2200000012", ALWAYS)]
    assert found("REGS", parties=[OURS, REGISTRATION], held=held) == ["2200000012"]


def test_of_several_registration_services_our_own_where_nothing_is_known() -> None:
    assert found("REGS", parties=[REGISTRATION, OURS]) == ["2200000001"]


def test_of_several_foreign_registration_services_none() -> None:
    assert found("REGS", parties=[REGISTRATION, Party("2200000013", "REGS", "RGSC")]) == []


def test_everyone_and_their_roles() -> None:
    market = market_for(
        Header(), snapshot=Snapshot(PARTIES), held=(), subjects={}, always={"MDS": ["1"]}, at=NOW
    )
    assert market.everyone("SUP") == ["2300000001"]
    assert market.role_of("1200000001") == "MSS"
    assert market.role_of("9") is None
    assert market.always == {"MDS": ["1"]}
