"""What a data service of the harness does with publications: it accepts, unless told otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from backbone.journal.events import Kind
from contracts import Catalogue, envelope
from participant.handlers import HandlerRegistry, Incoming, JournalNote, Outgoing, World
from services.data_service_stub.answering import ACCEPTED, response
from services.data_service_stub.view import DataServiceView

Outcome = tuple[DataServiceView, Sequence[Outgoing]]


def build_registry(catalogue: Catalogue) -> HandlerRegistry[DataServiceView]:
    """The handlers: an answer to requests for appointment, a record of every publication there is."""
    registry = HandlerRegistry(DataServiceView)
    registry.command("answer_with")(answer_with)
    registry.handles("PUB-033", "[DSAppSPRequest]")(asked)
    for interface in catalogue.interfaces:
        registry.handles(envelope.publication_id(interface))(informed)
    return registry


def answer_with(state: DataServiceView | None, incoming: Incoming, now: datetime, world: World) -> Outcome:
    """From now on refuse appointments to the MPAN, ``{"code": "DS001"}``; with SP000 accept them."""
    view = (state or DataServiceView()).with_answer(incoming.to, str(incoming.message["code"]))
    return view, [JournalNote(Kind.HARNESS_PREPARED, {"command": incoming.name})]


def asked(state: DataServiceView | None, incoming: Incoming, now: datetime, world: World) -> Outcome:
    """IF-033: would you take the appointment? IF-034 answers."""
    view = (state or DataServiceView()).with_received(incoming)
    return view, [response(incoming, view.answers.get(incoming.to, ACCEPTED), world)]


def informed(state: DataServiceView | None, incoming: Incoming, now: datetime, world: World) -> Outcome:
    """Everything else: nothing to do but to remember it."""
    return (state or DataServiceView()).with_received(incoming), []
