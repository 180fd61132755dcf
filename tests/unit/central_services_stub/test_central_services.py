"""The parties that are only informed take every publication there is, and remember it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from contracts import envelope, load_catalogue
from participant.handlers import Incoming, World
from services.central_services_stub.handlers import CentralView, build_registry

NOW = datetime(2026, 3, 20, 10, 30, tzinfo=UTC)
CATALOGUE = load_catalogue("2.1.0")
REGISTRY = build_registry(CATALOGUE)


def incoming(interface: str) -> Incoming:
    name = envelope.publication_id(interface)
    message = {"payload": {"CommonBlock": {"D0": {"initialCorrelationID": "CI-1"}}, "CustomBlock": {}}}
    return Incoming("dip", "1700000001", "1012345678903", name, "[Any]", message, f"T-{interface}")


@pytest.mark.parametrize("interface", sorted(CATALOGUE.interfaces.keys() - {"IF-061"}))
def test_every_publication_of_the_contracts_is_taken(interface: str) -> None:
    handler = REGISTRY.find(incoming(interface))
    assert handler is not None
    state, outputs = handler(None, incoming(interface), NOW, World())

    assert outputs == []
    assert state is not None
    (recorded,) = state.received
    assert (recorded.publication, recorded.event) == (envelope.publication_id(interface), "[Any]")
    assert (recorded.to, recorded.correlation_id) == ("1700000001", "CI-1")


def test_what_came_in_is_kept_in_order() -> None:
    state: CentralView | None = None
    for interface in ("IF-001", "IF-036", "IF-037"):
        handler = REGISTRY.find(incoming(interface))
        assert handler is not None
        state, _ = handler(state, incoming(interface), NOW, World())
    assert state is not None
    assert [one.publication for one in state.received] == ["PUB-001", "PUB-036", "PUB-037"]
    assert CentralView.model_validate_json(state.model_dump_json()) == state
