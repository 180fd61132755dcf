"""Messages as the DIP delivers them to a handler, and as the engine sends what a handler gives back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from contracts import envelope, load_catalogue
from contracts.envelope import MpanBlock, ResponseBlock, Sender
from contracts.validation import Checked, Validator
from participant.handlers import DipOut, Incoming, Outgoing

NOW = datetime(2026, 3, 20, 10, 30, tzinfo=UTC)
MPAN, LDSO = "1012345678903", "2500000001"
CORRELATION = "CI-20260320-abc123"
REGISTRATION_SERVICE = Sender("2200000001", "REGS")
CATALOGUE = load_catalogue("2.1.0")
VALIDATOR = Validator(CATALOGUE)


def publication(
    name: str,
    event: str,
    custom: Mapping[str, Any],
    *,
    to: str,
    sender: Sender = REGISTRATION_SERVICE,
    mpan: str = MPAN,
    response: ResponseBlock | None = None,
) -> Incoming:
    """A publication as the DIP delivers it to ``to``. The same one has the same id each time."""
    message = envelope.build(
        name.replace("PUB", "IF"),
        event,
        sender=sender,
        now=NOW,
        custom=custom,
        mpan=MpanBlock(mpan, LDSO, "_A"),
        response=response,
    )
    transaction = f"T-{name}-{event}"
    message = envelope.publication(
        message,
        transaction_id=transaction,
        at=NOW,
        correlation_id=CORRELATION,
        primary=(to,),
        secondary=(),
        always=(),
    )
    return Incoming("dip", to, mpan, name, event, message, transaction, sender=sender.dip_id)


def sent(outputs: Sequence[Outgoing]) -> list[DipOut]:
    """The DIP messages among what a handler gives back."""
    return [one for one in outputs if isinstance(one, DipOut)]


def custom_block(out: DipOut) -> Mapping[str, Any]:
    """The CustomBlock of a message that must have one."""
    assert out.custom is not None, f"{out.interface} {out.event} has no CustomBlock"
    return out.custom


def checked(out: DipOut, role: str) -> Checked:
    """What the published contracts say about the message as the engine sends it."""
    return VALIDATOR.check(
        envelope.build(
            out.interface,
            out.event,
            sender=Sender(out.sender, role),
            now=NOW,
            custom=out.custom,
            mpan=out.mpan,
            response=out.response,
            primary=out.primary,
            correlation_id=out.correlation_id,
        )
    )


def assert_valid(outputs: Sequence[Outgoing], role: str) -> None:
    """Every DIP message keeps the published schema, without so much as a warning."""
    for out in sent(outputs):
        verdict = checked(out, role)
        assert verdict.valid, (out.interface, out.event, verdict.violations)
        assert verdict.violations == ()
