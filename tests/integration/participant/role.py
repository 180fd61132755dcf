"""A small role for the tests: it counts what it hears, answers appointments and notes commands."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from backbone.journal import Kind
from backbone.log import Record
from contracts import css, envelope
from participant.handlers import (
    CssOut,
    DipOut,
    HandlerRegistry,
    Incoming,
    JournalNote,
    Outgoing,
    World,
)
from participant.wire import command_record
from tests.integration.participant.rig import MPAN, REGS


class Heard(BaseModel):
    model_config = ConfigDict(frozen=True)

    ids: tuple[str, ...] = ()


Result = tuple[Heard | None, list[Outgoing]]


def registry() -> HandlerRegistry[Heard]:
    made: HandlerRegistry[Heard] = HandlerRegistry(Heard)

    def more(state: Heard | None, incoming: Incoming) -> Heard:
        return Heard(ids=(*(state.ids if state else ()), incoming.id))

    @made.handles("PUB-031", "[MSApp]")
    def appointment(state: Heard | None, incoming: Incoming, now: datetime, world: World) -> Result:
        return more(state, incoming), [_answer(incoming)]

    @made.handles("PUB-036")
    def broken(state: Heard | None, incoming: Incoming, now: datetime, world: World) -> Result:
        raise ZeroDivisionError("a fault of ours")

    @made.handles("PUB-037")
    def impostor(state: Heard | None, incoming: Incoming, now: datetime, world: World) -> Result:
        return more(state, incoming), [DipOut("2399999999", "IF-032", "[MSAppInitialResp]", {})]

    @made.css("CSS02800")
    def pending(state: Heard | None, incoming: Incoming, now: datetime, world: World) -> Result:
        gainer = world.by_mpid(css.header(incoming.message).supplier_mpid or "", "SUP")
        note = JournalNote(
            Kind.CSS_MESSAGE, {"gainer": gainer.dip_id if gainer else None}, sender=incoming.sender
        )
        return more(state, incoming), [note]

    @made.command("load_mpan")
    def load(state: Heard | None, incoming: Incoming, now: datetime, world: World) -> Result:
        return more(state, incoming), [
            JournalNote(Kind.HARNESS_PREPARED, {"command": incoming.name, **incoming.message})
        ]

    @made.command("tell_css")
    def tell(state: Heard | None, incoming: Incoming, now: datetime, world: World) -> Result:
        request: Any = incoming.message["message"]
        return state, [CssOut(incoming.to, to, request) for to in incoming.message["to"]]

    return made


def tell_css(message: dict[str, Any], *to: str, run: str | None = None) -> Record:
    """The command to send this message to CSS or to these callbacks."""
    arguments = {"message": message, "to": list(to)}
    return command_record(
        "registration", "tell_css", to=REGS, mpan=MPAN, run=run, id="c", arguments=arguments
    )


def _answer(incoming: Incoming) -> DipOut:
    return DipOut(
        sender=incoming.to,
        interface="IF-032",
        event="[MSAppInitialResp]",
        custom={"heard": incoming.id},
        mpan=envelope.MpanBlock(incoming.mpan, "2500000001", "_A"),
        response=envelope.ResponseBlock("A"),
        primary=[incoming.sender or ""],
        correlation_id=envelope.header(incoming.message).initial_correlation_id,
    )
