"""The Central Switching Service, as far as suppliers and the registration service see of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from starlette.applications import Starlette

from backbone.service import Service
from participant.context import Context
from participant.engine import ParticipantService
from participant.identity import Identity
from services.css_stub.handlers import Callbacks, build_registry
from services.css_stub.store import CallbackStore
from services.css_stub.web import CssWeb

NAME = "css_stub"
PREFIX = "/css"


def build(context: Context, identities: Sequence[Identity] = ()) -> Service:
    """The service. It plays no party of the DIP, so it needs no identities."""
    callbacks = CallbackStore(context.database)
    registry = build_registry(Callbacks(callbacks.url))
    engine = ParticipantService(NAME, registry, context, identities, before_batch=callbacks.read)
    app = Starlette(routes=list(CssWeb(NAME, context, callbacks).routes(PREFIX)))
    return replace(engine.service(PREFIX), app=app)
