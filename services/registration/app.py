"""The Registration Service (REGS): the MPAN register and its part in switching and appointments."""

from __future__ import annotations

from collections.abc import Sequence

from backbone.service import Service
from participant.context import Context
from participant.engine import ParticipantService
from participant.identity import Identity
from services.registration.handlers import registry

NAME = "registration"
PREFIX = "/registration"


def build(context: Context, identities: Sequence[Identity] = ()) -> Service:
    """The service, for the registration services that it plays."""
    return ParticipantService(NAME, registry, context, identities).service(PREFIX)
