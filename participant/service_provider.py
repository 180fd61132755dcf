"""A service provider of the harness: a metering or a data service that a supplier appoints.

Asked to take an appointment (IF-033), it accepts with IF-034, unless it was told to refuse; everything else
it is told it only remembers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import Field

from backbone.journal.events import Kind
from contracts import Catalogue, envelope
from contracts.envelope import MpanBlock, ResponseBlock
from participant.handlers import DipOut, HandlerRegistry, Incoming, JournalNote, Outgoing, World
from participant.party_orders import take_orders
from participant.received import Received, remember_publications

ACCEPTED: Final = "SP000"


@dataclass(frozen=True, slots=True)
class ServiceProvider:
    """What sets one kind of service provider apart.

    ``prefix``: how its event codes begin, ``MS``. ``proposal``: the block that proposes it, echoed in its
    answer. ``codes``: the families of response codes it may answer with.
    """

    prefix: str
    proposal: str
    codes: frozenset[str]

    def event(self, what: str) -> str:
        """The event code for ``what``: ``AppSPRequest`` gives ``[MSAppSPRequest]``."""
        return f"[{self.prefix}{what}]"

    def has_code(self, code: str, catalogue: Catalogue) -> bool:
        """Whether this kind of provider may answer with this code of the contracts."""
        return code.rstrip("0123456789") in self.codes and code in catalogue.codes


METERING_SERVICE: Final = ServiceProvider("MS", "B070", frozenset({"SP"}))
DATA_SERVICE: Final = ServiceProvider("DS", "B071", frozenset({"SP", "DS"}))


class ServiceProviderView(Received):
    """One MPAN, as the service providers see it.

    ``answers``: by DIP ID, the code with which requests are refused; without one they are accepted.
    ``amendments``: by DIP ID, why consumption amendments are refused; without a reason they are accepted.
    """

    answers: dict[str, str] = Field(default_factory=dict)
    amendments: dict[str, str] = Field(default_factory=dict)

    def with_answer(self, dip_id: str, code: str) -> ServiceProviderView:
        """The same with the answer that one provider gives."""
        return self.model_copy(update={"answers": self.answers | {dip_id: code}})


Outcome = tuple[ServiceProviderView, Sequence[Outgoing]]


def provider_registry(
    provider: ServiceProvider, catalogue: Catalogue
) -> HandlerRegistry[ServiceProviderView]:
    """The handlers: an answer to requests for appointment, a record of every publication there is."""
    registry = HandlerRegistry(ServiceProviderView)

    @registry.command("answer_with")
    def answer_with(
        state: ServiceProviderView | None, incoming: Incoming, now: datetime, world: World
    ) -> Outcome:
        """From now on refuse appointments to the MPAN, ``{"code": "SP004"}``; with SP000 accept them.

        Raises ValueError for a code that this kind of provider does not give: a fault of the harness.
        """
        code = str(incoming.message["code"])
        if not provider.has_code(code, catalogue):
            raise ValueError(
                f"{code or 'nothing'} is no response code of {' or '.join(sorted(provider.codes))}"
            )
        view = (state or ServiceProviderView()).with_answer(incoming.to, code)
        return view, [JournalNote(Kind.HARNESS_PREPARED, {"command": incoming.name})]

    @registry.handles("PUB-033", provider.event("AppSPRequest"))
    def asked(state: ServiceProviderView | None, incoming: Incoming, now: datetime, world: World) -> Outcome:
        """IF-033: would you take the appointment? IF-034 answers."""
        view = (state or ServiceProviderView()).with_received(incoming)
        return view, [response(provider, incoming, view.answers.get(incoming.to, ACCEPTED), world)]

    if provider is DATA_SERVICE:
        registry.command("refuse_amendments")(refuse_amendments)
        registry.handles("PUB-027")(amendment_asked)
    take_orders(registry)
    remember_publications(registry, catalogue)
    return registry


def refuse_amendments(
    state: ServiceProviderView | None, incoming: Incoming, now: datetime, world: World
) -> Outcome:
    """Order: from now on refuse consumption amendments, ``{"reason": "…"}``; null: accept them again."""
    view, reason = state or ServiceProviderView(), incoming.message["reason"]
    others = {party: kept for party, kept in view.amendments.items() if party != incoming.to}
    kept = others if reason is None else others | {incoming.to: str(reason)}
    done = JournalNote(Kind.HARNESS_PREPARED, {"command": incoming.name})
    return view.model_copy(update={"amendments": kept}), [done]


def amendment_asked(
    state: ServiceProviderView | None, incoming: Incoming, now: datetime, world: World
) -> Outcome:
    """IF-027: amend the consumption, please. IF-028 answers the supplier and repeats what it asked."""
    view = (state or ServiceProviderView()).with_received(incoming)
    header, reason = envelope.header(incoming.message), view.amendments.get(incoming.to)
    answer = DipOut(
        sender=incoming.to,
        interface="IF-028",
        event=incoming.event or "",
        custom=envelope.custom(incoming.message),
        mpan=MpanBlock(incoming.mpan, header.distributor_dip_id or "", header.gsp_group or ""),
        primary=(header.sender or "",),
        response=ResponseBlock("A") if reason is None else ResponseBlock("R", (reason,)),
        correlation_id=header.initial_correlation_id,
    )
    return view, [answer]


def response(provider: ServiceProvider, incoming: Incoming, code: str, world: World) -> DipOut:
    """IF-034: accepted with SP000, refused with any other code.

    The registration service is a secondary recipient: the DIP looks it up, nobody names it.
    """
    header, custom = envelope.header(incoming.message), envelope.custom(incoming.message)
    return DipOut(
        sender=incoming.to,
        interface="IF-034",
        event=provider.event("AppSPResponse"),
        custom=_answer(provider, custom, code, world),
        mpan=MpanBlock(incoming.mpan, header.distributor_dip_id or "", header.gsp_group or ""),
        correlation_id=header.initial_correlation_id,
    )


def _answer(
    provider: ServiceProvider, custom: Mapping[str, Any], code: str, world: World
) -> Mapping[str, Any]:
    echoed = {name: custom[name] for name in ("B012", "B013", provider.proposal) if name in custom}
    outcome = "A" if code == ACCEPTED else "R"
    text = world.catalogue.code_text(code)
    return {"B007": {"responseCode": outcome, "proposedAppointmentResponseCode": text}, **echoed}
