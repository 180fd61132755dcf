"""Role handlers: who takes what, and the world they see."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import BaseModel

from contracts import load_catalogue
from participant.errors import HandlerConflict
from participant.handlers import HandlerRegistry, Incoming, World
from participant.parties import Party
from tests.unit.participant.keys import NOW


class Nothing(BaseModel):
    pass


def incoming(kind="dip", name="PUB-031", event="[MSApp]") -> Incoming:
    return Incoming(kind, "2200000001", "1200000000018", name, event, {}, "1")


def handler(state, incoming, now, world):
    return state, ()


def other(state, incoming, now, world):
    return state, ()


@pytest.fixture
def registry() -> HandlerRegistry[Nothing]:
    return HandlerRegistry(Nothing)


class TestRegistry:
    def test_a_handler_takes_its_publication_and_event_only(self, registry: HandlerRegistry[Nothing]) -> None:
        assert registry.handles("PUB-031", "[MSApp]")(handler) is handler
        assert registry.find(incoming()) is handler
        assert registry.find(incoming(event="[DSApp]")) is None
        assert registry.find(incoming(name="PUB-032")) is None

    def test_one_without_event_takes_what_no_other_takes(self, registry: HandlerRegistry[Nothing]) -> None:
        registry.handles("PUB-031")(other)
        registry.handles("PUB-031", "[MSApp]")(handler)
        assert registry.find(incoming()) is handler
        assert registry.find(incoming(event="[DSApp]")) is other
        assert registry.find(incoming(event=None)) is other

    def test_kinds_do_not_mix(self, registry: HandlerRegistry[Nothing]) -> None:
        registry.command("CSS02800")(handler)
        assert registry.find(incoming("css", "CSS02800", None)) is None
        assert registry.find(incoming("command", "CSS02800", None)) is handler

    def test_it_knows_whether_css_messages_are_taken(self, registry: HandlerRegistry[Nothing]) -> None:
        registry.command("load")(handler)
        assert not registry.takes_css
        registry.css("CSS02800")(handler)
        assert registry.takes_css

    def test_two_handlers_for_one_message_are_a_mistake(self, registry: HandlerRegistry[Nothing]) -> None:
        registry.handles("PUB-031", "[MSApp]")(handler)
        with pytest.raises(HandlerConflict, match=r"dip PUB-031 \[MSApp\]"):
            registry.handles("PUB-031", "[MSApp]")(other)

    def test_one_handler_may_take_several(self, registry: HandlerRegistry[Nothing]) -> None:
        for event in ("[MSApp]", "[DSApp]"):
            registry.handles("PUB-031", event)(handler)
        assert registry.find(incoming(event="[DSApp]")) is handler


class TestWorld:
    world = World(
        [
            Party("2300000001", "SUP", "SUPA"),
            Party("2300000002", "SUP", "SUPB"),
            Party("1200000001", "MSS", "SUPA"),
            Party("2300000003", "SUP", "SUPA"),
        ]
    )

    def test_parties_are_found_by_dip_id_and_by_mpid_with_role(self) -> None:
        found = self.world.party("2300000002")
        assert found is not None
        assert found.mpid == "SUPB"
        assert self.world.party("9") is None
        by_mpid = self.world.by_mpid("SUPA", "MSS")
        assert by_mpid is not None
        assert by_mpid.dip_id == "1200000001"
        assert self.world.by_mpid("SUPB", "MSS") is None

    def test_of_several_with_one_mpid_and_role_the_first_counts(self) -> None:
        found = self.world.by_mpid("SUPA", "SUP")
        assert found is not None
        assert found.dip_id == "2300000001"

    def test_holders_come_in_the_order_they_were_added(self) -> None:
        assert [p.dip_id for p in self.world.holders("SUP")] == ["2300000001", "2300000002", "2300000003"]
        assert self.world.holders("REGS") == ()

    def test_contracts_and_environment(self) -> None:
        assert self.world.environment == "UIT"
        with pytest.raises(LookupError, match="without a catalogue"):
            _ = self.world.catalogue
        catalogue = load_catalogue("2.1.0")
        assert World(catalogue=catalogue).catalogue is catalogue


def test_nothing_in_a_party_shows_its_key() -> None:
    party = Party("1", "SUP", "SUPA", api_key_hash="abc123")
    assert "abc123" not in repr(party)
    assert party.accepts_key("abc123", NOW)
    assert not party.accepts_key("", NOW + timedelta(days=1))
