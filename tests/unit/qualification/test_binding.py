"""Who plays what: as asked where it can be, by the harness for the rest."""

from __future__ import annotations

import pytest

from services.qualification.binding import bind
from services.qualification.errors import BindingInvalid
from tests.unit.qualification.given import MEMBERS, PARTICIPANT, Member, binding, headline


def test_roles_that_nobody_asked_for_go_to_distinct_parties_of_the_harness() -> None:
    parties = bind(headline(), {}, MEMBERS)
    assert {name: party.dip_id for name, party in parties.items()} == {
        "SUPI": "2300000001",
        "SUPO": "2300000002",
        "REGS": "2200000001",
        "CSS": "CSS",
        "MSS": "1200000001",
        "MSSO": "1200000002",
        "SDSO": "1400000001",
        "LDSO": "2500000001",
    }
    assert not any(party.participant for party in parties.values())


def test_a_participant_takes_the_role_it_asked_for_and_no_other() -> None:
    bound = binding()
    assert [party.name for party in bound.participants()] == ["SUPI"]
    assert (bound.parties["SUPI"].dip_id, bound.parties["SUPI"].organisation) == (
        PARTICIPANT,
        "Northern Lights Energy",
    )
    assert bound.parties["SUPO"].dip_id == "2300000001"


def test_a_participant_never_fills_a_role_that_it_did_not_ask_for() -> None:
    parties = bind(headline(), {}, [*MEMBERS, Member("2200000000", "REGS", "AAAA", harness=False)])
    assert parties["REGS"].dip_id == "2200000001"


def test_two_roles_may_be_two_participants() -> None:
    other = Member("2300000013", "SUP", "EFGH", harness=False)
    parties = bind(headline(), {"SUPI": PARTICIPANT, "SUPO": " 2300000013 "}, [*MEMBERS, other])
    assert (parties["SUPI"].dip_id, parties["SUPO"].dip_id) == (PARTICIPANT, "2300000013")


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"SUPI": "2300009999"}, "no participant has the DIP ID 2300009999"),
        ({"SUPI": "1200000001"}, "1200000001 holds the role MSS, but Incoming supplier needs SUP"),
        ({"CSS": PARTICIPANT}, "always played by the harness"),
        ({"SUPX": PARTICIPANT}, "has no role SUPX. Its roles: SUPI, SUPO, REGS"),
        ({"SUPI": PARTICIPANT, "SUPO": PARTICIPANT}, "SUPI and SUPO cannot both be 2300000012"),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused_in_plain_words(wish: dict[str, str], words: str) -> None:
    with pytest.raises(BindingInvalid, match=words):
        bind(headline(), wish, MEMBERS)


def test_a_harness_without_a_party_for_a_role_says_which() -> None:
    with pytest.raises(BindingInvalid, match="LDSO: the harness has no party left with the role LDSO"):
        bind(headline(), {}, [member for member in MEMBERS if member.role != "LDSO"])


def test_a_step_is_on_behalf_only_where_a_participant_would_act() -> None:
    first = headline().step(1)
    assert binding(injected=("CSS01700",)).on_behalf(first)
    assert not binding().on_behalf(first)
    assert not binding({}, injected=("CSS01700",)).on_behalf(first)
