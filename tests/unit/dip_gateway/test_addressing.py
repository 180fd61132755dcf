"""L2: who gets a message, and which code says why somebody does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.envelope import Header
from contracts.model import RoutingRule
from services.dip_gateway.addressing import Addressing, Holder, Market, address

MPAN = "2000056535971"
PARTIES = {
    "2300000001": "SUP",
    "2300000002": "SUP",
    "2200000001": "REGS",
    "1200000001": "MSS",
    "1400000001": "SDS",
    "1400000002": "SDS",
    "1700000001": "MDS",
    "1700000002": "MDS",
    "2500000001": "LDSO",
}


def rule(**parts: str) -> RoutingRule:
    listed: dict[str, Any] = {name: frozenset(text.split()) for name, text in parts.items()}
    return RoutingRule("IF-036", frozenset({"REGS"}), **listed)


def market(
    holders: Mapping[str, Sequence[Holder]] | None = None, always: Mapping[str, Sequence[str]] | None = None
) -> Market:
    held = holders or {}
    return Market(
        role_of=PARTIES.get,
        everyone=lambda role: [dip_id for dip_id, its_role in PARTIES.items() if its_role == role],
        holders=lambda role, following: [
            *held.get(role, ()),
            *(held.get(f"next {role}", ()) if following else ()),
        ],
        always=always or {},
    )


def header(**more: Any) -> Header:
    return Header(**({"interface": "IF-036", "sender": "2200000001", "mpan": MPAN} | more))


def codes(addressing: Addressing) -> list[str]:
    return [failure.code for failure in addressing.failures]


def test_the_sender_chooses_primary_recipients() -> None:
    found = address(header(primary=("2300000001",)), rule(primary="SUP"), market())
    assert found.of("primary") == ("2300000001",)
    assert not found.failures


def test_msg1031_a_primary_recipient_that_is_not_registered() -> None:
    found = address(header(primary=("9999999999",)), rule(primary="SUP"), market())
    assert codes(found) == ["MSG1031"]
    assert "9999999999" in found.failures[0].help


def test_msg1032_a_primary_recipient_of_the_wrong_role() -> None:
    found = address(header(primary=("1700000001",)), rule(primary="SUP"), market())
    assert codes(found) == ["MSG1032"]
    assert "SUP" in found.failures[0].help


def test_a_wrong_primary_recipient_stops_the_whole_message() -> None:
    """The sender will correct it and send it again; nobody shall get it twice."""
    found = address(header(primary=("2300000001", "9999999999")), rule(primary="SUP", always="MDS"), market())
    assert found.recipients == ()


def test_a_rule_without_primary_roles_takes_any_registered_primary_recipient() -> None:
    found = address(header(primary=("1700000001",)), rule(always="MDS"), market())
    assert found.of("primary") == ("1700000001",)
    assert found.of("always") == ("1700000002",)


def test_secondary_recipients_are_those_who_hold_the_role() -> None:
    held = {"SDS": [Holder("1400000002", "SDS")], "MSS": [Holder("1200000001", "MSS")]}
    found = address(header(), rule(secondary="SDS MSS"), market(held))
    assert set(found.of("secondary")) == {"1400000002", "1200000001"}


def test_the_next_holder_counts_only_where_the_rule_says_so() -> None:
    held = {"SUP": [Holder("2300000001", "SUP")], "next SUP": [Holder("2300000002", "SUP")]}
    without = address(header(), rule(secondary="SUP"), market(held))
    following = address(header(), rule(secondary="SUP", secondary_next="SUP"), market(held))
    assert without.of("secondary") == ("2300000001",)
    assert following.of("secondary") == ("2300000001", "2300000002")


def test_a_role_that_nobody_holds_is_noted_and_harms_nobody() -> None:
    held = {"SUP": [Holder("2300000001", "SUP")]}
    found = address(header(), rule(secondary="SUP SDS"), market(held))
    assert found.vacant == ("SDS",)
    assert not found.failures


def test_msg1033_a_holder_that_is_not_registered() -> None:
    held = {"SUP": [Holder("2399999999", "SUP")], "SDS": [Holder("1400000001", "SDS")]}
    found = address(header(), rule(secondary="SUP SDS"), market(held))
    assert codes(found) == ["MSG1033"]
    assert found.of("secondary") == ("1400000001",)


def test_msg1034_a_holder_with_another_role() -> None:
    found = address(header(), rule(secondary="SUP"), market({"SUP": [Holder("1700000001", "SUP")]}))
    assert codes(found) == ["MSG1034"]


def test_always_goes_to_everyone_with_the_role() -> None:
    found = address(header(), rule(always="MDS"), market())
    assert found.of("always") == ("1700000001", "1700000002")


def test_always_can_be_narrowed_by_configuration() -> None:
    found = address(header(), rule(always="MDS"), market(always={"MDS": ["1700000002"]}))
    assert found.of("always") == ("1700000002",)


def test_msg1035_a_configured_always_recipient_that_is_not_registered() -> None:
    found = address(header(), rule(always="MDS"), market(always={"MDS": ["1799999999", "1700000001"]}))
    assert codes(found) == ["MSG1035"]
    assert found.of("always") == ("1700000001",)


def test_msg1036_a_configured_always_recipient_of_another_role() -> None:
    found = address(header(), rule(always="MDS"), market(always={"MDS": ["2300000001"]}))
    assert codes(found) == ["MSG1036"]


def test_msg1037_no_mpan_to_look_up_by() -> None:
    found = address(header(mpan=None), rule(secondary="SUP"), market())
    assert codes(found) == ["MSG1037"]


def test_msg1038_nobody_holds_any_of_the_roles() -> None:
    found = address(header(), rule(secondary="SUP SDS"), market())
    assert codes(found) == ["MSG1038"]
    assert MPAN in found.failures[0].help


def test_msg1030_no_recipient_at_all() -> None:
    found = address(header(), rule(primary="SUP"), market())
    assert codes(found) == ["MSG1030"]
    assert "A0.primaryRecipients" in found.failures[0].help


def test_nobody_gets_the_message_twice_and_the_strongest_routing_counts() -> None:
    held = {"MDS": [Holder("1700000001", "MDS")]}
    found = address(
        header(primary=("1700000001",)), rule(primary="MDS", secondary="MDS", always="MDS"), market(held)
    )
    assert [(r.dip_id, r.routing) for r in found.recipients] == [
        ("1700000001", "primary"),
        ("1700000002", "always"),
    ]


def test_the_sender_is_not_sent_its_own_message_by_look_up() -> None:
    held = {"SDS": [Holder("1400000001", "SDS")], "SUP": [Holder("2300000001", "SUP")]}
    found = address(header(sender="1400000001"), rule(secondary="SDS SUP"), market(held))
    assert [r.dip_id for r in found.recipients] == ["2300000001"]


def test_a_primary_role_named_in_the_rule_but_by_nobody_is_reported_and_stops_nobody() -> None:
    found = address(header(), rule(primary="SUP", always="MDS"), market())
    assert found.of("always") == ("1700000001", "1700000002")
    assert codes(found) == ["MSG1030"]
