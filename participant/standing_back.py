"""A party of the harness that keeps silent about an MPAN, so that others can be seen to cope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from backbone.journal.events import Kind
from participant.handlers import CssOut, DipOut, Incoming, JournalNote, Outgoing, World


class StandsBack(BaseModel):
    """Part of a party's state. ``silent``: by DIP ID, the interfaces it does not send; none named: all."""

    silent: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)

    def standing_back(self, dip_id: str, interfaces: Sequence[str], silent: bool) -> Self:
        """The same with one party silent, or speaking again."""
        others = {party: kept for party, kept in self.silent.items() if party != dip_id}
        return self.model_copy(update={"silent": others | ({dip_id: tuple(interfaces)} if silent else {})})

    def keeps_back(self, out: Outgoing) -> bool:
        """Whether the party does not send this."""
        if not isinstance(out, DipOut | CssOut) or out.sender not in self.silent:
            return False
        kept = self.silent[out.sender]
        return not kept or _name(out) in kept


class Order(BaseModel):
    """Arguments of ``stand_back``."""

    model_config = ConfigDict(extra="forbid")

    interfaces: tuple[str, ...] = ()
    silent: bool = True


State = TypeVar("State", bound=StandsBack)


def stand_back(
    state: State, incoming: Incoming, now: datetime, world: World
) -> tuple[State, Sequence[Outgoing]]:
    """Order ``stand_back``: ``{"interfaces": ["IF-034"], "silent": true}``; both may be left out.

    What the party is ordered to ``send`` it sends all the same.
    """
    order = Order.model_validate(dict(incoming.message))
    after = state.standing_back(incoming.to, order.interfaces, order.silent)
    return after, [JournalNote(Kind.HARNESS_PREPARED, {"command": incoming.name})]


def spoken(state: object, outgoing: Sequence[Outgoing]) -> Sequence[Outgoing]:
    """What is sent of what a handler would send, in the state it found."""
    if not isinstance(state, StandsBack):
        return outgoing
    return [out for out in outgoing if not state.keeps_back(out)]


def _name(out: DipOut | CssOut) -> str:
    return out.interface if isinstance(out, DipOut) else str(out.message.get("eventType"))
