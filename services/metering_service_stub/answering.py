"""How a metering service answers when it is asked to take an appointment (IF-033 → IF-034)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from contracts import envelope
from contracts.envelope import MpanBlock
from participant.handlers import DipOut, Incoming, World

ACCEPTED: Final = "SP000"
_ECHOED: Final = ("B012", "B013", "B070")


def response(incoming: Incoming, code: str, world: World) -> DipOut:
    """IF-034: accepted with SP000, refused with any other code.

    The registration service is a secondary recipient: the DIP looks it up, nobody names it.
    """
    header, custom = envelope.header(incoming.message), envelope.custom(incoming.message)
    return DipOut(
        sender=incoming.to,
        interface="IF-034",
        event="[MSAppSPResponse]",
        custom=_answer(custom, code, world),
        mpan=MpanBlock(incoming.mpan, header.distributor_dip_id or "", header.gsp_group or ""),
        correlation_id=header.initial_correlation_id,
    )


def _answer(custom: Mapping[str, Any], code: str, world: World) -> Mapping[str, Any]:
    echoed = {name: custom[name] for name in _ECHOED if name in custom}
    outcome = "A" if code == ACCEPTED else "R"
    text = world.catalogue.code_text(code)
    return {"B007": {"responseCode": outcome, "proposedAppointmentResponseCode": text}, **echoed}
