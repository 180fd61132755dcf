"""A change that a party asks the register to make: what was asked, and the frame of its checks and answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backbone.clock import uk_midnight
from contracts import envelope
from contracts.envelope import MpanBlock, ResponseBlock
from participant.handlers import DipOut, Incoming, World
from services.registration.proposals import read_moment, registration_id
from services.registration.register import MeteringPoint, Switch


@dataclass(frozen=True, slots=True)
class Change:
    """What came in. ``custom``: the custom block, which the answer echoes; ``correlation_id``: the DIP's."""

    sender: str
    event: str
    custom: Mapping[str, Any]
    correlation_id: str | None

    @classmethod
    def read(cls, incoming: Incoming) -> Change:
        """The change of a publication. Its shape has been checked by the DIP; its values have not."""
        header = envelope.header(incoming.message)
        custom = envelope.custom(incoming.message)
        return cls(header.sender or "", incoming.event or "", custom, header.initial_correlation_id)

    def has_event(self, *names: str) -> bool:
        """Whether its event code is one of these, named without brackets."""
        return self.event.strip("[]") in names

    def moment(self, block: str, field: str) -> datetime | None:
        """A date of the change; None where it is left out or cannot be read."""
        return read_moment(self.custom.get(block, {}).get(field))


@dataclass(frozen=True, slots=True)
class ChangeCase:
    """One change of one metering point, at one moment, among the parties of ``world``."""

    point: MeteringPoint
    change: Change
    now: datetime
    world: World

    def days_ahead(self, moment: datetime) -> int:
        """UK calendar days from today to the day of ``moment``; negative for the past."""
        return (uk_midnight(moment).date() - uk_midnight(self.now).date()).days

    @property
    def registration(self) -> str | None:
        """The CSS registration that the change quotes."""
        return registration_id(self.change.custom)

    @property
    def switch(self) -> Switch | None:
        """The quoted switch, if the register knows it."""
        return self.point.switch(self.registration) if self.registration else None


Rules = Mapping[str, Callable[[ChangeCase], bool]]


def broken(rules: Rules, case: ChangeCase) -> tuple[str, ...]:
    """The codes of every rule that the case breaks, in the order of the codes."""
    return tuple(code for code, rule in sorted(rules.items()) if rule(case))


def response(codes: Sequence[str], world: World) -> ResponseBlock:
    """Block R0: accepted, or rejected with every code that applies."""
    return ResponseBlock("R" if codes else "A", tuple(world.catalogue.code_text(code) for code in codes))


def answer(
    change: Change,
    interface: str,
    sender: str,
    mpan: MpanBlock,
    codes: Sequence[str],
    world: World,
    more: Mapping[str, Any] | None = None,
) -> DipOut:
    """The answer to everybody whom the DIP looks up; a refusal also to whoever asked, who may not be."""
    return DipOut(
        sender=sender,
        interface=interface,
        event=change.event,
        custom={**change.custom, **(more or {})},
        mpan=mpan,
        primary=(change.sender,) if codes else (),
        response=response(codes, world),
        correlation_id=change.correlation_id,
    )
