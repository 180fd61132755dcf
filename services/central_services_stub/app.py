"""The parties at the centre: distributor, settlement, enquiry service, meter data retriever and others."""

from __future__ import annotations

from collections.abc import Sequence

from backbone.service import Service
from participant.context import Context
from participant.engine import ParticipantService
from participant.identity import Identity
from services.central_services_stub.handlers import build_registry

NAME = "central_services_stub"
PREFIX = "/central-services"


def build(context: Context, identities: Sequence[Identity] = ()) -> Service:
    """The service, for the parties that it plays."""
    return ParticipantService(NAME, build_registry(context.catalogue()), context, identities).service(PREFIX)
