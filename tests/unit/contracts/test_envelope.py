"""Building, reading and publishing the envelope of a message."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import envelope, load_catalogue
from contracts.validation import Validator

NOW = datetime(2026, 7, 1, 23, 30, 15, 999, tzinfo=UTC)
SUPPLIER = envelope.Sender("2300000001", "SUP")
MPAN = envelope.MpanBlock("2000056535971", "2500000001", "_H")
REFERENCE = load_catalogue("2.1.0").items["DI-995-Sender-Unique-Reference"].pattern


def appointment(**options):
    custom = {
        "B070": {
            "proposedMeteringServiceDIPID": "1200000001",
            "proposedMeteringServiceMPID": "MSSA",
            "proposedMeteringServiceDIPEffectiveFromDate": "2026-07-10T00:00:00+01:00",
            "contractReferenceMeteringService": None,
            "appointmentScenario": "COS",
        }
    }
    return envelope.build("IF-031", "[MSApp]", sender=SUPPLIER, now=NOW, custom=custom, mpan=MPAN, **options)


def test_a_built_message_is_valid():
    assert Validator(load_catalogue("2.1.0")).check(appointment(primary=["2200000001"])).violations == ()


def test_what_is_built_can_be_read():
    message = appointment(unique="abc", correlation_id="CI-1", primary=["2200000001"], sub_text="x")
    head = envelope.header(message)
    assert head.interface == "IF-031"
    assert head.event == "[MSApp]"
    assert head.schema_version == "011"
    assert head.environment == "UIT"
    assert head.reference == "S-IF-031-2300000001-SUP-20260701-abc"
    assert head.timestamp == "2026-07-01T23:30:15+00:00"
    assert (head.sender, head.role) == ("2300000001", "SUP")
    assert head.correlation_id == "CI-1"
    assert (head.mpan, head.distributor_dip_id, head.gsp_group) == ("2000056535971", "2500000001", "_H")
    assert head.primary == ("2200000001",)
    assert head.transaction_id is None
    assert not head.replay


def test_a_response_carries_its_code_and_messages():
    response = envelope.ResponseBlock("R", ("REG0005 - text",))
    head = envelope.header(appointment(response=response))
    assert (head.response_code, head.response_messages) == ("R", ("REG0005 - text",))


def test_without_a_custom_block_there_is_none():
    message = envelope.build("IF-015", "[ConsumptionReplay]", sender=SUPPLIER, now=NOW, mpan=MPAN)
    assert "CustomBlock" not in message["payload"]
    assert envelope.custom(message) == {}


def test_relationship_messages_carry_the_principal_mpan():
    message = envelope.build("IF-019", "[RelatedAdd]", sender=SUPPLIER, now=NOW, mpan=MPAN)
    assert message["payload"]["CommonBlock"]["M1"]["principalMPAN"] == MPAN.mpan
    assert envelope.header(message).mpan == MPAN.mpan


def test_the_publication_is_a_copy_with_both_blocks_of_the_dip():
    message = appointment(primary=["2200000001"])
    before = repr(message)
    published = envelope.publication(
        message,
        transaction_id="T-1",
        at=NOW,
        correlation_id="CI-2",
        primary=["2200000001"],
        secondary=["2500000001"],
        always=["1700000001"],
        replay=True,
    )
    assert repr(message) == before
    common = published["payload"]["CommonBlock"]
    assert list(common) == ["S0", "S1", "A0", "D0", "M0"]
    assert common["A0"] == {
        "primaryRecipients": ["2200000001"],
        "secondaryRecipients": ["2500000001"],
        "always": ["1700000001"],
    }
    head = envelope.header(published)
    assert (head.transaction_id, head.publication, head.initial_correlation_id) == ("T-1", "PUB-031", "CI-2")
    assert head.replay
    assert Validator(load_catalogue("2.1.0")).check(published).violations == ()


@pytest.mark.parametrize(("interface", "publication"), [("IF-031", "PUB-031"), ("REP-002A", "REP-002A")])
def test_publications_have_the_number_of_their_interface(interface, publication):
    assert envelope.publication_id(interface) == publication


@pytest.mark.parametrize("interface", ["IF-031", "REP-002", "REP-002A", "REP-003A"])
def test_sender_references_match_the_official_pattern(interface):
    """The pattern has no room for the letter of REP-002A (facts 3.10), so we leave it out."""
    assert REFERENCE is not None
    assert re.search(REFERENCE, envelope.sender_reference(interface, SUPPLIER, NOW))
    assert re.search(REFERENCE, "S-REP-002A-2300000001-SUP-20260701-abc") is None


def test_references_carry_the_utc_date_and_fit_their_length():
    in_london = NOW.astimezone(ZoneInfo("Europe/London"))  # already 2 July there
    assert "-20260701-" in envelope.sender_reference("IF-031", SUPPLIER, in_london)
    assert envelope.transaction_id("IF-031", SUPPLIER, NOW, "ab") == "T-IF-031-2300000001-SUP-20260701-ab"
    assert len(envelope.transaction_id("REP-002A", envelope.Sender("2300000001", "UMSDS"), NOW)) <= 65
    assert envelope.correlation_id(NOW, "ff") == "CI-20260701-ff"
    assert envelope.correlation_id(NOW) != envelope.correlation_id(NOW)


def test_field_names_are_read_without_regard_to_case():
    message = {"PAYLOAD": {"commonblock": {"s0": {"INTERFACEID": "IF-001"}, "m1": {"principalmpan": "2"}}}}
    head = envelope.header(message)
    assert (head.interface, head.mpan) == ("IF-001", "2")
    assert envelope.custom({"Payload": {"customblock": {"B001": {}}}}) == {"B001": {}}


NAMES = ["payload", "CommonBlock", "S0", "S1", "M0", "A0", "R0", "primaryRecipients", "interfaceID"]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(NAMES),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(json_values)
def test_the_reader_never_raises_whatever_the_shape(value):
    head = envelope.header(value)
    assert head.interface is None or isinstance(head.interface, str)
    assert all(isinstance(recipient, str) for recipient in head.primary)
    assert envelope.custom(value) is not None
