"""What the parties that are only informed do with a publication: they keep a note of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from contracts import Catalogue, envelope
from participant.handlers import HandlerRegistry, Incoming, Outgoing, World


class Recorded(BaseModel):
    """A publication that came in."""

    model_config = ConfigDict(frozen=True)

    publication: str
    event: str | None
    to: str
    correlation_id: str | None


class CentralView(BaseModel):
    """Everything that came in about one MPAN (or to one party, where a message has none), oldest first."""

    model_config = ConfigDict(frozen=True)

    received: tuple[Recorded, ...] = ()


def build_registry(catalogue: Catalogue) -> HandlerRegistry[CentralView]:
    """One handler for every publication of these contracts."""
    registry = HandlerRegistry(CentralView)
    for interface in catalogue.interfaces:
        registry.handles(envelope.publication_id(interface))(informed)
    return registry


def informed(
    state: CentralView | None, incoming: Incoming, now: datetime, world: World
) -> tuple[CentralView, Sequence[Outgoing]]:
    """Remember the publication."""
    recorded = Recorded(
        publication=incoming.name,
        event=incoming.event,
        to=incoming.to,
        correlation_id=envelope.header(incoming.message).initial_correlation_id,
    )
    known = state or CentralView()
    return CentralView(received=(*known.received, recorded)), []
