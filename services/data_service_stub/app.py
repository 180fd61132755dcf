"""Data services of the harness: smart, advanced and unmetered."""

from __future__ import annotations

from collections.abc import Sequence

from backbone.service import Service
from participant.context import Context
from participant.engine import ParticipantService
from participant.identity import Identity
from participant.service_provider import DATA_SERVICE, provider_registry

NAME = "data_service_stub"
PREFIX = "/data-services"


def build(context: Context, identities: Sequence[Identity] = ()) -> Service:
    """The service, for the data services that it plays."""
    registry = provider_registry(DATA_SERVICE, context.catalogue())
    return ParticipantService(NAME, registry, context, identities).service(PREFIX)
