"""What a party of the harness remembers of the publications it gets about one MPAN."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Self, TypeVar

from pydantic import BaseModel, ConfigDict

from contracts import Catalogue, envelope
from participant.handlers import HandlerRegistry, Incoming, Outgoing, World
from participant.standing_back import StandsBack


class Recorded(BaseModel):
    """A publication that came in."""

    model_config = ConfigDict(frozen=True)

    publication: str
    event: str | None
    to: str
    correlation_id: str | None


class Received(StandsBack):
    """Everything that came in about one MPAN (or to one party, where a message has none), oldest first."""

    model_config = ConfigDict(frozen=True)

    received: tuple[Recorded, ...] = ()

    def with_received(self, incoming: Incoming) -> Self:
        """The same with one more publication."""
        recorded = Recorded(
            publication=incoming.name,
            event=incoming.event,
            to=incoming.to,
            correlation_id=envelope.header(incoming.message).initial_correlation_id,
        )
        return self.model_copy(update={"received": (*self.received, recorded)})


State = TypeVar("State", bound=Received)


def remember_publications(registry: HandlerRegistry[State], catalogue: Catalogue) -> None:
    """Take every publication of these contracts that no other handler takes, and only remember it."""

    def informed(
        state: State | None, incoming: Incoming, now: datetime, world: World
    ) -> tuple[State, Sequence[Outgoing]]:
        return (state or registry.state_type()).with_received(incoming), []

    for interface in catalogue.interfaces:
        publication = envelope.publication_id(interface)
        if not registry.takes_all(publication):
            registry.handles(publication)(informed)
