"""Who sends and who receives."""

from __future__ import annotations

import pytest

from contracts import load_catalogue, routing
from contracts.errors import CatalogueInvalid, UnknownVariant
from contracts.identifiers import ROLES

CATALOGUE = load_catalogue("2.1.0")
EVENTS = [(i.name, event) for i in CATALOGUE.interfaces.values() for event in i.events]


@pytest.mark.parametrize("version", ["2.0.1", "2.1.0"])
def test_every_published_event_has_a_rule(version):
    catalogue = load_catalogue(version)
    for interface in catalogue.interfaces.values():
        for event in interface.events:
            rule = routing.rule(catalogue, interface.name, event)
            assert rule.senders
            assert rule.senders | rule.recipients <= ROLES | {"DIP"}
            assert rule.recipients or interface.name == "IF-015", "all but the replay request reach someone"


@pytest.mark.parametrize(
    ("interface", "event", "senders", "primary", "secondary", "always"),
    [
        ("IF-001", "[ChangeOfSupplier]", "REGS", "SUP", "LDSO", "MDS"),
        ("IF-002", "[GainMPANInfo]", "REGS", "SUP", "", ""),
        ("IF-031", "[MSApp]", "SUP", "", "REGS", ""),
        ("IF-032", "[MSAppInitialResp]", "REGS", "SUP", "", ""),
        ("IF-033", "[MSAppSPRequest]", "REGS", "MS", "", ""),
        ("IF-034", "[DSAppSPResponse]", "DS", "", "REGS", ""),
        ("IF-035", "[IMS-SendMTD]", "REGS", "MS", "", ""),
        ("IF-036", "[MSAppActive]", "REGS", "", "SUP, DS, MS, LDSO", "MDS, EES"),
        ("IF-021", "[ActivePower]", "DS", "", "LDSO, SUP", "MDS, LSS"),
        ("IF-007", "[EnergisationStatusFailure]", "MS", "", "SUP", ""),
        ("IF-047", "[ISD]", "ISD", "", "", "ALL"),
    ],
)
def test_the_rules_of_the_processes_we_play(interface, event, senders, primary, secondary, always):
    rule = routing.rule(CATALOGUE, interface, event)
    assert rule.senders == routing.roles_of(senders)
    assert rule.primary == routing.roles_of(primary)
    assert rule.secondary == routing.roles_of(secondary)
    assert rule.always == routing.roles_of(always)
    assert rule.inferred


def test_an_exception_for_an_event_goes_before_the_interfaces_rule():
    assert routing.rule(CATALOGUE, "IF-007", "EnergisationStatusFailure").secondary == {"SUP"}
    assert routing.rule(CATALOGUE, "IF-007", "[EnergisationStatusChange]").secondary == {"REGS"}
    assert routing.rule(CATALOGUE, "IF-007").secondary == {"REGS"}


def test_pending_changes_reach_the_coming_holder_too():
    assert routing.rule(CATALOGUE, "IF-018", "[AddressChg]").secondary_next == {"SUP"}


def test_an_interface_without_a_rule_is_told():
    with pytest.raises(UnknownVariant, match="no routing rule for IF-999"):
        routing.rule(CATALOGUE, "IF-999", "[X]")


def test_an_unknown_role_in_the_table_is_told():
    with pytest.raises(CatalogueInvalid, match="XYZ"):
        routing.read_rules({"IF-001": {"from": "XYZ"}})
