"""The orders that every party of the harness takes: to send what a scenario needs, and to keep silent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel, Field, model_validator

from backbone.journal.events import Kind
from contracts.envelope import Sender
from participant.consumption import Consumption
from participant.handlers import HandlerRegistry, Incoming, JournalNote, Outgoing, WholeOut, World
from participant.standing_back import StandsBack, stand_back
from participant.submissions import Arguments, Submission, message

State = TypeVar("State", bound=BaseModel)
Standing = TypeVar("Standing", bound=StandsBack)


class Send(Submission):
    """Arguments of ``send``. ``may_be_refused``: that the DIP refuses it is no fault of the harness."""

    may_be_refused: bool = False


class SendBatch(Arguments):
    """Arguments of ``send_batch``: several messages of one interface, in one request."""

    messages: tuple[Submission, ...] = Field(min_length=1)
    may_be_refused: bool = False

    @model_validator(mode="after")
    def _one_interface(self) -> SendBatch:
        if len({one.interface for one in self.messages}) > 1:
            raise ValueError("a batch goes to one channel: all its messages are of one interface")
        return self


def take_orders(registry: HandlerRegistry[Standing]) -> None:
    """Let the parties of this registry, whose state begins empty, take these orders."""

    def silence(
        state: Standing | None, incoming: Incoming, now: datetime, world: World
    ) -> tuple[Standing, Sequence[Outgoing]]:
        return stand_back(state or registry.state_type(), incoming, now, world)

    registry.command("stand_back")(silence)
    take_sending_orders(registry)


def take_sending_orders(registry: HandlerRegistry[State]) -> None:
    """The orders ``send``, ``send_batch`` and ``send_consumption``. They change no state."""
    registry.command("send")(send)
    registry.command("send_batch")(send_batch)
    registry.command("send_consumption")(send_consumption)


def send(
    state: State | None, incoming: Incoming, now: datetime, world: World
) -> tuple[State | None, Sequence[Outgoing]]:
    """Send one message of any interface."""
    order = Send.model_validate(dict(incoming.message))
    return state, sent([order], order.may_be_refused, incoming, now, world)


def send_batch(
    state: State | None, incoming: Incoming, now: datetime, world: World
) -> tuple[State | None, Sequence[Outgoing]]:
    """Send several messages in one request."""
    order = SendBatch.model_validate(dict(incoming.message))
    return state, sent(order.messages, order.may_be_refused, incoming, now, world)


def send_consumption(
    state: State | None, incoming: Incoming, now: datetime, world: World
) -> tuple[State | None, Sequence[Outgoing]]:
    """Send IF-021 for a day, with all its half hours."""
    order = Consumption.model_validate(dict(incoming.message))
    wanted = order.submission(incoming.to, now)
    return state, sent([wanted], order.may_be_refused, incoming, now, world)


def sent(
    wanted: Sequence[Submission], may_be_refused: bool, incoming: Incoming, now: datetime, world: World
) -> Sequence[Outgoing]:
    """What an order to send these leads to: one request, and the note that the order was carried out."""
    party = world.party(incoming.to)
    if party is None:
        raise LookupError(f"the directory holds no party {incoming.to}")
    sender = Sender(party.dip_id, party.role)
    messages = [
        message(one, sender, incoming.mpan, now, world, f"{incoming.id} {number}", incoming.run)
        for number, one in enumerate(wanted)
    ]
    done = JournalNote(Kind.HARNESS_PREPARED, {"command": incoming.name})
    return [WholeOut(incoming.to, wanted[0].interface, messages, may_be_refused), done]
