"""Metering services of the harness: smart, advanced and unmetered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from backbone.service import Service
from participant.context import Context
from participant.engine import ParticipantService
from participant.identity import Identity
from participant.service_provider import ServiceProvider, provider_registry

NAME = "metering_service_stub"
PREFIX = "/metering-services"
METERING_SERVICE: Final = ServiceProvider("MS", "B070", frozenset({"SP"}))


def build(context: Context, identities: Sequence[Identity] = ()) -> Service:
    """The service, for the metering services that it plays."""
    registry = provider_registry(METERING_SERVICE, context.catalogue())
    return ParticipantService(NAME, registry, context, identities).service(PREFIX)
