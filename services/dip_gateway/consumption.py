"""Replay of consumption: IF-015 asks the DIP for an MPAN's history, the DIP answers with IF-016. Pure.

Each past consumption message comes back as one IF-016: the original sender's block as S2, the original
response (where there was one) as R0, the DIP's answer to the request as R1. The role code of the DIP itself
is not published; it is ``DIP`` here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from contracts import envelope
from contracts.envelope import Header, Sender
from services.dip_gateway.status import stable_id

REQUEST: Final = "IF-015"
ANSWER: Final = "IF-016"
ANSWER_EVENTS: Final = ("[ActivePower]", "[ReactivePower]", "[ActivePowerRejected]", "[ActivePowerDefaulted]")
SOURCES: Final = ("PUB-021", "PUB-014", "PUB-013")
_ROLE: Final = "DIP"
_NOTHING: Final = "No consumption of this MPAN has passed through the DIP."


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as the answer needs it. ``at``: business time of the MPAN."""

    header: Header
    message: Mapping[str, Any]
    transaction_id: str
    correlation_id: str
    at: datetime
    dip_id: str
    environment: str


@dataclass(frozen=True, slots=True)
class Answered:
    """One IF-016 ready to be published; its transaction ID is the same when it is made again."""

    event: str
    reference: str
    transaction_id: str
    publication: dict[str, Any]


def answers(asked: Asked, history: Iterable[Mapping[str, Any]]) -> list[Answered]:
    """The IF-016 messages for a request; one rejection when there is no history."""
    usable = [past for past in history if envelope.header(past).event in ANSWER_EVENTS]
    if not usable:
        rejected = {"R1": {"responseCode": "R", "responseMessages": [_NOTHING]}}
        return [_answer(asked, "[ConsumptionRequestRejected]", rejected, {}, "nothing")]
    return [_replayed(asked, past) for past in usable]


def _replayed(asked: Asked, past: Mapping[str, Any]) -> Answered:
    common = past["payload"]["CommonBlock"]
    blocks: dict[str, Any] = {"S2": common["S1"], "R1": {"responseCode": "A", "responseMessages": []}}
    if "R0" in common:
        blocks["R0"] = common["R0"]
    header = envelope.header(past)
    custom = past["payload"].get("CustomBlock", {})
    return _answer(asked, header.event or "", blocks, custom, header.transaction_id or "")


def _answer(
    asked: Asked, event: str, blocks: Mapping[str, Any], custom: Mapping[str, Any], cause: str
) -> Answered:
    sender, unique = Sender(asked.dip_id, _ROLE), stable_id(asked.transaction_id, cause)[:16]
    message = envelope.build(
        ANSWER,
        event,
        sender=sender,
        now=asked.at,
        environment=asked.environment,
        custom=custom,
        correlation_id=asked.correlation_id,
        unique=unique,
    )
    if not custom:  # the rejection has no custom block, not even an empty one
        del message["payload"]["CustomBlock"]
    common = message["payload"]["CommonBlock"]
    common |= {"M0": asked.message["payload"]["CommonBlock"]["M0"], **blocks}
    transaction = envelope.transaction_id(ANSWER, sender, asked.at, unique)
    publication = envelope.publication(
        message,
        transaction_id=transaction,
        at=asked.at,
        correlation_id=asked.correlation_id,
        primary=[asked.header.sender or ""],
        secondary=(),
        always=(),
        replay=event != "[ConsumptionRequestRejected]",
    )
    return Answered(event, common["S1"]["senderUniqueReference"], transaction, publication)


def distinct(rows: Sequence[Any]) -> list[Any]:
    """One row per message: a publication stands in the table once for each recipient."""
    first: dict[str, Any] = {}
    for row in rows:
        first.setdefault(row.transaction_id, row)
    return list(first.values())
