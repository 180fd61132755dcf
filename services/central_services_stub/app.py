"""The parties that a switch only informs: distributor, settlement, enquiry service and others."""

from __future__ import annotations

from collections.abc import Sequence

from backbone.service import Service
from contracts import Catalogue
from participant.context import Context
from participant.engine import ParticipantService
from participant.handlers import HandlerRegistry
from participant.identity import Identity
from participant.party_orders import take_orders
from participant.received import Received, remember_publications

NAME = "central_services_stub"
PREFIX = "/central-services"


def build_registry(catalogue: Catalogue) -> HandlerRegistry[Received]:
    """One handler for every publication of these contracts: it keeps a note of it."""
    registry = HandlerRegistry(Received)
    take_orders(registry)
    remember_publications(registry, catalogue)
    return registry


def build(context: Context, identities: Sequence[Identity] = ()) -> Service:
    """The service, for the parties that it plays."""
    return ParticipantService(NAME, build_registry(context.catalogue()), context, identities).service(PREFIX)
