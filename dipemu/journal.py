"""The journal as a service: its projection into the database, and a window onto it."""

from __future__ import annotations

from typing import Annotated

import orjson
from fastapi import FastAPI, Query, Response

from backbone.journal import JournalIndex
from backbone.service import Service

MOST_EVENTS = 1000


def journal_service(index: JournalIndex) -> Service:
    """Keeps the journal's projection up to date and answers ``GET /api/journal``."""
    app = FastAPI(title="DIP Emulator journal", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/api/journal")
    async def journal(
        mpan: str | None = None,
        party: str | None = None,
        reference: str | None = None,
        correlation: str | None = None,
        transaction: str | None = None,
        interface: str | None = None,
        run: str | None = None,
        after: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=MOST_EVENTS)] = 200,
    ) -> Response:
        """Events in the order in which they happened; all filters given must hold."""
        found = await index.events(
            mpan=mpan,
            party=party,
            reference=reference,
            correlation=correlation,
            transaction=transaction,
            interface=interface,
            run=run,
            after=after,
            limit=limit,
        )
        lines = [orjson.Fragment(event.to_bytes()) for _, event in found]
        return Response(orjson.dumps(lines), media_type="application/json")

    return Service("journal", app, "/api/journal", [index.run])
