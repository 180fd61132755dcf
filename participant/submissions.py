"""Messages that a party of the harness is ordered to send: valid ones, changed as the order says. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from contracts import envelope
from contracts.envelope import MpanBlock, ResponseBlock, Sender
from contracts.identifiers import distributor_of, gsp_group_of
from contracts.samples import put, sample
from participant.handlers import World

DIP_ID_LENGTH: Final = 10
DipId = Annotated[str, Field(min_length=DIP_ID_LENGTH, max_length=DIP_ID_LENGTH)]


class Arguments(BaseModel):
    """Arguments of an order: camelCase, and strict about names so that a typo is seen."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class Response(Arguments):
    """Block R0. ``codes``: official codes, sent with their texts; ``messages``: texts as they are."""

    code: str = "A"
    codes: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()

    def block(self, world: World) -> ResponseBlock:
        texts = (world.catalogue.code_text(code) for code in self.codes)
        return ResponseBlock(self.code, (*texts, *self.messages))


class Submission(Arguments):
    """One message. ``event`` with its square brackets.

    What is not given is made up from the message contracts, the optional parts left out. ``blocks``: whole
    blocks of the custom block by name; null leaves one out. ``fields``: values by JSON pointer, set last.
    ``distributor``: by default the harness's own. ``reference``: the last part of the sender's unique
    reference, by default one of its own for each order, which begins with the run's ID.
    """

    interface: str
    event: str
    blocks: dict[str, Any] = Field(default_factory=dict)
    fields: dict[str, Any] = Field(default_factory=dict)
    recipients: tuple[DipId, ...] = ()
    response: Response | None = None
    correlation_id: str | None = None
    distributor: DipId | None = None
    mpan: str | None = None
    reference: str | None = None


def message(
    wanted: Submission,
    sender: Sender,
    mpan: str,
    now: datetime,
    world: World,
    order: str,
    run: str | None = None,
) -> dict[str, Any]:
    """The message of an order, ``order`` being the order's ID: the same order gives the same message.

    ``run``: the run it is sent for, which its sender reference then names.

    Raises ContractError for an event or a pointer that the contracts do not know, LookupError where nobody is
    the distributor.
    """
    base = sample(world.catalogue, wanted.interface, wanted.event, bare=True, at=now)["payload"]
    common = base["CommonBlock"]
    about_an_mpan = "M0" in common or "M1" in common
    response = (wanted.response or Response()).block(world) if wanted.response or "R0" in common else None
    made = envelope.build(
        wanted.interface,
        wanted.event,
        sender=sender,
        now=now,
        schema_version=world.catalogue.schema_version(wanted.interface),
        environment=world.environment,
        custom=_custom(base.get("CustomBlock"), wanted.blocks),
        mpan=_mpan_block(wanted, wanted.mpan or mpan, world) if about_an_mpan else None,
        response=response,
        primary=wanted.recipients,
        correlation_id=wanted.correlation_id,
        unique=wanted.reference or _unique(order, run),
    )
    for pointer, value in wanted.fields.items():
        put(made, pointer, value)
    return made


def _unique(order: str, run: str | None) -> str:
    """What makes a reference one of a kind; letters and digits only, as the standard has it."""
    named = run if run and run.isalnum() else ""
    return (named + hashlib.sha256(order.encode()).hexdigest())[:32]


def _custom(made_up: Mapping[str, Any] | None, blocks: Mapping[str, Any]) -> dict[str, Any] | None:
    if made_up is None and not blocks:
        return None
    return {name: block for name, block in {**(made_up or {}), **blocks}.items() if block is not None}


def _mpan_block(wanted: Submission, mpan: str, world: World) -> MpanBlock:
    distributor = wanted.distributor
    if distributor is None:
        holders = world.holders("LDSO")
        if not holders:
            raise LookupError("the directory holds no distributor (LDSO)")
        distributor = holders[0].dip_id
    return MpanBlock(mpan, distributor, gsp_group_of(distributor_of(mpan)) or "_A")
