"""Suppliers of the harness: incoming and outgoing."""

from __future__ import annotations

from collections.abc import Sequence

from backbone.service import Service
from participant.context import Context
from participant.engine import ParticipantService
from participant.identity import Identity
from services.supplier_stub.handlers import registry

NAME = "supplier_stub"
PREFIX = "/suppliers"


def build(context: Context, identities: Sequence[Identity] = ()) -> Service:
    """The service, for the suppliers that it plays."""
    return ParticipantService(NAME, registry, context, identities).service(PREFIX)
